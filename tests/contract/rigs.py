"""What a contract suite needs of an adapter: how to make it, and how to make it again over the same storage.

Another adapter joins a suite by a class here and its name in the list at the end; the suites stay as they are.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.live_unix import UnixLivePublisher, UnixLiveSubscriber
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_faulty import FaultyStream, FaultyWriter
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.ports.store import Index, Table
from motorcade.ports.stream import OnDurable, OnFailure, Stream, StreamWriter
from motorcade.repositories.tables import ALL

NS_PER_S = 1_000_000_000

THINGS = Table("things", (Index("by_colour", "colour", "size"), Index("by_owner", "owner", "name")))
OTHERS = Table("others")


@dataclass
class TestClock:
    """A `Clock` that a test moves: the machine's time plus what was skipped."""

    __test__ = False
    skipped_s: float = 0.0
    real: SystemClock = field(default_factory=SystemClock)

    def now_ns(self) -> int:
        return self.real.now_ns() + int(self.skipped_s * NS_PER_S)

    def monotonic_ns(self) -> int:
        return self.real.monotonic_ns() + int(self.skipped_s * NS_PER_S)


@dataclass
class Reports:
    """Collects a writer's reports."""

    durable: list[object] = field(default_factory=list)
    failed: list[object] = field(default_factory=list)

    def on_durable(self, receipts: Sequence[object]) -> None:
        self.durable += receipts

    def on_failure(self, receipts: Sequence[object], error: Exception) -> None:
        assert isinstance(error, Exception)
        self.failed += receipts


class EmbeddedStream:
    """Writer and readers of one stream file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stream.db"
        self.clock = TestClock()

    def writer(self, reports: Reports) -> StreamWriter:
        return SqliteStreamWriter(self.path, self.clock, reports.on_durable, reports.on_failure)

    def reader(self) -> Stream:
        return SqliteStream(self.path)


class FaultyEmbeddedStream(EmbeddedStream):
    """The same with what a distributed stream may do: duplicates, reordering, redelivery."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.rng = random.Random(7)

    def writer(self, reports: Reports) -> StreamWriter:
        def make(on_durable: OnDurable, on_failure: OnFailure) -> StreamWriter:
            return SqliteStreamWriter(self.path, self.clock, on_durable, on_failure)

        return FaultyWriter(make, reports.on_durable, reports.on_failure, self.rng)

    def reader(self) -> Stream:
        return FaultyStream(super().reader(), self.rng)


class EmbeddedStore:
    """Stores over one file, each as another process would open it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.clock = TestClock()

    def open(self) -> SqliteStore:
        return SqliteStore(self.path, self.clock, (THINGS, OTHERS))


class EmbeddedQueue:
    """Queues over one file, each as another process would open it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue.db"
        self.clock = TestClock()

    def open(self) -> SqliteQueue:
        return SqliteQueue(self.path, self.clock)


class EmbeddedLive:
    """The two ends of one bus."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "live.sock"

    async def publisher(self) -> UnixLivePublisher:
        publisher = UnixLivePublisher(self.path)
        await publisher.start()
        return publisher

    def subscriber(self) -> UnixLiveSubscriber:
        return UnixLiveSubscriber(self.path)


class EmbeddedKeys:
    """Keys over one root, opened as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "root.key"
        create_root_key(self.path)

    def open(self) -> FileKeys:
        return FileKeys(self.path)


class EmbeddedIdentity:
    """One installation, opened as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.keys = EmbeddedKeys(folder)
        self.store = SqliteStore(folder / "store.db", self.clock)

    async def open(self) -> LocalIdentity:
        identity = LocalIdentity(self.store, self.keys.open(), self.clock)
        await identity.ensure_owner()
        return identity

    async def stored(self) -> bytes:
        """Everything that is kept, for looking for secrets."""
        pages = [await self.store.scan(table) for table in ALL]
        return repr([(item.pk, item.sk, item.data) for page in pages for item in page.items]).encode()


class EmbeddedArchive:
    """An archive in a folder, opened as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "archive"

    def open(self) -> FileArchive:
        return FileArchive(self.folder)

    def stored(self, name: str) -> bytes:
        """An object's bytes, past the port."""
        return (self.folder / f"{name}.parquet").read_bytes()

    def store(self, name: str, data: bytes) -> None:
        """Replace an object's bytes, as a fault of the disk does."""
        (self.folder / f"{name}.parquet").write_bytes(data)


STREAMS = {"embedded": EmbeddedStream, "embedded-faulty": FaultyEmbeddedStream}
STORES = {"embedded": EmbeddedStore}
QUEUES = {"embedded": EmbeddedQueue}
LIVE_BUSES = {"embedded": EmbeddedLive}
KEYS = {"embedded": EmbeddedKeys}
IDENTITIES = {"embedded": EmbeddedIdentity}
ARCHIVES = {"embedded": EmbeddedArchive}
CLOCKS = {"embedded": SystemClock}
