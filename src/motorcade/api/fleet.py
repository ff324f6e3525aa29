"""The fleets in memory: per organisation every vehicle's newest summary, as JSON that all clients share.

Each change gives its vehicle the organisation's next number `n`, and `_by_change` keeps the vehicles in the order of
these numbers. What a client has not seen is therefore the tail of that order: no client needs a list of its own, any
old `n` can be resumed from, and memory is bounded by the fleet. JSON is made when the first client needs it, and the
frame of a tick is made once for all clients that stand at the same number.
"""

import secrets
from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Final

from motorcade.api import render
from motorcade.domain.connections import Connections
from motorcade.domain.status import Judgement, Reason, judge, next_change_ns
from motorcade.domain.summary import Summary, summarise
from motorcade.domain.vehicle import Vehicle
from motorcade.wire.state_snapshot import StateSnapshot

EPOCH_BYTES: Final = 6
KEPT_FRAMES: Final = 32
"""Frames kept for clients at the same number; ten ticks stagger them, so more are seldom alive."""


class Entry:
    """One vehicle of a fleet."""

    __slots__ = ("due_ns", "identity", "json", "judged", "n", "raw", "summary")

    def __init__(self, vehicle: Vehicle) -> None:
        self.identity = (vehicle.vehicle_id, vehicle.name, vehicle.model)
        self.summary = Summary()
        self.judged: Judgement = judge(self.summary, 0)
        self.due_ns: int | None = None  # when time alone changes the status
        self.raw = b""  # as it came from the live bus
        self.n = 0
        self.json: bytes | None = None  # None = make it anew

    def document(self) -> bytes:
        """The vehicle's JSON."""
        if self.json is None:
            self.json = render.encode(render.vehicle(self.identity, self.summary, self.judged))
        return self.json


class OrgFleet:
    """One organisation's vehicles."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(EPOCH_BYTES)
        self.n = 0
        self.reset_n = 0  # clients that stand before it have to start over
        self.entries: dict[str, Entry] = {}
        self._ids: list[str] = []  # sorted, for pages
        self._by_change: dict[str, Entry] = {}  # in the order of their last change
        self._frames: dict[int, bytes] = {}  # from n → frame up to the present n

    def put(self, vehicle: Vehicle) -> None:
        """Add a vehicle, or give it its new name and model."""
        entry = self.entries.get(vehicle.vehicle_id)
        if entry is None:
            entry = self.entries[vehicle.vehicle_id] = Entry(vehicle)
            insort(self._ids, vehicle.vehicle_id)
        elif entry.identity == (vehicle.vehicle_id, vehicle.name, vehicle.model):
            return
        entry.identity = (vehicle.vehicle_id, vehicle.name, vehicle.model)
        self._changed(entry)

    def drop(self, vehicle_id: str) -> None:
        """Remove a vehicle; streams start over, a change can only say that something is there."""
        if self.entries.pop(vehicle_id, None) is not None:
            self._ids.remove(vehicle_id)
            self._by_change.pop(vehicle_id, None)
            self.n += 1
            self.reset_n = self.n
            self._frames.clear()

    def update(self, entry: Entry, summary: Summary, now_ns: int) -> None:
        """Take a vehicle's newest summary."""
        entry.summary = summary
        entry.due_ns = next_change_ns(summary, now_ns)
        entry.judged = continued(entry.judged, judge(summary, now_ns), summary.updated_at_ns)
        self._changed(entry)

    def sweep(self, now_ns: int) -> int:
        """Judge anew where time alone may have changed the status; gives how many it did."""
        changed = 0
        for entry in self.entries.values():
            if entry.due_ns is None or entry.due_ns > now_ns:
                continue
            judged = continued(entry.judged, judge(entry.summary, now_ns), now_ns)
            entry.due_ns = next_change_ns(entry.summary, now_ns)
            if judged != entry.judged:
                entry.judged = judged
                self._changed(entry)
                changed += 1
        return changed

    def page(self, after: str, limit: int) -> tuple[list[Entry], str | None]:
        """Up to `limit` vehicles in the order of their ids behind `after`; the last one's id if there are more."""
        start = bisect_right(self._ids, after)
        chosen = self._ids[start : start + limit]
        more = start + limit < len(self._ids)
        return [self.entries[chosen_id] for chosen_id in chosen], chosen[-1] if more else None

    def since(self, n: int) -> list[Entry]:
        """Vehicles that changed after `n`, newest change first."""
        return list(self._tail(n))

    def frame(self, n: int) -> bytes | None:
        """The frame of a number that somebody asked for before at the present state."""
        return self._frames.get(n)

    def keep_frame(self, n: int, frame: bytes) -> None:
        """Keep a frame for the next client at this number."""
        if len(self._frames) < KEPT_FRAMES:
            self._frames[n] = frame

    def _tail(self, n: int) -> Iterator[Entry]:
        for entry in reversed(self._by_change.values()):
            if entry.n <= n:
                return
            yield entry

    def _changed(self, entry: Entry) -> None:
        self.n += 1
        entry.n = self.n
        entry.json = None
        vehicle_id = entry.identity[0]
        self._by_change.pop(vehicle_id, None)
        self._by_change[vehicle_id] = entry
        if self._frames:
            self._frames.clear()


class Fleets:
    """All organisations' fleets."""

    def __init__(self) -> None:
        self._orgs: dict[str, OrgFleet] = {}

    def of(self, org_id: str) -> OrgFleet:
        """An organisation's fleet, empty at first."""
        return self._orgs.setdefault(org_id, OrgFleet())

    def find(self, org_id: str, vehicle_id: str) -> tuple[OrgFleet, Entry] | None:
        """A vehicle of which we know the name."""
        org = self._orgs.get(org_id)
        entry = org.entries.get(vehicle_id) if org else None
        return (org, entry) if org and entry else None

    def orgs(self) -> list[OrgFleet]:
        """Every fleet."""
        return list(self._orgs.values())

    def by_org(self) -> list[tuple[str, OrgFleet]]:
        """Every organisation's id with its fleet."""
        return list(self._orgs.items())


def continued(before: Judgement, judged: Judgement, at_ns: int) -> Judgement:
    """The judgement with the start of its stretch.

    A summary tells only when a value was last reported. So while the status stays, the earlier start is the true one;
    and a status without a start of its own began with the change that we saw, if we saw the status before it.
    """
    if before.reason is Reason.NEVER_REPORTED:
        return judged
    if before.status is judged.status:
        starts = [since for since in (before.since_ns, judged.since_ns) if since is not None]
        return judged._replace(since_ns=min(starts, default=None))
    return judged if judged.since_ns is not None else judged._replace(since_ns=at_ns)


def summary_of(stored: StateSnapshot) -> Summary:
    """The summary of a stored state."""
    connections = Connections(stored.open, stored.closed, stored.connections_changed_at_ns)
    return summarise(
        stored.fields,
        connections,
        last_seen_ns=stored.last_seen_ns,
        updated_at_ns=stored.watermark_ns,
        clock_suspect=stored.clock_suspect,
    )
