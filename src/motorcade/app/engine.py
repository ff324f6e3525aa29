"""The rooms behind the stream on one machine: consumer, archiver and worker, and the rules that they fold by."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.live_unix import UnixLivePublisher
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.app.compose import NS_PER_S, House, open_house
from motorcade.app.settings import Settings
from motorcade.consumer.archiver import Archiver, ArchiverDoors
from motorcade.consumer.folding import RulesOf
from motorcade.consumer.loop import ConsumerLoop, Doors
from motorcade.consumer.merger import Merger, MergerDoors
from motorcade.domain.ids import new_id
from motorcade.observability.logs import get_logger
from motorcade.ports.notify import Channel
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.episodes import AllEpisodes
from motorcade.repositories.findings import Findings
from motorcade.repositories.history import HistoryRepository
from motorcade.repositories.leases import Leases
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.outbox import Outbox
from motorcade.repositories.refolds import Refolds
from motorcade.repositories.rule_book import RuleBook
from motorcade.worker.channels import InboxChannel, LogChannel
from motorcade.worker.job import JobKind
from motorcade.worker.jobs.refold import KIND as REFOLD
from motorcade.worker.jobs.refold import LIMIT_S as REFOLD_LIMIT_S
from motorcade.worker.jobs.refold import RefoldDoors, RefoldJob
from motorcade.worker.loop import Worker, WorkerDoors
from motorcade.worker.sweeps import Sweep, job_for_each

REFOLD_EVERY_S = 5.0
"""How often vehicles with late records are looked for."""
REFOLDS_AT_ONCE = 8
"""Most of their time re-folds wait for the archive; each holds a week of one vehicle's records at worst."""
QUEUE = "queue"
"""Under this name the store knows that there has been a queue: one that is missing later was lost."""


async def consumer_room(settings: Settings, stop: asyncio.Event) -> None:
    """The consumer until `stop`."""
    async with open_house(settings, "consumer", settings.consumer_metrics_port) as house:
        stream = SqliteStream(settings.stream_path)
        live = UnixLivePublisher(settings.live_socket)
        await live.start()
        try:
            async with open_rules(house) as rules_of:
                await _consume(_consumer_doors(house, stream, live, rules_of), stop)
        finally:
            await live.close()
            await stream.close()


def _consumer_doors(house: House, stream: SqliteStream, live: UnixLivePublisher, rules_of: RulesOf) -> Doors:
    return Doors(
        stream=stream,
        consumption=Consumption(house.scope, house.store),
        findings=Findings(house.scope, house.store, house.clock),
        refolds=Refolds(house.scope, house.store),
        rules_of=rules_of,
        live=live,
        clock=house.clock,
        metrics=house.metrics,
        log=get_logger("motorcade.consumer"),
    )


async def _consume(doors: Doors, stop: asyncio.Event) -> None:
    loop = ConsumerLoop(doors)
    await loop.start()
    running = asyncio.create_task(loop.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    loop.stop()
    stopping.cancel()
    await running


async def archiver_room(settings: Settings, stop: asyncio.Event) -> None:
    """The archiver and its merger until `stop`."""
    async with open_house(settings, "archiver", settings.archiver_metrics_port) as house:
        stream, archive = SqliteStream(settings.stream_path), house.archive
        manifest = Manifest(house.scope, house.store)
        log, flush_ns = get_logger("motorcade.archiver"), int(settings.archive_flush_s * NS_PER_S)
        archiver = Archiver(ArchiverDoors(stream, manifest, archive, house.clock, house.metrics, log), 0, flush_ns)
        merger = Merger(MergerDoors(manifest, archive, house.clock, house.metrics, log), settings.archive_merge_s)
        await archiver.start()
        running = [asyncio.create_task(archiver.run()), asyncio.create_task(merger.run())]
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        archiver.stop()
        merger.stop()
        stopping.cancel()
        try:
            await running[0]
            await archive.close()  # a merge under way is given up; nothing of it counts
            await running[1]
        finally:
            for task in running:
                task.cancel()
            await archive.close()
            await stream.close()


async def worker_room(settings: Settings, stop: asyncio.Event) -> None:
    """The worker until `stop`."""
    async with open_house(settings, "worker", settings.worker_metrics_port) as house:
        lost = not settings.queue_path.exists()
        queue = SqliteQueue(settings.queue_path, house.clock)
        outbox, leases = Outbox(house.scope, house.store), Leases(house.scope, house.store, owner=new_id())
        log = get_logger("motorcade.worker")
        if await leases.begun(QUEUE, house.clock.now_ns()) and lost:
            log.error("queue_lost", hint="what waited in queue.db will not be done, unless it is put back")
        channels: list[Channel] = [LogChannel(log), InboxChannel(house.scope, house.store, house.clock)]
        archive, refolds = house.archive, Refolds(house.scope, house.store)
        sweeps = [Sweep("refold", REFOLD_EVERY_S, job_for_each(queue, REFOLD, refolds.keys))]
        doors = WorkerDoors(queue, outbox, leases, house.clock, house.metrics, log)
        try:
            async with open_rules(house) as rules_of:
                refold = RefoldJob(_refold_doors(house, archive, refolds, rules_of))
                await Worker(channels, [_refold_kind(refold)], sweeps, doors).run(stop)
        finally:
            await archive.close()
            await queue.close()


@contextlib.asynccontextmanager
async def open_rules(house: House) -> AsyncIterator[RulesOf]:
    """The rules of all organisations, kept fresh.

    Raises:
        Unavailable: the store does not answer, or a version is unreadable.
    """
    book = RuleBook(house.scope, house.store, house.clock, _tell_rules_fault)
    await book.start(await Outbox(house.scope, house.store).organisations())
    try:
        yield book.timeline
    finally:
        await book.close()


def _tell_rules_fault(error: Exception) -> None:
    get_logger(__name__).error("rules_not_refreshed", kind=type(error).__name__)


def _refold_kind(refold: RefoldJob) -> JobKind:
    return JobKind(REFOLD, refold, at_once=REFOLDS_AT_ONCE, per_org=REFOLDS_AT_ONCE, limit_s=REFOLD_LIMIT_S)


def _refold_doors(house: House, archive: FileArchive, refolds: Refolds, rules_of: RulesOf) -> RefoldDoors:
    manifest = Manifest(house.scope, house.store)
    return RefoldDoors(
        consumption=Consumption(house.scope, house.store),
        findings=Findings(house.scope, house.store, house.clock),
        refolds=refolds,
        episodes=AllEpisodes(house.scope, house.store),
        history_of=lambda org_id: HistoryRepository(house.scope.acting_for(org_id), manifest, archive),
        rules_of=rules_of,
    )
