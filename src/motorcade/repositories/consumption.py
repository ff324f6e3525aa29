"""What the consumer keeps: vehicles' states, dead letters and its place in the stream, in one commit.

The place never runs ahead of what it stands for: states, dead letters and checkpoint go in one batch, which an engine
on one machine makes one transaction.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from motorcade.domain.errors import Conflict
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import ANY, Absent, Data, Delete, Put, Store, VersionIs, Write
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
    """How far one partition is consumed, by which epoch of the consumer, and what was counted until there.

    `stream` is the identity of the stream in which the positions are ones; "" while nothing was consumed. A restart
    reads again behind `read_from`: what lies between it and `position` may wait for its turn, or for its commit.
    """

    partition: int
    position: Position
    epoch: int
    counts: dict[str, int]
    version: int
    stream: str = ""
    read_from: Position = BEGINNING


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
        counts, stream, position = dict(stored.data["counts"]), stored.data.get("stream", ""), stored.data["position"]
        read_from = stored.data.get("read_from", position)
        return Checkpoint(partition, position, epoch, counts, stored.version + 1, stream, read_from)

    async def forget(self, partition: int) -> Position:
        """Let the partition be consumed from its beginning again; states stay, for they are joined.

        Returns:
            How far it was consumed.
        """
        reached = await self.reached(partition)
        await self._store.write([Delete(CHECKPOINTS, READER, str(partition), ANY)])
        return reached

    async def reached(self, partition: int, stream: str = "") -> Position:
        """How far the partition is consumed: no committed state knows of a record behind it.

        Args:
            partition: which.
            stream: identity of the stream meant; of another one nothing is consumed. "" = whichever it is.
        """
        stored = await self._stored(partition, stream)
        return BEGINNING if stored is None else max(stored["position"], stored.get("taken", BEGINNING))

    async def done_with(self, partition: int, stream: str = "") -> Position:
        """The entry behind which a restart reads; nothing behind it may be trimmed. Arguments as for `reached`."""
        stored = await self._stored(partition, stream)
        return BEGINNING if stored is None else int(stored.get("read_from", stored["position"]))

    async def _stored(self, partition: int, stream: str) -> Data | None:
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        if stored is None or (stream and stored.data.get("stream", "") not in ("", stream)):
            return None
        return stored.data

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
        self,
        states: Sequence[StoredState],
        dead: Sequence[DeadLetter],
        checkpoint: Checkpoint,
        more: Sequence[Write] = (),
        taken: Position = BEGINNING,
    ) -> Checkpoint:
        """Make a stretch of the stream durable.

        Args:
            states: the vehicles touched; `version` is the one that each must still have.
            dead: records set aside.
            checkpoint: the new place, with the version of the one stored.
            taken: the last entry that any of the states knows of, where it is behind the place.
            more: what else belongs to these records (`repositories/findings.py`).

        Returns:
            The checkpoint as it is stored now.

        Raises:
            Conflict: another consumer has taken over, or wrote one of the vehicles; the place is where it was, so
                whoever begins again from the store misses nothing.
            Invalid: the engine cannot hold one of the values; nothing was written.
        """
        data = {
            "position": checkpoint.position,
            "epoch": checkpoint.epoch,
            "counts": checkpoint.counts,
            "stream": checkpoint.stream,
            "read_from": checkpoint.read_from,
            "taken": taken,
        }
        place = Put(CHECKPOINTS, READER, str(checkpoint.partition), data, VersionIs(checkpoint.version))
        writes: list[Write] = [_put_state(state) for state in states]
        writes += [_put_dead(letter) for letter in dead]
        writes += more
        try:
            await self._store.write_batch(writes, fence=place)
        except Conflict as error:
            reason = f"this partition was taken over, or a vehicle was written beside this consumer ({error})"
            raise Conflict(f"{reason}; it must stop and begin again from what is stored") from error
        return replace(checkpoint, version=checkpoint.version + 1)


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
