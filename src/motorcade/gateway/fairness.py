"""Nobody waits for somebody else's flood: pacing of one connection, and the brake for all when the stream is full.

Nothing is dropped here. Reading pauses, the kernel's buffers fill, and the sender's own TCP makes it wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from motorcade.domain.errors import Busy
from motorcade.gateway.limits import Limits
from motorcade.gateway.session import Pause, Receipt, Session
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.stream import StreamWriter

_NS_PER_S = 1_000_000_000
_RATE, _IN_FLIGHT, _STREAM = int(Pause.RATE), int(Pause.IN_FLIGHT), int(Pause.STREAM)
_SHORTEST_PAUSE_S = 0.02  # ten frames' worth; a timer for each single frame would cost more than the frame


class Pacer:
    """A token bucket for each connection, refilled when it runs dry, so that a frame costs one subtraction.

    What a frame costs us grows with its size, so the bucket is charged by size as well (see `Limits.rate_frame_bytes`).
    """

    def __init__(self, limits: Limits, clock: Clock, metrics: Metrics) -> None:
        self._rate_per_ns = limits.rate_per_s / _NS_PER_S
        self._burst = float(limits.rate_burst)
        self.bytes_per_share = limits.rate_frame_bytes
        """A frame costs one of its connection's allowance, and one more for each of these bytes."""
        self._clock = clock
        self._pauses = metrics.count("motorcade_gateway_paused_total", "rate")

    def begin(self, session: Session) -> None:
        """Give a new connection its burst."""
        session.allowance = self._burst
        session.refilled_ns = self._clock.monotonic_ns()

    def exhausted(self, session: Session) -> None:
        """Refill a connection that has used up its share, or pause it until it has one again."""
        if self._refill(session) < 0 and session.pause(_RATE):
            self._pauses.n += 1
            self._later(session)

    def _refill(self, session: Session) -> float:
        now_ns = self._clock.monotonic_ns()
        gained = (now_ns - session.refilled_ns) * self._rate_per_ns
        session.refilled_ns = now_ns
        session.allowance = min(self._burst, session.allowance + gained)
        return session.allowance

    def _later(self, session: Session) -> None:
        wait_s = max(_SHORTEST_PAUSE_S, -session.allowance / self._rate_per_ns / _NS_PER_S)
        asyncio.get_running_loop().call_later(wait_s, self._again, session)

    def _again(self, session: Session) -> None:
        if not session.is_open:
            return
        if self._refill(session) < 0:
            self._later(session)
        else:
            session.resume(_RATE)


