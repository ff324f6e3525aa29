"""What is told of alerts, and what was: each lineage is told to have opened once, and to have ended once.

An alert's row may change, move or vanish when late data folds its vehicle anew. Those who are told have to be told the
truth without being told it twice, so what was told is remembered per vehicle (`Told`) beside the fold's state, and
committed with it. Rows of one rule version whose times overlap are one lineage, whatever their ids.

- Live: what opens is told, what ends is told, both where both happen at once.
- Early: an emergency is told before its turn in the fold has come; if that does not yield it, it ends as withdrawn.
- Re-fold: nothing that began in the past is told, except what is still open at the horizon. What was told and is no
  more ends as withdrawn. What had ended by what was told stays so, even where late data opens it again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from motorcade.domain.episodes.alerting.standing import Alert
from motorcade.domain.record import NS_PER_S

Kind = Literal["alert_opened", "alert_ended"]
WITHDRAWN: Final = "withdrawn"
TOLD_KEPT_NS: Final = 14 * 24 * 3_600 * NS_PER_S
"""As long as the outbox remembers: 7 days of lateness, and the retention of the stream as long again."""
MAX_TOLD: Final = 256
"""Lineages remembered of one vehicle; the oldest of those that ended are forgotten first, then the oldest."""

IN_TURN: Final = "fold"
LATE: Final = "refold"


@dataclass(frozen=True, slots=True)
class Told:
    """One lineage that was told of.

    Attributes:
        id: id of the alert with which it was told first; names the lineage for ever.
        lineage: rule and version, see `Alert.lineage`.
        alert_id: id of its row today.
        first_record: the record with which that row began.
        started_at_ns: when it began, of that row.
        ended_at_ns: when it ended, None = it lasts.
        ended_told: its end was told.
        awaits: whose finding it has to be yet, `IN_TURN` or `LATE`; "" = it was found.
        severity: as it was told.
        title: as it was told.
    """

    id: str
    lineage: str
    alert_id: str
    first_record: bytes
    started_at_ns: int
    ended_at_ns: int | None = None
    ended_told: bool = False
    awaits: str = ""
    severity: str = "warning"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something to tell, once.

    Attributes:
        kind: what happened.
        lineage_id: of which lineage; with `kind` it is the same for the same thing.
        alert_id: the row that says more.
        at_ns: when it happened.
        severity: of the alert.
        title: of the alert.
        end_reason: why it ended, as in the row, or `withdrawn`.
        alert: the row, None where it is no more.
    """

    kind: Kind
    lineage_id: str
    alert_id: str
    at_ns: int
    severity: str
    title: str
    end_reason: str = ""
    alert: Alert | None = None


class News(NamedTuple):
    """What is told now, and what was told then."""

    told: tuple[Told, ...]
    announcements: tuple[Announcement, ...]


class Refolded(NamedTuple):
    """What a re-fold found of alerts.

    Attributes:
        rows: the alerts on its way that are settled, and those open at its end where it went up to the horizon.
        standing: ids of alerts that go on behind its end as they were; nothing is told of them.
        seen: ids of the records that it folded: what began with one of these is its to judge.
        until_ns: the horizon up to which it speaks.
    """

    rows: Sequence[Alert]
    standing: Collection[str]
    seen: Collection[bytes]
    until_ns: int


def live(told: Sequence[Told], rows: Iterable[Alert], folded: tuple[int, bytes]) -> News:
    """Tell what the fold found in turn.

    Args:
        told: what was told of this vehicle.
        rows: its alerts whose row changed, as they stand.
        folded: turn (effective time, record id) of the last record folded.
    """
    teller = _Teller(told)
    # In turn an id stays what it is, and a second alert at the same instant is a second one; only what was told early
    # may turn out to have another id.
    for place, row in teller.match(rows, early_only=True):
        if place is None:
            teller.open(row)
        else:
            teller.follow(place, row)
    for place, one in enumerate(teller.told):
        if one.awaits == IN_TURN and (one.started_at_ns, one.first_record) <= folded:
            teller.withdraw(place, folded[0])
    return teller.news(folded[0])


def early(told: Sequence[Told], rows: Iterable[Alert], *, late: bool) -> News:
    """Tell emergencies before the fold has found them.

    Args:
        told: what was told of this vehicle.
        rows: see `episodes.alert.emergencies`.
        late: their record's turn in the fold has passed; a re-fold will have to find them.
    """
    teller = _Teller(told)
    newest_ns = 0
    for place, row in teller.match(rows):
        newest_ns = max(newest_ns, row.started_at_ns)
        if place is None:
            teller.open(replace(row, ended_at_ns=None, last_record=None, end_reason=""), LATE if late else IN_TURN)
    return teller.news(newest_ns)


