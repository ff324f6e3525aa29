"""`motorcade run`: all rooms and a simulated fleet on one machine, until Ctrl-C."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable

from rich.console import Console

from motorcade.adapters.embedded.live_unix import UnixLiveSubscriber
from motorcade.app.children import STOP_WITHIN_S, Child
from motorcade.app.first_start import Installation, prepare_installation
from motorcade.app.preflight import FolderLock, begin_first_start, check_ports, end_first_start, prepare_folders
from motorcade.app.probe import answers, opens
from motorcade.app.settings import Settings
from motorcade.domain.errors import Unavailable
from motorcade.wire.live_event import decode_live

READY_WITHIN_S = 120.0
"""A start that takes longer has gone wrong; a cold one with 200 cars takes a few seconds."""
ENDS_BEFORE_READY = 2
"""A room that ended so often before it was ever ready will not get ready; once may be a moment's bad luck."""
STOP_ALL_WITHIN_S = 30.0
"""All rooms together; each may take what the ones before it left, and is killed then."""
LEFT_OVER_S = 10.0
"""After a killed start: its rooms notice that they are alone and end by themselves within a few seconds."""
STOP_ORDER = ("simulate", "gateway", "consumer", "archiver", "worker", "api")
"""Along the data path, so that what was acknowledged is also folded and committed before the end."""
LIVE_SHARE = 0.8
"""Share of the simulated cars that must have shown a place: some begin asleep or silent."""


class Supervisor:
    """Starts the rooms and stops them in the order of the data path."""

    def __init__(self, settings: Settings, console: Console) -> None:
        """Bind settings and the terminal."""
        self._settings, self._console = settings, console
        self._children: list[Child] = []
        self._stop = asyncio.Event()
        self._patient_until = 0.0

    async def run(self) -> None:
        """Start everything, print the sign-in link, and wait for Ctrl-C.

        Raises:
            Unavailable, Denied: what stands in the way, in one sentence.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted)
        settings = self._settings
        prepare_folders(settings)
        lock = FolderLock(settings.run_dir / "lock")
        try:
            await self._ports_free(lock)
            begin_first_start(settings)
            installation = await prepare_installation(settings)
            if settings.beyond_loopback and not installation.passphrase_set:
                raise Unavailable(
                    f"MOTORCADE_HTTP_HOST={settings.http_host} opens Motorcade to other machines, and no passphrase is"
                    " set. Run it once on 127.0.0.1 and set one (`motorcade passphrase`)."
                )
            await self._live(installation)
        finally:
            await self._end()
            lock.release()

    def _interrupted(self) -> None:
        """Ctrl-C: stop in order; once more: at once."""
        if self._stop.is_set():
            for child in self._children:
                child.kill()
            self._say("stopping at once; what was acknowledged is on disk")
        self._stop.set()

    async def _ports_free(self, lock: FolderLock) -> None:
        """Check the ports; what a killed start left behind gets time to end."""
        loop = asyncio.get_running_loop()
        until = self._patient_until = loop.time() + (LEFT_OVER_S if lock.left_by is not None else 0)
        while True:
            try:
                return check_ports(self._settings)
            except Unavailable:
                if loop.time() >= until or self._stop.is_set():
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.2)

    async def _live(self, installation: Installation) -> None:
        settings = self._settings
        for name in ("gateway", "consumer", "archiver", "worker", "api"):
            await self._start(name)
        if not await self._wait("API and gateway", self._rooms_ready):
            return
        end_first_start(settings)
        if settings.simulated_cars:
            await self._start("simulate")
            wanted = int(settings.simulated_cars * LIVE_SHARE)
            self._say(f"{settings.simulated_cars} simulated cars are starting")
            if not await self._wait("cars on the map", lambda: self._cars_live(wanted)):
                return
        # A link that the console breaks at the terminal's edge cannot be clicked or copied.
        announcement = f"\nMotorcade is live. Open this link (one use, 15 minutes):\n\n  {installation.link}\n"
        self._console.print(announcement, soft_wrap=True, highlight=False)
        self._console.print("Another link: `motorcade open`. Stop: Ctrl-C.", style="dim")
        await self._stop.wait()
        self._say("stopping")

    async def _start(self, name: str) -> None:
        child = Child(name, self._settings.data_dir / "logs" / f"{name}.log", self._say)
        self._children.append(child)
        await child.start()

    async def _wait(self, what: str, ready: Callable[[], Awaitable[bool]]) -> bool:
        """Wait until something is ready; false when the person stopped us meanwhile."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not await ready():
            if self._stop.is_set():
                return False
            self._refuse_crashing()
            if loop.time() - began > READY_WITHIN_S:
                ends = "\n".join(f"{child.name}: {child.last_lines()}" for child in self._children)
                raise Unavailable(f"{what} did not get ready within {READY_WITHIN_S:.0f} s. Last words:\n{ends}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.2)
        return True

    def _refuse_crashing(self) -> None:
        """Say at once why a room does not get ready, unless a killed start may still hold the stream."""
        if asyncio.get_running_loop().time() < self._patient_until:
            return
        for child in self._children:
            if child.ends >= ENDS_BEFORE_READY:
                words = child.last_lines(1) or "it wrote no line"
                raise Unavailable(f"{child.name} ended {child.ends} times before all was ready. Last words: {words}")

    async def _rooms_ready(self) -> bool:
        # The gateway is asked at its door; through the API one learns only of what the consumer has published.
        return await answers(self._settings, "/readyz") and await opens(self._settings)

    async def _cars_live(self, wanted: int) -> bool:
        """Whether enough cars have shown a place on the live bus: the very thing that the map draws."""
        subscriber = UnixLiveSubscriber(self._settings.live_socket)
        try:
            async with asyncio.timeout(5):
                async for frame in subscriber.frames():
                    placed = sum(1 for value in frame.values.values() if decode_live(value).location)
                    return placed >= wanted
        except TimeoutError:
            return False
        finally:
            await subscriber.close()
        return False

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + STOP_ALL_WITHIN_S
        for name in STOP_ORDER:
            for child in self._children:
                if child.name == name:
                    await child.stop(min(STOP_WITHIN_S, max(0.0, until - loop.time())))
        if self._children:
            self._say("stopped; nothing acknowledged was lost")

    def _say(self, line: str) -> None:
        self._console.print(f"· {line}", style="dim", highlight=False, markup=False, soft_wrap=True)