class Intake:
    """The way into the stream: keeps the order of each connection, and stops all reading while the stream is full."""

    def __init__(self, limits: Limits, clock: Clock, metrics: Metrics, sessions: Iterable[Session]) -> None:
        """Make the intake.

        Args:
            limits: named limits.
            clock: for the pause after a failure.
            metrics: where pauses are counted.
            sessions: a live view of all open sessions, which the brake stops.
        """
        self._limits = limits
        self._clock = clock
        self._sessions = sessions
        self._writer: StreamWriter | None = None
        self._before_append: Callable[[Receipt], None] | None = None
        self._waiting: dict[Session, None] = {}
        self._resume_bytes = 0.0
        self._not_before_ns = 0
        self._held_since_ns = 0
        self.is_held = False
        self.outstanding = 0
        """Records of all connections, closed ones too, that are not durable yet."""
        self._appended = metrics.count("motorcade_gateway_appended_total")
        self._failed = metrics.count("motorcade_gateway_append_failed_total")
        self._pauses = metrics.count("motorcade_gateway_paused_total", "stream")
        self._in_flight_pauses = metrics.count("motorcade_gateway_paused_total", "in_flight")
        self._max_in_flight = limits.in_flight
        self._max_in_flight_bytes = limits.in_flight_bytes

    def attach(self, writer: StreamWriter, before_append: Callable[[Receipt], None]) -> None:
        """Name the writer; its callbacks need this object, so it comes second.

        Args:
            writer: the stream's appending end.
            before_append: called before one of our own records (those without topic) is appended; may raise Busy.
        """
        self._writer = writer
        self._before_append = before_append

    @property
    def writer(self) -> StreamWriter:
        """The stream's appending end."""
        assert self._writer is not None, "attach() comes before the first record"
        return self._writer

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits outside the stream's own queue; only then may a heartbeat speak for us."""
        return not self._waiting and not self.is_held

    @property
    def refuses_newcomers(self) -> bool:
        """Whether the stream has refused for so long that more connections would only add what waits in memory."""
        if not self.is_held:
            return False
        return self._clock.monotonic_ns() - self._held_since_ns > self._limits.refuse_after_s * _NS_PER_S

    def begin(self, session: Session) -> None:
        """Let a new connection take part in a brake that is on."""
        if self.is_held:
            session.pause(_STREAM)

    def submit(self, session: Session, frame: bytes, receipt: Receipt) -> None:
        """Append a record, or keep it until the stream has room; the order of a connection is kept."""
        session.unacked += 1
        session.unacked_bytes += len(frame)
        self.outstanding += 1
        self._appended.n += 1
        if session.waiting:
            session.waiting.append((frame, receipt))
            return
        try:
            self._offer(frame, receipt)
        except Busy:
            self._keep(session, frame, receipt)
            self._hold()
            return
        if (
            session.unacked >= self._max_in_flight or session.unacked_bytes >= self._max_in_flight_bytes
        ) and session.pause(_IN_FLIGHT):
            self._in_flight_pauses.n += 1

    def settle(self, session: Session, frame_bytes: int) -> None:
        """One record less is in flight; below half of both limits reading goes on."""
        session.unacked -= 1
        session.unacked_bytes -= frame_bytes
        self.outstanding -= 1
        if (
            session.paused & _IN_FLIGHT
            and session.unacked <= self._max_in_flight // 2
            and session.unacked_bytes <= self._max_in_flight_bytes // 2
        ):
            session.resume(_IN_FLIGHT)

    def failed(self, receipts: Iterable[Receipt | None]) -> None:
        """Take back the records of a failed group commit; they are offered again, and not acknowledged before that."""
        for receipt in receipts:
            if receipt is not None:
                self._failed.n += 1
                self._keep(receipt[0], receipt[3], receipt)
        for session in self._waiting:
            if session.waiting:
                session.waiting = deque(sorted(session.waiting, key=_received_at))
        self._not_before_ns = self._clock.monotonic_ns() + int(self._limits.retry_failed_s * _NS_PER_S)
        self._hold()
        asyncio.get_running_loop().call_later(self._limits.retry_failed_s, self.drain)

    def drain(self) -> None:
        """Offer what waits, and release the brake when all of it was taken."""
        if not self.is_held or self._clock.monotonic_ns() < self._not_before_ns:
            return
        if self.writer.queued_bytes > self._resume_bytes:
            return
        for session in list(self._waiting):
            waiting = session.waiting
            while waiting:
                frame, receipt = waiting[0]
                try:
                    self._offer(frame, receipt)
                except Busy:
                    self._resume_bytes = self.writer.queued_bytes * self._limits.busy_resume_share
                    return
                waiting.popleft()
            session.waiting = None
            del self._waiting[session]
        self.is_held = False
        for session in self._sessions:
            session.resume(_STREAM)

    def _offer(self, frame: bytes, receipt: Receipt) -> None:
        if not receipt[2] and self._before_append is not None:
            self._before_append(receipt)
        self.writer.append(frame, receipt)

    def _keep(self, session: Session, frame: bytes, receipt: Receipt) -> None:
        if session.waiting is None:
            session.waiting = deque()
        session.waiting.append((frame, receipt))
        self._waiting[session] = None

    def _hold(self) -> None:
        self._resume_bytes = self.writer.queued_bytes * self._limits.busy_resume_share
        if self.is_held:
            return
        self.is_held = True
        self._held_since_ns = self._clock.monotonic_ns()
        self._pauses.n += 1
        for session in self._sessions:
            session.pause(_STREAM)


def _received_at(kept: tuple[bytes, Receipt]) -> int:
    return kept[1][4]
