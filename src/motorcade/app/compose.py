"""The deployment that runs on one machine: which adapter stands behind which door of which room."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

import motorcade
from motorcade import __version__
from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys
from motorcade.adapters.embedded.live_unix import UnixLiveSubscriber
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.api.deps import ApiDeps, ApiSettings
from motorcade.api.server import serve
from motorcade.app.settings import Settings
from motorcade.domain.errors import MotorcadeError, Unavailable
from motorcade.domain.tenant import SystemScope
from motorcade.gateway.limits import Limits
from motorcade.gateway.server import Gateway, GatewayDoors, GatewaySettings
from motorcade.observability.logs import configure_logs, get_logger
from motorcade.observability.metrics import Metrics, serve_metrics
from motorcade.ports.keys import Keys
from motorcade.ports.store import Store
from motorcade.ports.stream import OnDurable, OnFailure
from motorcade.repositories.claim_index import ClaimIndex
from motorcade.repositories.claims import ClaimsRepository
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.quarantine import QuarantineRepository
from motorcade.repositories.tables import ALL
from motorcade.repositories.vehicles import AllVehicles
from motorcade.simulator.dev_ca import open_vehicle_authority, write_server_credential
from motorcade.simulator.fleet import FleetOptions, open_fleet

TRIM_EVERY_S = 600.0
"""How often the stream drops what is past its retention: hours are kept, so minutes do not matter."""
NS_PER_S = 1_000_000_000
NS_PER_H = 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class House:
    """What every room of this machine shares."""

    settings: Settings
    room: str
    clock: SystemClock
    keys: Keys
    store: Store
    metrics: Metrics

    @property
    def scope(self) -> SystemScope:
        """The platform's scope, for the platform's own tables."""
        return SystemScope(self.room)

    @property
    def identity(self) -> LocalIdentity:
        """Sign-in and sessions of this machine."""
        return LocalIdentity(self.store, self.keys, self.clock)

    @property
    def archive(self) -> FileArchive:
        """The archive of this machine; close it. What its readers cannot read is counted."""
        return FileArchive(self.settings.archive_dir, self.metrics.count("motorcade_archive_gaps_total"))

    @property
    def claims(self) -> ClaimsRepository:
        """Which VIN is whose vehicle."""
        return ClaimsRepository(self.scope, self.store, self.keys, self.clock)


@contextlib.asynccontextmanager
async def open_house(settings: Settings, room: str, metrics_port: int | None) -> AsyncIterator[House]:
    """Logs, metrics, keys and store of one process.

    Raises:
        Unavailable: the data folder has no root key yet (`motorcade run` makes it), or a file cannot be used.
    """
    if metrics_port is not None:
        configure_logs(room=room, level=settings.log_level)
    metrics = Metrics()
    exporter = serve_metrics(metrics, metrics_port)[0] if metrics_port else None
    store = SqliteStore(settings.store_path, SystemClock(), ALL)
    try:
        yield House(settings, room, SystemClock(), FileKeys(settings.root_key_path), store, metrics)
    finally:
        await store.close()
        if exporter is not None:
            exporter.shutdown()
            exporter.server_close()


async def gateway_room(settings: Settings, stop: asyncio.Event) -> None:
    """The gateway until `stop`."""
    async with open_house(settings, "gateway", settings.gateway_metrics_port) as house:
        copy = settings.data_dir / "claims.sealed"
        claims = ClaimIndex(house.scope, house.store, house.keys, copy, house.clock, _tell_claims_fault)
        await claims.start()
        house.metrics.read("motorcade_gateway_claims_age_seconds", lambda: claims.age_s)
        writers: list[SqliteStreamWriter] = []

        async def open_writer(on_durable: OnDurable, on_failure: OnFailure) -> SqliteStreamWriter:
            writers.append(SqliteStreamWriter(settings.stream_path, house.clock, on_durable, on_failure))
            return writers[-1]

        quarantine = QuarantineRepository(house.scope, house.store)
        doors = GatewayDoors(house.clock, house.keys, house.metrics, open_writer, claims.resolve, quarantine.keep)
        gateway = Gateway(_gateway_settings(house), doors)
        await gateway.start()
        trim = asyncio.create_task(_trim(house, lambda: writers[-1]))
        try:
            await stop.wait()
        finally:
            trim.cancel()
            await gateway.stop()
            await claims.close()


def _tell_claims_fault(error: Exception) -> None:
    # Only its kind: the message of an unforeseen error may hold anything.
    get_logger(__name__).error("claims_not_refreshed", kind=type(error).__name__)


def _gateway_settings(house: House) -> GatewaySettings:
    settings = house.settings
    certificate, key = settings.vehicle_cert, settings.vehicle_key
    if certificate is None or key is None:
        names = [name.strip() for name in settings.vehicle_names.split(",") if name.strip()]
        certificate, key = write_server_credential(settings.tls_dir, names, house.clock)
    return GatewaySettings(
        host=settings.vehicle_host,
        port=settings.vehicle_port,
        certificate=certificate,
        key=key,
        run_dir=settings.run_dir,
        production_anchors=settings.vehicle_anchors,
        development_anchor=open_vehicle_authority(settings.tls_dir, house.clock).certificate_path,
        limits=replace(Limits(), max_connections=settings.max_connections),
    )


async def _trim(house: House, writer: Callable[[], SqliteStreamWriter]) -> None:
    """Drop what is past the retention, never what the consumer has not committed or the archiver not archived."""
    consumption, manifest = Consumption(house.scope, house.store), Manifest(house.scope, house.store)
    stream = SqliteStream(house.settings.stream_path)
    identity = ""  # once known it stays: the writer has the file for as long as this process lives
    while True:
        await asyncio.sleep(TRIM_EVERY_S)
        before_ns = house.clock.now_ns() - house.settings.stream_retention_h * NS_PER_H
        try:
            identity = identity or await stream.identity()
            await stream.close()
            reached, archived = await consumption.done_with(0, identity), await manifest.reached(0, identity)
            # Without a place no archiver was ever started here; one that was, however long ago, holds the stream.
            removed = await writer().trim(before_ns, reached if archived is None else min(reached, archived))
        except MotorcadeError as error:  # the next time does it; what is kept too long only takes room
            get_logger(__name__).warning("stream_not_trimmed", reason=str(error))
        else:
            get_logger(__name__).info("stream_trimmed", entries=removed)


async def api_room(settings: Settings, stop: asyncio.Event) -> None:
    """Web and API until `stop`."""
    async with open_house(settings, "api", settings.api_metrics_port) as house:
        live = UnixLiveSubscriber(settings.live_socket)
        stream = SqliteStream(settings.stream_path)
        deps = ApiDeps(
            clock=house.clock,
            identity=house.identity,
            keys=house.keys,
            store=house.store,
            live=live,
            vehicles=AllVehicles(house.scope, house.store),
            metrics=house.metrics,
            ready={"stream": lambda: _stream_ready(stream)},
            settings=ApiSettings(
                version=__version__,
                host=settings.http_host,
                port=settings.http_port,
                beyond_loopback=settings.beyond_loopback,
                cert=settings.http_cert,
                key=settings.http_key,
                public_url=settings.public_url,
                web_dir=settings.web_dir or built_web(),
                map_style_url=settings.map_style_url,
            ),
        )
        try:
            await serve(deps, stop)
        finally:
            await live.close()
            await stream.close()


async def _stream_ready(stream: SqliteStream) -> str | None:
    """None when the stream can be read, else what is wrong with it."""
    try:
        await stream.end(0)
    except Unavailable as error:
        return str(error)
    return None


def built_web() -> Path | None:
    """The web application: packaged with the wheel, or built in a checkout; None when neither is there."""
    package = Path(motorcade.__file__).parent
    for folder in (package / "web_dist", package.parent.parent / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


async def simulator_room(settings: Settings, stop: asyncio.Event) -> None:
    """The simulated fleet until `stop`."""
    configure_logs(room="simulate", level=settings.log_level)
    options = FleetOptions(host=settings.local_vehicle_host, port=settings.vehicle_port, cars=settings.simulated_cars)
    fleet = open_fleet(options, settings.data_dir, SystemClock())
    stopping = asyncio.create_task(stop.wait())
    stopping.add_done_callback(lambda _: fleet.stop())
    await fleet.run(_log_facts)
    stopping.cancel()


def _log_facts(line: str) -> None:
    facts = msgspec.json.decode(line, type=dict[str, Any])
    get_logger("motorcade.simulator").info(facts.pop("event"), **facts)


Room = Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]
