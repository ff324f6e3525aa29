"""The engine in the test's own event loop: stream, consumer, archiver and re-folds, over real files."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.consumer.archiver import Archiver, ArchiverDoors
from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.ids import id_text
from motorcade.domain.record import Frame, Topic, raw_record_id
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.tenant import SystemScope
from motorcade.domain.turns import turn_of
from motorcade.observability.logs import get_logger
from motorcade.observability.metrics import Metrics
from motorcade.ports.store import ANY, Put
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.episodes import AllEpisodes, RowsRepository
from motorcade.repositories.findings import Findings
from motorcade.repositories.history import HistoryRepository
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.refolds import Refolds
from motorcade.repositories.tables import EPISODES
from motorcade.wire.batch import encode_frame
from motorcade.wire.episode import encode_episode
from motorcade.wire.report import report_of
from motorcade.wire.tesla.payload_cut import hashed_bytes
from motorcade.worker.jobs.refold import RefoldDoors, RefoldJob
from motorcade.worker.replay import ReplayDoors
from motorcade.worker.verify import Verdict, VerifyDoors, verify
from tests.flow.consumer_rig import ORG, Consumers

SCOPE = SystemScope("test")
ORG_ID = id_text(ORG)
Rows = dict[tuple[str, str], bytes]
"""(kind, id) of an episode → its stored content."""


def heartbeat(at_ns: int) -> bytes:
    """What an appender says each second: its clock."""
    return encode_frame(bytes(40), 0, Topic.HEARTBEAT, 0, (at_ns, at_ns, at_ns), b"")


def bytes_of(frame: Frame) -> bytes:
    org, vehicle, connection, sequence, topic, flags, observed, received, effective, payload = frame
    return encode_frame(org + vehicle + connection, sequence, topic, flags, (observed, received, effective), payload)


def arrivals(frames: Sequence[Frame], end_ns: int) -> list[tuple[int, bytes]]:
    """(arrival, frame) in their order, an appender's clock in front of each second, and at the end."""
    found: list[tuple[int, bytes]] = []
    told_s = 0
    for frame in frames:
        if frame[7] // 10**9 > told_s:
            told_s = frame[7] // 10**9
            found.append((frame[7], heartbeat(frame[7])))
        found.append((frame[7], bytes_of(frame)))
    return [*found, (end_ns, heartbeat(end_ns))]


def with_heartbeats(frames: Sequence[Frame], end_ns: int) -> list[bytes]:
    """The same without the times."""
    return [frame for _, frame in arrivals(frames, end_ns)]


@dataclass
class Stamp(SystemClock):
    """The appender's clock in the virtual time of a day."""

    at_ns: int = 0

    def now_ns(self) -> int:
        return self.at_ns


def sorted_reports(frames: Iterable[Frame]) -> list[Report]:
    """The distinct records that count, in their order: what the truth is the fold of."""
    distinct: dict[bytes, Report] = {}
    for frame in frames:
        record_id = raw_record_id(frame[1], frame[4], frame[6], hashed_bytes(frame[4], frame[9]))
        report = report_of(frame, record_id)
        if report is not None:
            distinct.setdefault(record_id, report)
    return sorted(distinct.values(), key=turn_of)


def truth(
    reports: Iterable[Report], vehicle_id: str, horizon_ns: int, timeline: RuleTimeline
) -> dict[tuple[str, str], Episode]:
    """The rows of a plain fold, with what stands at a horizon."""
    state = fold.FoldState()
    rows: dict[tuple[str, str], Episode] = {}
    for report in reports:
        for row in fold.step(state, report, vehicle_id, timeline):
            rows[row.kind, row.id] = row
    for row in fold.view(state, horizon_ns, timeline):
        rows[row.kind, row.id] = row
    return rows


