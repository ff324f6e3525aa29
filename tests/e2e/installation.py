"""`motorcade run` as a person starts it: one process of ours, with its rooms below it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.conditions import free_port

START_WITHIN_S = 90.0
"""A start takes five seconds; a machine that runs other tests besides may take many times that."""
STOP_WITHIN_S = 40.0
"""A stop takes two seconds; the supervisor kills what has not ended after thirty."""
ANSWER_WITHIN_S = 30.0
LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in#[\w-]+")
LAST_CHARACTERS = 1_500


def until(what: str, holds: Callable[[], bool], within_s: float, every_s: float = 0.05) -> float:
    """Wait for something to become true and return how many seconds that took."""
    began = time.perf_counter()
    while not holds():
        assert time.perf_counter() - began < within_s, f"{what}: not within {within_s:g} s"
        time.sleep(every_s)
    return time.perf_counter() - began


def short_folder() -> Path:
    """An empty folder whose path leaves room for a Unix socket's name."""
    return Path(tempfile.mkdtemp(prefix="mc-", dir="/tmp"))


@dataclass
class Installation:
    """One data folder, its ports and the supervisor that runs in it."""

    folder: Path = field(default_factory=short_folder)
    cars: int = 200
    http_port: int = field(default_factory=free_port)
    vehicle_port: int = field(default_factory=free_port)
    columns: int = 80
    run: subprocess.Popen[bytes] | None = None
    started_in_s: float = 0.0

    @property
    def base_url(self) -> str:
        """Where the web application is."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the process sees: nothing of the person's own settings, and no port that anything else may hold."""
        inherited = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - handed on
            if not name.startswith("MOTORCADE_")
        }
        return {
            **inherited,
            "COLUMNS": str(self.columns),
            "MOTORCADE_DATA_DIR": str(self.folder),
            "MOTORCADE_HTTP_PORT": str(self.http_port),
            "MOTORCADE_VEHICLE_PORT": str(self.vehicle_port),
            "MOTORCADE_SIMULATED_CARS": str(self.cars),
            "MOTORCADE_GATEWAY_METRICS_PORT": "0",
            "MOTORCADE_CONSUMER_METRICS_PORT": "0",
            "MOTORCADE_WORKER_METRICS_PORT": "0",
            "MOTORCADE_ARCHIVER_METRICS_PORT": "0",
            "MOTORCADE_API_METRICS_PORT": "0",
        }

    @property
    def output(self) -> str:
        """Everything that the current run has printed."""
        return (self.folder / "run.out").read_text(encoding="utf-8")

    @property
    def link(self) -> str:
        """The one-time link that it printed."""
        found = LINK.search(self.output)
        assert found, f"no sign-in link in:\n{self.output}"
        return found[0]

    def start(self) -> None:
        """Start it and wait for the sign-in link, as a person does."""
        with (self.folder / "run.out").open("wb") as output:
            self.run = subprocess.Popen(
                [sys.executable, "-m", "motorcade", "run"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        run = self.run

        def printed() -> bool:
            assert run.poll() is None, f"it ended with {run.returncode}:\n{self.output}"
            return LINK.search(self.output) is not None

        try:
            self.started_in_s = until("the sign-in link", printed, START_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.last_words()}") from None

    def last_words(self) -> str:
        """What the supervisor and its rooms have said at last, for whoever asks why a start failed."""
        ends = [f"run: {self.output}"]
        ends += [f"{log.stem}: {log.read_text()[-LAST_CHARACTERS:]}" for log in (self.folder / "logs").glob("*.log")]
        return "\n".join(ends)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `motorcade` command with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "motorcade", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_WITHIN_S,
        )

    def fresh_link(self) -> str:
        """The link that `motorcade open` prints."""
        done = self.command("open")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A signed-in program: it uses a fresh link as the browser would."""
        headers = {"Origin": self.base_url}
        with httpx.Client(base_url=self.base_url, headers=headers, timeout=ANSWER_WITHIN_S) as client:
            answer = client.post("/v1/session", json={"link_token": self.fresh_link().split("#")[1]})
            assert answer.status_code == 201, answer.text
            yield client

    def rooms(self) -> dict[str, psutil.Process]:
        """The processes below the supervisor, by the name of their room."""
        assert self.run is not None
        children = psutil.Process(self.run.pid).children()
        return {child.cmdline()[3]: child for child in children}

    def interrupt(self) -> tuple[int, float]:
        """Press Ctrl-C; gives the exit code and how many seconds the end took."""
        assert self.run is not None
        began = time.perf_counter()
        self.run.send_signal(signal.SIGINT)
        code = self.run.wait(STOP_WITHIN_S)
        return code, time.perf_counter() - began

    def end(self) -> None:
        """Leave nothing behind, whatever has happened."""
        if self.run is not None and self.run.poll() is None:
            rooms = list(self.rooms().values())
            self.run.terminate()
            try:
                self.run.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.run.kill()
                self.run.wait()
                for room in rooms:
                    room.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
