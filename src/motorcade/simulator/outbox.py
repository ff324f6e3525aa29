"""What a car keeps until the fleet has acknowledged it.

As documented for delivery policy "latest" (fleet telemetry, firmware 2025.2.6 and later): a message without an
acknowledgement is sent again; what had been sent already goes as one merged message marked `is_resend`, what was
only kept because there was no connection goes as it is, oldest first. At most 5,000 messages are kept; the oldest
are lost first.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from motorcade.wire.tesla.entries import Entry

MOST_KEPT: Final = 5_000


class Report(NamedTuple):
    """One message before it has a transaction id."""

    created_at_ns: int
    entries: tuple[Entry, ...]
    resend: bool = False


class Outbox:
    """The messages of one car that are waiting: to be sent, or to be acknowledged."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: deque[Report] = deque()
        self._sent: OrderedDict[bytes, Report] = OrderedDict()
        self.dropped = 0
        """Messages lost because more than `MOST_KEPT` were waiting."""

    def __len__(self) -> int:
        """Messages kept, sent or not."""
        return len(self._waiting) + len(self._sent)

    @property
    def unacknowledged(self) -> int:
        """Messages sent on the present connection and not yet acknowledged."""
        return len(self._sent)

    def put(self, report: Report) -> None:
        """Keep a new message."""
        self._waiting.append(report)
        while len(self) > MOST_KEPT:
            if self._sent:
                self._sent.popitem(last=False)
            else:
                self._waiting.popleft()
            self.dropped += 1

    def take(self) -> Report | None:
        """Return the next message to send, or None."""
        return self._waiting.popleft() if self._waiting else None

    def sent(self, txid: bytes, report: Report) -> None:
        """Note that a message left under a transaction id."""
        self._sent[txid] = report

    def acknowledge(self, txid: bytes) -> bool:
        """Forget an acknowledged message; False for an unknown or repeated acknowledgement."""
        return self._sent.pop(txid, None) is not None

    def rewind(self) -> int:
        """Take everything sent and not acknowledged back, merged; return how many messages that were.

        The newest value of each field survives, under the newest time: every older value of these messages is
        overtaken by it.
        """
        if not self._sent:
            return 0
        reports = list(self._sent.values())
        self._sent.clear()
        self._waiting.appendleft(_merged(reports))
        return len(reports)


def _merged(reports: Sequence[Report]) -> Report:
    newest: dict[int, bytes] = {}
    for report in sorted(reports, key=lambda one: one.created_at_ns):
        for number, entry in report.entries:
            newest.pop(number, None)
            newest[number] = entry
    return Report(max(report.created_at_ns for report in reports), tuple(newest.items()), resend=True)
