"""What the consumer remembers of a vehicle's episodes between two commits."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from motorcade.domain.episodes.alerting.announcement import Told
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.fold import FoldState
from motorcade.domain.turns import NO_TURN, Turn, Turns, turn_of
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import Write
from motorcade.repositories.episodes import Withdrawal
from motorcade.repositories.refolds import Dirty
from motorcade.wire.fold_state import decode_fold, encode_fold

MAX_TAIL = 20_000
"""Reports remembered while a re-fold is on its way, some hours of a driving car; a slower one has to start over."""


@dataclass(slots=True)
class EpisodeMemory:
    """A vehicle's place in the fold, and what the fold yielded that is not committed.

    Attributes:
        fold: the reducers' states.
        turns: the reports that wait, and the turn folded last.
        dirty: which turns were missed; None while rows and truth agree.
        told: the mark of it that is committed.
        tail: the reports folded since the vehicle became dirty, for whoever installs the re-fold.
        tail_from: the turn after which `tail` has everything.
        rows: kind and id → the episode as it stands, to be committed.
        by_view: kind and id of the rows that stand and that only a view has given, on the word of a horizon.
        by_record: of those that stand and that a record has given.
        doubtful: turns of the states at which nothing was open that were kept since the vehicle became dirty.
        announced: what was told of its alerts.
        outbox: what is to be told, to be committed.
        quiet: the newest state at which nothing was open and its turn, to be committed.
        also: further writes to be committed, from a re-fold that was installed.
        encoded: `fold` in bytes as it was encoded last, b"" once it moved.
        stored: `fold` in bytes as it was encoded last.
        was_quiet: nothing was open after the last record.
        due_ns: the horizon at which the rows change by time alone, None when never.
        shown_ns: the horizon of the last view; a restart, which reads again from before it, takes nothing back.
        given: rows shown since the vehicle became dirty: a re-fold that looked before them must judge them too.
        wakes_ns: when the vehicle is next looked at, None while nothing is expected.
    """

    fold: FoldState = field(default_factory=FoldState)
    turns: Turns = field(default_factory=Turns)
    dirty: Dirty | None = None
    told: Dirty | None = None
    tail: deque[Report] = field(default_factory=lambda: deque(maxlen=MAX_TAIL))
    tail_from: Turn | None = None
    by_view: set[tuple[str, str]] = field(default_factory=set)
    by_record: set[tuple[str, str]] = field(default_factory=set)
    announced: tuple[Told, ...] = ()
    outbox: list[OutboxRow] = field(default_factory=list)
    doubtful: list[Turn] = field(default_factory=list)
    rows: dict[tuple[str, str], Episode] = field(default_factory=dict)
    quiet: tuple[Turn, bytes] | None = None
    also: list[Write] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    was_quiet: bool = True
    encoded: bytes = b""
    stored: bytes = b""
    due_ns: int | None = None
    wakes_ns: int | None = None
    shown_ns: int = 0
    given: set[tuple[str, str]] = field(default_factory=set)

    def missed(self, report: Report) -> None:
        """A report came after its turn had passed: rows from its time on may be wrong until a re-fold."""
        turn = turn_of(report)
        if self.dirty is None:
            self.tail_from = self.turns.folded
            self.dirty = Dirty(turn, turn, 1)
        else:
            self.dirty = Dirty(min(turn, self.dirty.first), max(turn, self.dirty.last), self.dirty.count + 1)

    def encoded_fold(self) -> bytes:
        """The fold as it is stored, b"" before the first record."""
        if not self.encoded and self.turns.folded != NO_TURN:
            self.encoded = self.stored = encode_fold(self.fold)
        return self.encoded

    def folded(self, report: Report) -> None:
        """The fold moved by a report; remember it while a re-fold is on its way."""
        self.encoded = b""
        if self.dirty is not None:
            if len(self.tail) == MAX_TAIL:
                self.tail_from = turn_of(self.tail[0])
                while self.doubtful and self.doubtful[0] <= self.tail_from:  # whoever starts over sees them stored
                    del self.doubtful[0]
            self.tail.append(report)

    def fall_back(self, waiting: Sequence[Report]) -> None:
        """A reducer failed: go on from the state that was stored last, and leave the reports out.

        They are late for what follows; the re-fold meets the same fault, and stays until it is mended.
        """
        for report in waiting:
            if turn_of(report) <= self.turns.folded:
                self.missed(report)
        self.fold = decode_fold(self.stored)
        self.encoded, self.wakes_ns, self.was_quiet = self.stored, None, False

    def show(self, stepped: Sequence[Episode], view: Sequence[Episode]) -> None:
        """Take over rows to be stored, and withdraw those that only a view had given and that are no more.

        A view speaks for a horizon. A record of before it that comes after all may say that the time-out never was.

        Args:
            stepped: what records have changed since the last time.
            view: what stands now.
        """
        told = {(row.kind, row.id) for row in stepped}
        stands = {(row.kind, row.id) for row in view}
        for kind, name in self.by_view - told - stands:
            self.rows.pop((kind, name), None)
            self.withdrawals.append(Withdrawal(kind, name, successors(kind, (*stepped, *view))))
        for row in (*stepped, *view):
            self.rows[row.kind, row.id] = row
        if self.dirty is not None:
            self.given |= told | stands
        self.by_record = (self.by_record | told) & stands
        self.by_view = stands - self.by_record

    def keep_quiet(self, turn: Turn, state: bytes) -> None:
        """Nothing is open at this turn: a later re-fold may begin here."""
        self.quiet = (turn, state)
        if self.dirty is not None:
            self.doubtful.append(turn)

    def clean(self) -> None:
        """Rows and truth agree again."""
        self.dirty = self.told = self.tail_from = None
        self.tail.clear()
        self.doubtful.clear()
        self.given.clear()


def successors(kind: str, rows: Iterable[Episode]) -> tuple[str, ...]:
    """Who takes the place of a row that was never more than a view: the newest of its kind, if it was given with it."""
    newest = max((row for row in rows if row.kind == kind), key=lambda row: row.started_at_ns, default=None)
    return () if newest is None else (newest.id,)
