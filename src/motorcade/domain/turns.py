"""Reports of one vehicle that wait for their turn in the fold.

Truth is the fold of all distinct reports in the order of (effective time, record id). A report waits until the horizon
has reached its time: nothing earlier will come on time any more. One that comes after its turn has passed never enters
the running fold; its vehicle is folded anew from before it.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum

from motorcade.domain.episodes.moment import Report

Turn = tuple[int, bytes]
"""(effective_at_ns, record id): a report's place in the order."""
NO_TURN: Turn = (0, b"")


class Place(Enum):
    """What became of a report that was offered."""

    WAITS = "waits"
    KNOWN = "known"  # the same report waits already
    MISSED = "missed"  # its turn has passed


def turn_of(report: Report) -> Turn:
    """A report's place in the order."""
    return report.effective_at_ns, report.record_id


@dataclass(slots=True)
class Turns:
    """The waiting reports in order, and the turn folded last.

    Attributes:
        waiting: sorted, each record id once.
        folded: turn of the last report that entered the fold.
    """

    waiting: list[Report] = field(default_factory=list)
    folded: Turn = NO_TURN

    def offer(self, report: Report) -> Place:
        """Let a report wait, unless its turn has passed."""
        turn = report[:2]
        if turn <= self.folded:
            return Place.MISSED
        waiting = self.waiting
        if not waiting or waiting[-1][:2] < turn:
            waiting.append(report)
            return Place.WAITS
        index = bisect_left(waiting, turn, key=turn_of)
        if waiting[index][:2] == turn:
            return Place.KNOWN
        waiting.insert(index, report)
        return Place.WAITS

    def due(self, horizon_ns: int) -> list[Report]:
        """Take out, in order, the reports whose time the horizon has reached."""
        waiting = self.waiting
        if not waiting or waiting[0].effective_at_ns > horizon_ns:
            return []
        if waiting[-1].effective_at_ns <= horizon_ns:
            self.waiting, due = [], waiting
        else:
            count = bisect_left(waiting, horizon_ns + 1, key=lambda report: report.effective_at_ns)
            due = waiting[:count]
            del waiting[:count]
        self.folded = due[-1][:2]
        return due
