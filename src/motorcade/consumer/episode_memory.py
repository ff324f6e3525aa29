"""What the consumer remembers of a vehicle's episodes between two commits."""

from collections import deque
from dataclasses import dataclass, field

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.fold import FoldState
from motorcade.domain.turns import Turn, Turns, turn_of

MAX_TAIL = 20_000
"""Reports remembered while a re-fold is on its way, some hours of a driving car; a slower one has to start over."""


@dataclass(slots=True)
class EpisodeMemory:
    """A vehicle's place in the fold, and what the fold yielded that is not committed.

    Attributes:
        fold: the reducers' states.
        turns: the reports that wait, and the turn folded last.
        dirty_from: the earliest turn that was missed; None while rows and truth agree.
        tail: the reports folded since the vehicle became dirty, for whoever installs the re-fold.
        tail_from: the turn after which `tail` has everything.
        rows: kind and id → the episode as it stands, to be committed.
        quiet: the newest state at which nothing was open and its turn, to be committed.
        was_quiet: nothing was open after the last record.
        due_ns: the horizon at which the rows change by time alone, None when never.
        wakes_ns: when the vehicle is next looked at, None while nothing is expected.
    """

    fold: FoldState = field(default_factory=FoldState)
    turns: Turns = field(default_factory=Turns)
    dirty_from: Turn | None = None
    tail: deque[Report] = field(default_factory=lambda: deque(maxlen=MAX_TAIL))
    tail_from: Turn | None = None
    rows: dict[tuple[str, str], Episode] = field(default_factory=dict)
    quiet: tuple[Turn, bytes] | None = None
    was_quiet: bool = True
    due_ns: int | None = None
    wakes_ns: int | None = None

    def missed(self, report: Report) -> None:
        """A report came after its turn had passed: rows from its time on may be wrong until a re-fold."""
        turn = turn_of(report)
        if self.dirty_from is None:
            self.tail_from = self.turns.folded
            self.dirty_from = turn
        elif turn < self.dirty_from:
            self.dirty_from = turn

    def folded(self, report: Report) -> None:
        """Remember a folded report while a re-fold is on its way."""
        if self.dirty_from is not None:
            if len(self.tail) == MAX_TAIL:
                self.tail_from = turn_of(self.tail[0])
            self.tail.append(report)

    def clean(self) -> None:
        """Rows and truth agree again."""
        self.dirty_from = self.tail_from = None
        self.tail.clear()
