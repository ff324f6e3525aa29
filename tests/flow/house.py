"""A whole installation on loopback for flow tests: real processes, real files, real sockets."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.tenant import SystemScope
from motorcade.domain.vehicle import Vehicle
from motorcade.repositories.claims import ClaimsRepository
from motorcade.repositories.tables import ALL
from motorcade.simulator.dev_ca import client_context, issue_vehicle, open_server_authority, open_vehicle_authority
from motorcade.simulator.link import Gateway, Link, LinkEvents, open_link
from tests.conditions import free_port

START_WITHIN_S = 30.0


@dataclass
class House:
    """One data folder with the processes that work on it."""

    folder: Path
    vehicle_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    org_id: str = ""
    metrics_ports: dict[str, int] = field(default_factory=dict)
    """Room → port of its metrics page; without one it has none."""

    @property
    def environment(self) -> dict[str, str]:
        """What the processes see."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("MOTORCADE_")},  # noqa: TID251 - handed on
            "MOTORCADE_DATA_DIR": str(self.folder),
            "MOTORCADE_VEHICLE_PORT": str(self.vehicle_port),
            "MOTORCADE_HTTP_PORT": str(self.http_port),
            **{
                f"MOTORCADE_{room.upper()}_METRICS_PORT": str(self.metrics_ports.get(room, 0))
                for room in ("gateway", "consumer", "archiver", "worker", "api")
            },
        }

    async def claim(self, vins: Sequence[str]) -> dict[str, Vehicle]:
        """Make the first owner and claim cars; gives VIN → vehicle."""
        for name in ("run", "tls", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        create_root_key(self.folder / "root.key")
        clock, keys = SystemClock(), FileKeys(self.folder / "root.key")
        store = SqliteStore(self.folder / "store.db", clock, ALL)
        try:
            owner = await LocalIdentity(store, keys, clock).ensure_owner()
            self.org_id = owner.org_id
            claims = ClaimsRepository(SystemScope("test"), store, keys, clock)
            return {vin: await claims.claim(vin, owner.org_id, f"Car {vin[-3:]}", "Model 3") for vin in vins}
        finally:
            await store.close()

    def start(self, room: str, *, crash_at: str = "") -> None:
        """Start a room as a process of its own, which may kill itself at a crash point."""
        with (self.folder / "logs" / f"{room}.log").open("ab") as log:
            self.processes[room] = subprocess.Popen(
                [sys.executable, "-m", "motorcade", room],
                env={**self.environment, "MOTORCADE_CRASH_AT": crash_at},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def command(self, *words: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run `motorcade` with these words to its end."""
        return subprocess.run(
            [sys.executable, "-m", "motorcade", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    def kill(self, room: str) -> None:
        """SIGKILL, as a power cut does it to a process."""
        process = self.processes[room]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self, room: str) -> int:
        """SIGTERM and wait; gives the exit code."""
        process = self.processes.pop(room)
        process.terminate()
        return process.wait(START_WITHIN_S)

    def stop_all(self) -> None:
        """End every process that is left."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()

    def log(self, room: str) -> str:
        """What a room has written."""
        return (self.folder / "logs" / f"{room}.log").read_text()

    async def connect(self, vin: str, events: LinkEvents) -> Link:
        """One car's connection.

        Raises:
            Unavailable, Denied: it could not be opened.
        """
        server_ca = open_server_authority(self.folder / "tls", SystemClock()).certificate_path.read_text()
        gateway = Gateway("127.0.0.1", self.vehicle_port, server_ca)
        return await open_link(gateway, self.context(vin), {"Version": "1.3.0"}, events)

    def context(self, vin: str) -> ssl.SSLContext:
        """TLS of one car: its certificate, and trust in this house's gateway."""
        clock = SystemClock()
        server_ca = open_server_authority(self.folder / "tls", clock).certificate_path.read_text()
        return client_context(issue_vehicle(open_vehicle_authority(self.folder / "tls", clock), vin, clock), server_ca)

    async def until_open(self) -> None:
        """Wait until the vehicle port takes connections."""
        async with asyncio.timeout(START_WITHIN_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.vehicle_port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                return
