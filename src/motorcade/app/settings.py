"""Every setting, its default and its reason: the only reader of the environment."""

import difflib
import os
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from motorcade.domain.errors import Invalid
from motorcade.observability.crash_points import SPEC

PREFIX = "MOTORCADE_"
SWITCHES_OF_TESTS = (f"{PREFIX}TEST_", f"{PREFIX}UPDATE_")
"""Set for a run of the tests, whose processes inherit them."""


class Settings(BaseSettings):
    """Settings of one process, from variables named `MOTORCADE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    data_dir: Path = Field(Path("data"), description="Folder that holds everything Motorcade keeps on this machine.")

    vehicle_host: str = Field(
        "127.0.0.1", description="Address on which vehicles connect. `0.0.0.0` opens it to the network."
    )
    vehicle_port: int = Field(4443, ge=0, le=65535, description="Port on which vehicles connect (TLS).")
    vehicle_names: str = Field(
        "localhost,127.0.0.1", description="Comma-separated host names in the vehicle port's own certificate."
    )
    vehicle_cert: Path | None = Field(None, description="PEM chain for the vehicle port instead of Motorcade's own.")
    vehicle_key: Path | None = Field(None, description="PEM key that belongs to `MOTORCADE_VEHICLE_CERT`.")
    vehicle_anchors: Path | None = Field(
        None, description="PEM file of the car maker's certificate authorities. Unset: only simulated cars may connect."
    )
    max_connections: int = Field(
        12_000, ge=1, description="Vehicle connections of one gateway; each takes about 60 kB of memory."
    )

    http_host: str = Field(
        "127.0.0.1", description="Address of web and API. Anything beyond loopback needs a passphrase and TLS."
    )
    http_port: int = Field(8080, ge=0, le=65535, description="Port of web and API.")
    http_cert: Path | None = Field(None, description="PEM chain for web and API; needed beyond loopback.")
    http_key: Path | None = Field(None, description="PEM key that belongs to `MOTORCADE_HTTP_CERT`.")
    public_url: str | None = Field(
        None, description="https:// address people use when a proxy ends TLS in front of the API."
    )
    web_dir: Path | None = Field(None, description="Folder of the built web application; unset: the packaged one.")
    map_style_url: str | None = Field(
        None, description="MapLibre style of an online map; unset: the offline map. Its host must be reachable."
    )

    gateway_metrics_port: int = Field(9101, ge=0, le=65535, description="Loopback port of the gateway's metrics.")
    consumer_metrics_port: int = Field(9102, ge=0, le=65535, description="Loopback port of the consumer's metrics.")
    worker_metrics_port: int = Field(9104, ge=0, le=65535, description="Loopback port of the worker's metrics.")
    archiver_metrics_port: int = Field(9105, ge=0, le=65535, description="Loopback port of the archiver's metrics.")
    api_metrics_port: int = Field(9103, ge=0, le=65535, description="Loopback port of the API's metrics.")

    simulated_cars: int = Field(200, ge=0, le=10_000, description="Simulated cars that `motorcade run` starts.")
    stream_retention_h: int = Field(72, ge=72, description="Hours that the stream keeps records; 72 at least.")
    archive_flush_s: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest time in seconds until a record is in the archive; late data waits for it.",
    )
    archive_merge_s: float = Field(
        600.0, gt=0, le=86_400, description="Seconds between rounds that merge the archive's small objects."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe line to log.")
    crash_at: str = Field(
        "", pattern=SPEC, description="For tests only: the named place at which a room kills itself, as `name:n`."
    )

    @cached_property
    def stream_path(self) -> Path:
        """Database of the stream."""
        return self.data_dir / "stream.db"

    @cached_property
    def store_path(self) -> Path:
        """Database of the store."""
        return self.data_dir / "store.db"

    @cached_property
    def queue_path(self) -> Path:
        """Database of the queue."""
        return self.data_dir / "queue.db"

    @cached_property
    def archive_dir(self) -> Path:
        """Folder of the archive's objects."""
        return self.data_dir / "archive"

    @cached_property
    def root_key_path(self) -> Path:
        """The root key, readable by its owner only."""
        return self.data_dir / "root.key"

    @cached_property
    def run_dir(self) -> Path:
        """Sockets and locks; nothing in it outlives the processes."""
        return self.data_dir / "run"

    @cached_property
    def tls_dir(self) -> Path:
        """Certificates of the vehicle port and of the simulator."""
        return self.data_dir / "tls"

    @cached_property
    def live_socket(self) -> Path:
        """Socket of the live bus."""
        return self.run_dir / "live.sock"

    @property
    def beyond_loopback(self) -> bool:
        """Whether web and API are reachable from other machines."""
        if self.http_host == "localhost":
            return False
        try:
            return not ip_address(self.http_host).is_loopback
        except ValueError:
            return True

    @property
    def local_http_host(self) -> str:
        """Where this very machine reaches web and API."""
        return _nearby(self.http_host)

    @property
    def local_vehicle_host(self) -> str:
        """Where this very machine reaches the vehicle port."""
        return _nearby(self.vehicle_host)

    @property
    def local_url(self) -> str:
        """Address of the web application on this very machine: a sign-in link works nowhere else, not even by proxy."""
        scheme = "https" if self.http_cert else "http"
        host = f"[{self.local_http_host}]" if ":" in self.local_http_host else self.local_http_host
        return f"{scheme}://{host}:{self.http_port}"


def _nearby(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    return everywhere.get(host, host)


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        Invalid: a value is wrong, or a variable that looks like a setting is none; the message names the variable
            and what is allowed.
    """
    _refuse_unknown()
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise Invalid(f"{name}: {first['msg']} (given: {first['input']!r})") from error
    for door in ("vehicle", "http"):
        _refuse_half(door, getattr(settings, f"{door}_cert"), getattr(settings, f"{door}_key"))
    return settings


def _refuse_half(door: str, cert: Path | None, key: Path | None) -> None:
    """One without the other would be ignored, and another certificate shown than the one that was set."""
    if (cert is None) != (key is None):
        given, missing = ("CERT", "KEY") if key is None else ("KEY", "CERT")
        name = f"{PREFIX}{door.upper()}"
        raise Invalid(f"{name}_{given} needs {name}_{missing} as well; set both or neither")


def _refuse_unknown() -> None:
    """A misspelt name would leave its default in force unnoticed."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):
        bare = name.upper().removeprefix(PREFIX)
        if bare == name.upper() or bare in known or name.startswith(SWITCHES_OF_TESTS):
            continue
        near = difflib.get_close_matches(bare, known, 1)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "docs/reference/settings.md lists them all"
        raise Invalid(f"{name} is no setting; {hint}")
