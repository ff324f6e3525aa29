"""What the consumer keeps: vehicles' states, dead letters and its place in the stream, in one commit.

The place never runs ahead of what it stands for: states, dead letters and checkpoint go in one batch, which an engine
on one machine makes one transaction.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from motorcade.domain.errors import Conflict, Corrupt
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import ANY, Absent, Put, Store, VersionIs, Write
from motorcade.ports.stream import BEGINNING, Position
from motorcade.repositories.tables import CHECKPOINTS, DEAD_LETTERS, STATES

READER = "consumer"
TAKE_OVER_TRIES = 10
"""The consumer before us may still commit, five times a second; between two commits there is time enough."""
Key = tuple[str, str]
"""(org_id, vehicle_id)"""


@dataclass(frozen=True, slots=True)
class StoredState:
    """A vehicle's encoded state and the version under which it is stored (0 = not yet)."""

    key: Key
    snapshot: bytes
    version: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that no step could read: its bytes (free of the VIN), the reason and its place."""

    key: Key
    position: Position
    index: int
    topic: int
    received_at_ns: int
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far one partition is consumed, by which epoch of the consumer, and what was counted until there."""

    partition: int
    position: Position
    epoch: int
    counts: dict[str, int]
    version: int


class Consumption:
    """The consumer's side of the store, for all organisations."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: records of all organisations share the stream."""
        self._scope = scope
        self._store = store

    async def take_over(self, partition: int) -> Checkpoint:
        """Become the partition's only consumer; every earlier one can commit no more.

        Raises:
            Conflict: others keep writing the checkpoint at the same moment.
        """
        for _ in range(TAKE_OVER_TRIES - 1):
            with contextlib.suppress(Conflict):
                return await self._try_to_take_over(partition)
        return await self._try_to_take_over(partition)

    async def _try_to_take_over(self, partition: int) -> Checkpoint:
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        if stored is None:
            data = {"position": BEGINNING, "epoch": 1, "counts": {}}
            await self._store.write([Put(CHECKPOINTS, READER, str(partition), data, Absent())])
            return Checkpoint(partition, BEGINNING, 1, {}, 1)
        epoch = stored.data["epoch"] + 1
        data = {**stored.data, "epoch": epoch}
        await self._store.write([Put(CHECKPOINTS, READER, str(partition), data, VersionIs(stored.version))])
        return Checkpoint(partition, stored.data["position"], epoch, dict(stored.data["counts"]), stored.version + 1)

    async def reached(self, partition: int) -> Position:
        """How far the partition is committed; nothing behind it may be trimmed."""
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        return BEGINNING if stored is None else int(stored.data["position"])

    async def states(self) -> list[StoredState]:
        """All vehicles' states."""
        found: list[StoredState] = []
        after: str | None = None
        while True:
            page = await self._store.scan(STATES, after)
            found += [StoredState((item.pk, item.sk), item.data["snapshot"], item.version) for item in page.items]
            if page.next is None:
                return found
            after = page.next

    async def state(self, key: Key) -> StoredState | None:
        """One vehicle's state."""
        item = await self._store.get(STATES, *key)
        return None if item is None else StoredState(key, item.data["snapshot"], item.version)

    async def commit(
        self, states: Sequence[StoredState], dead: Sequence[DeadLetter], checkpoint: Checkpoint
    ) -> tuple[Checkpoint, set[Key]]:
        """Make a stretch of the stream durable.

        Args:
            states: the vehicles touched; `version` is the one that each must still have.
            dead: records set aside.
            checkpoint: the new place, with the version of the one stored.

        Returns:
            The checkpoint as it is stored now, and the vehicles whose version had moved on: they were not written
            and must be joined with what is stored and committed again.

        Raises:
            Conflict: another consumer has taken over; nothing was written, so that its versions stay true.
            Corrupt: the engine gave back something that was never written.
        """
        place = Put(
            CHECKPOINTS,
            READER,
            str(checkpoint.partition),
            {"position": checkpoint.position, "epoch": checkpoint.epoch, "counts": checkpoint.counts},
            VersionIs(checkpoint.version),
        )
        writes: list[Write] = [_put_state(state) for state in states]
        writes += [_put_dead(letter) for letter in dead]
        try:
            failed = await self._store.write_batch(writes, fence=place)
        except Conflict as error:
            raise Conflict("another consumer has taken over this partition; this one must stop") from error
        moved_on = {(write.pk, write.sk) for write in failed if write.table is STATES}
        if len(moved_on) != len(failed):
            raise Corrupt("an unconditional write was reported as refused")
        next_version = checkpoint.version + 1
        kept = Checkpoint(checkpoint.partition, checkpoint.position, checkpoint.epoch, checkpoint.counts, next_version)
        return kept, moved_on


def _put_state(state: StoredState) -> Put:
    condition = VersionIs(state.version) if state.version else Absent()
    return Put(STATES, *state.key, {"snapshot": state.snapshot}, condition)


def _put_dead(letter: DeadLetter) -> Put:
    data = {
        "vehicle_id": letter.key[1],
        "topic": letter.topic,
        "received_at_ns": letter.received_at_ns,
        "payload": letter.payload,
        "reason": letter.reason,
    }
    return Put(DEAD_LETTERS, letter.key[0], f"{letter.position:020d}.{letter.index:06d}", data, ANY)
