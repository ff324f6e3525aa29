"""What the API needs from outside; `app/` wires it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.identity import Identity
from motorcade.ports.keys import Keys
from motorcade.ports.live import LiveSubscriber
from motorcade.ports.store import Store
from motorcade.repositories.vehicles import AllVehicles

ReadyCheck = Callable[[], Awaitable[str | None]]
"""None when ready, else what is missing."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of the room.

    Attributes:
        version: of the program.
        host: address to listen on.
        port: port to listen on; 0 = any free one.
        beyond_loopback: whether other machines reach that address.
        cert: PEM chain; with it the room speaks https itself.
        key: the PEM key that belongs to it.
        public_url: https:// address when a proxy ends TLS in front of us.
        web_dir: the built web application, None when it is not built.
        map_style_url: style of an online map, None for the offline one.
    """

    version: str
    host: str = "127.0.0.1"
    port: int = 8080
    beyond_loopback: bool = False
    cert: Path | None = None
    key: Path | None = None
    public_url: str | None = None
    web_dir: Path | None = None
    map_style_url: str | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https only."""
        return self.cert is not None or (self.public_url or "").startswith("https://")

    @property
    def cookie(self) -> str:
        """Name of the session's cookie. Browsers accept the `__Host-` prefix only over https."""
        return "__Host-motorcade_session" if self.secure else "motorcade_session"

    @property
    def host_names(self) -> frozenset[str] | None:
        """Names (without port) that a request may be addressed to; None = any.

        On loopback a page of another site could reach us under its own name (DNS rebinding), so only loopback's
        names count. Beyond it TLS ties the name to our certificate, and we know only the public address.
        """
        public = {urlsplit(self.public_url).hostname or ""} if self.public_url else set()
        if self.beyond_loopback and not public:
            return None
        own = {f"[{self.host}]" if ":" in self.host else self.host.lower()}  # 127.0.0.2 is loopback as well
        return LOOPBACK_NAMES | public | (set() if self.beyond_loopback else own)


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """The doors that the API uses, and more things that must be ready before it is."""

    clock: Clock
    identity: Identity
    keys: Keys
    store: Store
    live: LiveSubscriber
    vehicles: AllVehicles
    settings: ApiSettings
    ready: Mapping[str, ReadyCheck] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
