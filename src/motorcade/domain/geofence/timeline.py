"""Which fences were in force when: a fold judges a record by the fences of its time."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import shapely

from motorcade.domain.geofence.fence import Fence, VisitRules
from motorcade.domain.geofence.index import FenceSet

MAX_SETS: Final = 4
"""Sets kept with their index: yesterday's, today's and what a re-fold needs beside; each may hold tens of megabytes."""


@dataclass(frozen=True, slots=True)
class FenceVersion:
    """A version of a fence and when it ceased to be in force, None while it is the newest."""

    fence: Fence
    ended_ns: int | None = None


class FenceTimeline:
    """All versions of an organisation's fences. Immutable; sets are built when they are first asked for."""

    def __init__(self, versions: Iterable[FenceVersion] = (), rules: VisitRules | None = None) -> None:
        self._versions = sorted(versions, key=lambda one: (one.fence.fence_id, one.fence.version))
        self._rules = VisitRules() if rules is None else rules
        switches = {one.fence.from_ns for one in self._versions}
        switches |= {one.ended_ns for one in self._versions if one.ended_ns is not None}
        self._switches = sorted(switches)
        self._sets: dict[int, FenceSet] = {}
        self._lands: dict[tuple[str, int], shapely.Geometry] = {}

    def at(self, effective_at_ns: int) -> FenceSet:
        """The fences in force at a time; before the first of them there are none."""
        number = bisect_right(self._switches, effective_at_ns)
        found = self._sets.get(number)
        if found is None:
            found = self._build(self._switches[number - 1] if number else 0, number)
            # A new mapping each time: the live fold and a re-fold in another thread read it without a lock.
            kept = list(self._sets.items())[-(MAX_SETS - 1) :]
            self._sets = {**dict(kept), number: found}
        return found

    def next_after(self, effective_at_ns: int) -> int | None:
        """When other fences come into force, None where nothing is planned."""
        number = bisect_right(self._switches, effective_at_ns)
        return self._switches[number] if number < len(self._switches) else None

    def _build(self, from_ns: int, number: int) -> FenceSet:
        in_force, ended = [], {}
        for one in self._versions:
            if one.ended_ns is not None and one.ended_ns <= from_ns:
                ended[one.fence.fence_id, one.fence.version] = one.ended_ns
            elif number and one.fence.from_ns <= from_ns:
                in_force.append(one.fence)
        # The instant names the set: the same in every process, however much of the past each still knows.
        return FenceSet(max(1, from_ns), in_force, from_ns, self._rules, ended, self._lands)