@dataclass
class Engine:
    """Everything over one folder."""

    consumers: Consumers
    timeline: RuleTimeline

    async def append(self, frames: Sequence[tuple[int, bytes]], entry: int) -> None:
        """Append frames, each entry stamped with the arrival of its last one."""
        clock, durable = Stamp(), asyncio.Event()
        left = 0

        def done(receipts: Sequence[object]) -> None:
            nonlocal left
            left -= len(receipts)
            if not left:
                durable.set()

        def failed(receipts: Sequence[object], error: Exception) -> None:
            raise AssertionError(f"{len(receipts)} records failed") from error

        writer = SqliteStreamWriter(self.consumers.folder / "stream.db", clock, done, failed)
        for start in range(0, len(frames), entry):
            part = frames[start : start + entry]
            clock.at_ns, left = part[-1][0], len(part)
            durable.clear()
            for _, frame in part:
                writer.append(frame, None)
            await durable.wait()
        await writer.close()

    async def archive(self) -> None:
        """Archive what the stream holds now."""
        archive, stream = self.files(), self.consumers.stream()
        doors = ArchiverDoors(stream, self.manifest, archive, SystemClock(), Metrics(), get_logger("test"))
        archiver = Archiver(doors)
        await archiver.start()
        after, end = 0, await stream.end(0)
        while after < end:
            for entry in await stream.read(0, after, 64):
                archiver.gather(entry)
                after = entry.position
            await archiver.flush()
        await archive.close()

    def files(self) -> FileArchive:
        return FileArchive(self.consumers.folder / "archive")

    @property
    def manifest(self) -> Manifest:
        return Manifest(SCOPE, self.consumers.store)

    @property
    def refolds(self) -> Refolds:
        return Refolds(SCOPE, self.consumers.store)

    async def refold(self) -> int:
        """Fold every marked vehicle anew and lay the results ready; gives how many there were."""
        store, archive = self.consumers.store, self.files()
        doors = RefoldDoors(
            consumption=Consumption(SCOPE, store),
            findings=Findings(SCOPE, store, SystemClock()),
            refolds=self.refolds,
            episodes=AllEpisodes(SCOPE, store),
            history_of=lambda org_id: HistoryRepository(SCOPE.acting_for(org_id), self.manifest, archive),
            rules_of=lambda _: self.timeline,
        )
        job, count = RefoldJob(doors), 0
        async for key in self.refolds.keys():
            mark = await self.refolds.mark(key)
            assert mark is not None
            await self.refolds.offer(await job.result(key, mark))
            count += 1
        await archive.close()
        return count

    async def verify(self, vehicle_ids: Sequence[str]) -> list[Verdict]:
        """What `motorcade verify` says of vehicles."""
        store, archive = self.consumers.store, self.files()
        doors = VerifyDoors(
            consumption=Consumption(SCOPE, store),
            rows=RowsRepository(SCOPE, store),
            refolds=self.refolds,
            replay=ReplayDoors(
                history_of=lambda org_id: HistoryRepository(SCOPE.acting_for(org_id), self.manifest, archive),
                rules_of=lambda _: self.timeline,
            ),
            archived=lambda: self.manifest.reached(0),
        )
        found = [verdict async for verdict in verify(doors, [(ORG_ID, car) for car in vehicle_ids], 1.0)]
        await archive.close()
        return found

    async def damage(self, vehicle_id: str) -> tuple[str, str]:
        """Change a figure of a stored row behind everybody's back; gives the row's kind and id."""
        store = self.consumers.store
        row = next(row for row in (await RowsRepository(SCOPE, store).of_vehicle((ORG_ID, vehicle_id))).values())
        item = await store.get(EPISODES, ORG_ID, f"{row.kind}.{row.id}")
        assert item is not None
        fields = msgspec.msgpack.decode(row.row)
        fields["ended_at_ns"] += 1
        await store.write([Put(EPISODES, ORG_ID, item.sk, {**item.data, "row": msgspec.msgpack.encode(fields)}, ANY)])
        return row.kind, row.id

    async def rows(self, vehicle_id: str) -> Rows:
        """The stored rows of a vehicle, tombstones left out."""
        found = await AllEpisodes(SCOPE, self.consumers.store).of_vehicle_between((ORG_ID, vehicle_id), 0, 2**63)
        return {(row.kind, row.id): encode_episode(row) for row in found}


def told(rows: dict[tuple[str, str], Episode]) -> Rows:
    """Rows as they would be stored."""
    return {key: encode_episode(row) for key, row in rows.items()}


def difference(stored: Rows, wanted: Rows) -> str:
    """What is wrong with stored rows, for a person; "" where nothing is."""
    lines = [f"missing {key}" for key in wanted if key not in stored]
    lines += [f"too much {key}" for key in stored if key not in wanted]
    lines += [_unlike(key, stored[key], wanted[key]) for key in wanted if key in stored and stored[key] != wanted[key]]
    return "\n".join(lines)


def _unlike(key: tuple[str, str], stored: bytes, wanted: bytes) -> str:
    one, other = msgspec.msgpack.decode(stored), msgspec.msgpack.decode(wanted)
    fields = {name: (one.get(name), other[name]) for name in other if one.get(name) != other[name]}
    return f"unlike {key}: {fields}"