def refolded(told: Sequence[Told], found: Refolded) -> News:
    """Tell what late data has changed."""
    teller = _Teller(told)
    matched = {place for place, one in enumerate(teller.told) if one.alert_id in found.standing}
    for place, row in teller.match(found.rows, matched):
        if place is not None:
            matched.add(place)
            teller.follow(place, row)
        elif row.ended_at_ns is None:
            teller.open(row)
            matched.add(len(teller.told) - 1)
    for place, one in enumerate(teller.told):
        if place not in matched and one.first_record in found.seen:
            teller.withdraw(place, found.until_ns)
    return teller.news(found.until_ns)


class _Teller:
    """What was told, while more is told."""

    def __init__(self, told: Sequence[Told]) -> None:
        self.told = list(told)
        self._announced: list[Announcement] = []

    def match(
        self, rows: Iterable[Alert], taken: Collection[int] = (), *, early_only: bool = False
    ) -> list[tuple[int | None, Alert]]:
        """Each row with the place of its lineage: by id, else by the greatest overlap; None = a new one.

        Args:
            rows: in any order.
            taken: places that are not to be had.
            early_only: overlap counts only for what was told early.
        """
        rows = sorted(rows, key=lambda row: (row.started_at_ns, row.id))
        pairs: list[tuple[int, int, int]] = []
        for number, row in enumerate(rows):
            for place, one in enumerate(self.told):
                weight = _kinship(one, row)
                if early_only and weight < _BY_ID and one.awaits != IN_TURN:
                    continue
                if weight > 0 and place not in taken:
                    pairs.append((-weight, place, number))
        chosen: dict[int, int] = {}
        used: set[int] = set()
        for _, place, number in sorted(pairs):
            if place not in used and number not in chosen:
                chosen[number] = place
                used.add(place)
        return [(chosen.get(number), row) for number, row in enumerate(rows)]

    def open(self, row: Alert, awaits: str = "") -> None:
        """Tell a new lineage: that it opened, and that it ended where it did."""
        taken = {one.id for one in self.told}
        names = (row.id, *(f"{row.id}.{number}" for number in range(2, len(taken) + 3)))
        one = Told(
            id=next(name for name in names if name not in taken),  # its own unless a lineage has moved on from it
            lineage=row.lineage,
            alert_id=row.id,
            first_record=row.first_record,
            started_at_ns=row.started_at_ns,
            awaits=awaits,
            severity=row.severity,
            title=row.title,
        )
        self.told.append(one)
        self._announced.append(
            Announcement("alert_opened", one.id, row.id, row.started_at_ns, row.severity, row.title, "", row)
        )
        if row.ended_at_ns is not None:
            self.follow(len(self.told) - 1, row)

    def follow(self, place: int, row: Alert) -> None:
        """Take the lineage's row as it stands; tell its end, if that was not told."""
        one = self.told[place]
        ends = row.ended_at_ns is not None and not one.ended_told
        self.told[place] = replace(
            one,
            alert_id=row.id,
            first_record=row.first_record,
            started_at_ns=row.started_at_ns,
            ended_at_ns=row.ended_at_ns,
            ended_told=one.ended_told or ends,
            awaits="",
        )
        if ends:
            assert row.ended_at_ns is not None
            self._announced.append(
                Announcement(
                    "alert_ended", one.id, row.id, row.ended_at_ns, row.severity, row.title, row.end_reason, row
                )
            )

    def withdraw(self, place: int, at_ns: int) -> None:
        """The lineage is no more; tell that, unless its end was told."""
        one = self.told[place]
        ended_ns = one.ended_at_ns if one.ended_at_ns is not None else max(at_ns, one.started_at_ns)
        self.told[place] = replace(one, ended_at_ns=ended_ns, ended_told=True, awaits="")
        if not one.ended_told:
            self._announced.append(
                Announcement("alert_ended", one.id, one.alert_id, ended_ns, one.severity, one.title, WITHDRAWN)
            )

    def news(self, at_ns: int) -> News:
        """The result, old lineages forgotten."""
        kept = [
            one
            for one in self.told
            if not one.ended_told or one.ended_at_ns is None or one.ended_at_ns > at_ns - TOLD_KEPT_NS
        ]
        if len(kept) > MAX_TOLD:
            kept.sort(key=lambda one: (not one.ended_told, one.started_at_ns, one.id))
            del kept[: len(kept) - MAX_TOLD]
        kept.sort(key=lambda one: (one.started_at_ns, one.id))
        return News(tuple(kept), tuple(self._announced))


_BY_ID: Final = 1 << 80
"""More than any overlap in ns."""
_ENDLESS: Final = 1 << 63


def _kinship(one: Told, row: Alert) -> int:
    """How surely a row belongs to a lineage; 0 = it does not."""
    if one.lineage != row.lineage:
        return 0
    if one.alert_id == row.id:
        return _BY_ID + 1
    if one.id == row.id:
        return _BY_ID
    start = max(one.started_at_ns, row.started_at_ns)
    ends = [_ENDLESS if end is None else end for end in (one.ended_at_ns, row.ended_at_ns)]
    instant = one.started_at_ns == ends[0] or row.started_at_ns == ends[1]
    return max(0, min(ends) - start + (1 if instant else 0))
