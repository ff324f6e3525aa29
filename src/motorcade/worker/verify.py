"""Verify: compare the stored rows and state of vehicles with a replay of their archive, and name every difference."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from motorcade.domain.errors import Corrupt, Unavailable
from motorcade.domain.turns import NO_TURN
from motorcade.ports.stream import Position
from motorcade.repositories.consumption import Consumption, Key
from motorcade.repositories.episodes import RawRow, RowsRepository
from motorcade.repositories.refolds import Refolds
from motorcade.wire.episode import encode_episode
from motorcade.wire.fold_state import encode_fold
from motorcade.wire.state_snapshot import StateSnapshot, decode_state
from motorcade.worker.replay import ReplayDoors, Replayed, replay

SHOWN_WITHIN_NS: Final = 180 * 1_000_000_000
"""An episode that goes on is stored some time after it began: the consumer looks at running ones each minute, and what
it is may take some readings to tell."""
LOOK_EVERY_S: Final = 0.5
AT_ONCE: Final = 200
"""Vehicles looked at before the archive is waited for, which may take its flush interval; some 10 MB of rows."""
TRIES: Final = 5
"""A car that drives is committed five times a second; between two commits of it there is time enough for a look."""


class Fault(StrEnum):
    """What is wrong with a row."""

    MISSING = "missing"  # the replay gives it, the store has none
    SURPLUS = "surplus"  # the store has it, the replay does not give it
    DIFFERENT = "different"  # both have it, in other words
    UNREADABLE = "unreadable"  # the stored bytes are no such row
    STATE = "state"  # the state of the fold is another one


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between store and archive."""

    key: Key
    fault: Fault
    kind: str
    id: str
    detail: str = ""


@dataclass(slots=True)
class Verdict:
    """What came of one vehicle.

    Attributes:
        key: whose.
        records: how many records were folded.
        rows: how many rows were compared.
        differences: everything that is not as the archive says.
        doubtful: late records wait for a re-fold, so differences are to be expected.
        gaps: objects of the archive that could not be read.
    """

    key: Key
    records: int
    rows: int
    differences: list[Difference]
    doubtful: bool
    gaps: int


@dataclass(frozen=True, slots=True)
class VerifyDoors:
    """What a verification reads; it writes nothing.

    Attributes:
        consumption: committed states.
        rows: stored rows.
        refolds: marks of doubtful vehicles.
        replay: the archive.
        archived: how far the archive has come.
    """

    consumption: Consumption
    rows: RowsRepository
    refolds: Refolds
    replay: ReplayDoors
    archived: Callable[[], Awaitable[Position | None]]


async def verify(doors: VerifyDoors, keys: Sequence[Key], within_s: float = 120.0) -> AsyncIterator[Verdict]:
    """Compare vehicles; those that differ are looked at again, since cars go on driving meanwhile.

    Args:
        doors: what is read.
        keys: (org_id, vehicle_id).
        within_s: how long to wait for the archive to come as far as the consumer is.

    Raises:
        Unavailable: it does not.
    """
    for start in range(0, len(keys), AT_ONCE):
        left = list(keys[start : start + AT_ONCE])
        for more_tries in reversed(range(TRIES)):
            looks = [await _look(doors, key) for key in left]
            # Read after the states: every record that they know of lies at or before this place.
            await _wait_for_archive(doors, await doors.consumption.reached(0), within_s)
            left = []
            for look in looks:
                verdict = await _compare(doors, look)
                if verdict.differences and not verdict.doubtful and more_tries:
                    left.append(look.key)
                else:
                    yield verdict
            if not left:
                break


@dataclass(frozen=True, slots=True)
class _Look:
    """What the store says of a vehicle at one moment."""

    key: Key
    snapshot: StateSnapshot
    rows: dict[tuple[str, str], RawRow]
    doubtful: bool


async def _look(doors: VerifyDoors, key: Key) -> _Look:
    after = await doors.consumption.state(key)
    rows: dict[tuple[str, str], RawRow] = {}
    for _ in range(TRIES):
        before = after
        rows = await doors.rows.of_vehicle(key)
        after = await doors.consumption.state(key)
        if before == after:
            break
    snapshot = decode_state(after.snapshot) if after else StateSnapshot()
    return _Look(key, snapshot, rows, snapshot.dirty is not None or await doors.refolds.mark(key) is not None)


async def _compare(doors: VerifyDoors, look: _Look) -> Verdict:
    replayed = await replay(doors.replay, look.key, look.snapshot.folded)
    differences = _rows_differ(look.key, look.rows, replayed) + _state_differs(look.key, look.snapshot, replayed)
    return Verdict(look.key, replayed.records, len(replayed.rows), differences, look.doubtful, len(replayed.gaps))


def _rows_differ(key: Key, stored: dict[tuple[str, str], RawRow], replayed: Replayed) -> list[Difference]:
    found: list[Difference] = []
    for row_key, row in replayed.rows.items():
        raw = stored.get(row_key)
        if raw is None:
            if row_key in replayed.final or replayed.until[0] - row.started_at_ns > SHOWN_WITHIN_NS:
                found.append(Difference(key, Fault.MISSING, *row_key))
        elif row_key in replayed.final and raw.row != encode_episode(row):
            found.append(_different(key, row_key, raw.row, encode_episode(row)))
        elif row_key in replayed.standing:
            found += _standing_differs(key, row_key, raw.row, row.started_at_ns)
    found += [Difference(key, Fault.SURPLUS, *row_key) for row_key in stored if row_key not in replayed.rows]
    return found


def _different(key: Key, row_key: tuple[str, str], stored: bytes, wanted: bytes) -> Difference:
    """Which fields differ, by name only: values may be places."""
    try:
        one = _fields(stored)
    except Corrupt as error:
        return Difference(key, Fault.UNREADABLE, *row_key, str(error))
    other = _fields(wanted)
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return Difference(key, Fault.DIFFERENT, *row_key, ", ".join(names))


def _standing_differs(key: Key, row_key: tuple[str, str], stored: bytes, started_at_ns: int) -> list[Difference]:
    """An episode that goes on is brought up to date now and then; its beginning is certain."""
    try:
        fields = _fields(stored)
    except Corrupt as error:
        return [Difference(key, Fault.UNREADABLE, *row_key, str(error))]
    if fields.get("started_at_ns") != started_at_ns:
        return [Difference(key, Fault.DIFFERENT, *row_key, "started_at_ns")]
    return []


def _fields(stored: bytes) -> dict[str, Any]:
    try:
        return msgspec.msgpack.decode(stored, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Corrupt(f"a row of {len(stored)} bytes is unreadable: {error}") from error


def _state_differs(key: Key, snapshot: StateSnapshot, replayed: Replayed) -> list[Difference]:
    if snapshot.folded == NO_TURN:
        return []
    if replayed.until != snapshot.folded:
        return [Difference(key, Fault.STATE, "fold", "", "the archive ends before the last record folded")]
    if encode_fold(replayed.state) != snapshot.fold:
        return [Difference(key, Fault.STATE, "fold", "", "the state of the fold is another one")]
    return []


async def _wait_for_archive(doors: VerifyDoors, position: Position, within_s: float) -> None:
    for _ in range(max(1, round(within_s / LOOK_EVERY_S))):
        reached = await doors.archived()
        if reached is not None and reached >= position:
            return
        await asyncio.sleep(LOOK_EVERY_S)
    raise Unavailable("the archive has not come as far as the consumer; is the archiver running?")
