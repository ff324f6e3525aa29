"""Fences of an organisation: the newest version of each, and all versions with their times for the fold."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from motorcade.domain.errors import Conflict, Denied, Invalid
from motorcade.domain.geofence.fence import MAX_FENCES, Fence, FenceDraft
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon, Shape
from motorcade.domain.geofence.timeline import FenceVersion
from motorcade.domain.ids import new_id
from motorcade.domain.schedule import Schedule
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.ports.clock import Clock
from motorcade.ports.store import Absent, Item, Put, Query, Store, VersionIs, Write
from motorcade.repositories.tables import GEOFENCE_VERSIONS, GEOFENCES
from motorcade.repositories.vehicles import name_key

PAGE: Final = 1000
TAKES_EFFECT_NS: Final = (5 + 120) * 1_000_000_000
"""A change holds from this long after it was made: by then every consumer has read it (its copy lives five seconds),
and no record of an earlier time can still come on time, for a car's clock may be two minutes ahead."""
SWITCH_STEP_NS: Final = 60 * 1_000_000_000
"""Changes take effect on whole minutes, so that somebody drawing all day costs one new index a minute."""
BATCH: Final = 49
"""Fences written in one transaction: two rows each, of at most a hundred."""


class GeofencesRepository:
    """The fences of the scope's organisation."""

    def __init__(self, scope: OrgScope, store: Store, clock: Clock) -> None:
        self._org_id = scope.org_id
        self._store = store
        self._clock = clock

    async def page(self, limit: int = 100, after: str | None = None) -> tuple[list[Fence], str | None]:
        """The newest versions in order of their names, and the cursor behind them (None = no more).

        Raises:
            Invalid: the cursor is malformed, or the limit is not 1 … 1,000.
        """
        page = await self._store.query(GEOFENCES, Query(self._org_id, after=after, limit=limit, index="by_name"))
        return [fence_of(item.data) for item in page.items], page.next

    async def get(self, fence_id: str) -> Fence | None:
        """The newest version of one; None when it is unknown, removed or another organisation's."""
        item = await self._store.get(GEOFENCES, self._org_id, fence_id)
        return None if item is None or "removed" in item.data else fence_of(item.data)

    async def create(self, drafts: Sequence[FenceDraft]) -> list[Fence]:
        """Make fences; they hold from `TAKES_EFFECT_NS` from now.

        More than `BATCH` are written in several transactions: after a failure some may be there and some not.

        Raises:
            Invalid: one cannot be a fence, or there would be more than `MAX_FENCES`; nothing was written.
        """
        for draft in drafts:
            draft.check()
        if await self._count() + len(drafts) > MAX_FENCES:
            raise Invalid(f"an organisation has at most {MAX_FENCES} fences; remove some first")
        from_ns = self._effective_ns()
        fences = [_fence(new_id(), 1, draft, from_ns) for draft in drafts]
        for at in range(0, len(fences), BATCH):
            writes: list[Write] = []
            for fence in fences[at : at + BATCH]:
                writes += self._puts(fence, Absent())
            await self._store.write(writes)
        return fences

    async def change(self, fence_id: str, version: int, draft: FenceDraft) -> Fence:
        """Make a new version of a fence; the old one holds until the new one takes effect.

        Args:
            fence_id: which.
            version: the version that whoever asks has seen.
            draft: what it shall be.

        Raises:
            Invalid: this cannot be a fence.
            Denied: there is no such fence.
            Conflict: somebody else changed it meanwhile.
        """
        draft.check()
        there, item = await self._newest(fence_id, version)
        from_ns = max(self._effective_ns(), there.from_ns)
        fence = _fence(fence_id, version + 1, draft, from_ns)
        await self._store.write([*self._puts(fence, VersionIs(item.version)), self._ended(there, from_ns)])
        return fence

    async def remove(self, fence_id: str, version: int) -> int:
        """End a fence.

        Returns:
            From when on it no longer holds (ns).

        Raises:
            Denied: there is no such fence.
            Conflict: somebody else changed it meanwhile.
        """
        there, item = await self._newest(fence_id, version)
        ended_ns = max(self._effective_ns(), there.from_ns)
        gone = {"removed": True, "version": version}
        head = Put(GEOFENCES, self._org_id, fence_id, gone, VersionIs(item.version))
        await self._store.write([head, self._ended(there, ended_ns)])
        return ended_ns

    async def versions(self) -> list[FenceVersion]:
        """All versions of all fences, also of removed ones, for a `FenceTimeline`."""
        found: list[FenceVersion] = []
        after: str | None = None
        while True:
            page = await self._store.query(GEOFENCE_VERSIONS, Query(self._org_id, after=after, limit=PAGE))
            found += [version_of(item) for item in page.items]
            if page.next is None:
                return found
            after = page.next

    async def _newest(self, fence_id: str, version: int) -> tuple[Fence, Item]:
        item = await self._store.get(GEOFENCES, self._org_id, fence_id)
        if item is None or "removed" in item.data:
            raise Denied("there is no such fence")
        fence = fence_of(item.data)
        if fence.version != version:
            raise Conflict("the fence was changed by someone else; read it again")
        return fence, item

    async def _count(self) -> int:
        count, after = 0, None
        while True:
            page = await self._store.query(GEOFENCES, Query(self._org_id, after=after, limit=PAGE, index="by_name"))
            count += len(page.items)
            if page.next is None:
                return count
            after = page.next

    def _effective_ns(self) -> int:
        """The next whole minute that is far enough ahead."""
        return -(-(self._clock.now_ns() + TAKES_EFFECT_NS) // SWITCH_STEP_NS) * SWITCH_STEP_NS

    def _puts(self, fence: Fence, condition: Absent | VersionIs) -> list[Write]:
        data = data_of(fence)
        head = {**data, "org": self._org_id, "name_key": name_key(fence.name)}
        return [
            Put(GEOFENCES, self._org_id, fence.fence_id, head, condition),
            Put(GEOFENCE_VERSIONS, self._org_id, _place(fence), data, Absent()),
        ]

    def _ended(self, fence: Fence, ended_ns: int) -> Put:
        return Put(GEOFENCE_VERSIONS, self._org_id, _place(fence), {**data_of(fence), "ended_ns": ended_ns})


class AllGeofences:
    """The fences of all organisations, for the consumer."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def cursor(self) -> str:
        """The place of now in the changes; take it before reading versions."""
        return await self._store.change_cursor(GEOFENCE_VERSIONS)

    async def changed(self, after: str) -> tuple[frozenset[str], str]:
        """Organisations whose fences changed since a place, and the next place.

        Raises:
            Invalid: the place is too old; take all organisations for changed.
        """
        changes = await self._store.changes(GEOFENCE_VERSIONS, after, PAGE)
        return frozenset(change.pk for change in changes), changes[-1].cursor if changes else after


def fence_of(data: Mapping[str, Any]) -> Fence:
    """A fence from a row's data."""
    schedule = data.get("schedule")
    return Fence(
        data["fence_id"],
        data["version"],
        data["name"],
        _shape_of(data["shape"]),
        None if schedule is None else msgspec.convert(schedule, Schedule),
        data.get("dwell_s"),
        data.get("speed_limit_kmh"),
        data["from_ns"],
    )


def version_of(item: Item) -> FenceVersion:
    """A version and its end from its row."""
    return FenceVersion(fence_of(item.data), item.data.get("ended_ns"))


def data_of(fence: Fence) -> dict[str, Any]:
    """A version's row."""
    return {
        "fence_id": fence.fence_id,
        "version": fence.version,
        "name": fence.name,
        "shape": _shape_data(fence.shape),
        "schedule": None if fence.schedule is None else msgspec.to_builtins(fence.schedule),
        "dwell_s": fence.dwell_s,
        "speed_limit_kmh": fence.speed_limit_kmh,
        "from_ns": fence.from_ns,
    }


def _fence(fence_id: str, version: int, draft: FenceDraft, from_ns: int) -> Fence:
    return Fence(
        fence_id,
        version,
        draft.name.strip(),
        draft.shape,
        draft.schedule,
        draft.dwell_s,
        draft.speed_limit_kmh,
        from_ns,
    )


def _place(fence: Fence) -> str:
    """Sort key of a version: those of a fence in their order."""
    return f"{fence.fence_id}.{fence.version:08}"


def _shape_data(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Circle):
        return {"kind": "circle", "centre": list(shape.centre), "radius_m": shape.radius_m}
    if isinstance(shape, Corridor):
        return {"kind": "corridor", "path": [list(place) for place in shape.path], "width_m": shape.width_m}
    rings = [[list(place) for place in ring] for ring in (shape.outline, *shape.holes)]
    return {"kind": "polygon", "rings": rings}


def _shape_of(data: Mapping[str, Any]) -> Shape:
    if data["kind"] == "circle":
        return Circle((data["centre"][0], data["centre"][1]), data["radius_m"])
    if data["kind"] == "corridor":
        return Corridor(tuple((lat, lon) for lat, lon in data["path"]), data["width_m"])
    rings = [tuple((lat, lon) for lat, lon in ring) for ring in data["rings"]]
    return Polygon(rings[0], tuple(rings[1:]))
