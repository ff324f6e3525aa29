"""The outermost layer: what holds for every request before and after routing.

It gives each request its id, refuses wrong hosts and other sites, bounds how long a body may take, adds the security
headers and writes one line of access log (method, path, status, time; never a query, a cookie or a body).
"""

import asyncio
import uuid
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from motorcade.api.deps import ApiDeps, ApiSettings
from motorcade.api.problems import MEDIA_TYPE, ApiProblem, problem_of
from motorcade.observability.logs import get_logger

BODY_TIMEOUT_S: Final = 10.0
"""From the request's head to the end of its body; our bodies have a few hundred bytes."""
STREAM_PATH: Final = "/v1/live"
API_PATHS: Final = frozenset({"/v1", "/healthz", "/readyz", "/openapi.json", "/config.json"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NS_PER_MS: Final = 1_000_000
_YEAR_S: Final = 31_536_000

_log = get_logger("motorcade.api.access")


class Edge:
    """Wraps the API's routes and the web application."""

    def __init__(self, api: ASGIApp, web: ASGIApp, deps: ApiDeps) -> None:
        self._api, self._web, self._settings, self._clock = api, web, deps.settings, deps.clock
        self._headers = security_headers(deps.settings)
        self._metrics = deps.metrics
        self._took = deps.metrics.spread("motorcade_api_request_seconds")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            return  # WebSockets are not served; closing without accepting refuses them
        request_id = str(uuid.uuid4())
        scope["state"]["request_id"] = request_id
        began_ns = self._clock.monotonic_ns()
        status = 0
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        path = scope["path"]
        api = is_api(path)
        if api:
            headers.append((b"cache-control", b"no-store"))

        async def send_edged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in headers if pair[0] not in present)]
            await send(message)

        try:
            await self._serve(scope, receive, send_edged)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the last net: counted as an answer, logged once
            _log.error("request_failed", request_id=request_id, exc_info=error)
            if status == 0:
                await _refuse(problem_of(error), request_id, send_edged)
        finally:
            took_ms = (self._clock.monotonic_ns() - began_ns) / _NS_PER_MS
            self._metrics.count("motorcade_api_requests_total", f"{status // 100}xx").add()
            if path != STREAM_PATH:
                self._took.observe(took_ms / 1_000)
            write = _log.debug if path in {"/healthz", "/readyz"} else _log.info
            write("request", method=scope["method"], path=path, status=status, ms=round(took_ms, 1), id=request_id)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"])
        refusal = self._refusal(scope, sent)
        if refusal is not None:
            await _refuse(refusal, scope["state"]["request_id"], send)
        elif is_api(scope["path"]):
            await self._api(scope, receive if scope["method"] in _SAFE else _Timely(receive), send)
        else:
            await self._web(scope, receive, send)

    def _refusal(self, scope: Any, sent: dict[bytes, bytes]) -> ApiProblem | None:
        host = sent.get(b"host", b"").decode("latin-1")
        names = self._settings.host_names
        if names is not None and _name_of(host) not in names:
            return ApiProblem("wrong-host", "Use the address that this server was started with.")
        if not is_api(scope["path"]):
            return None
        if self._is_cross_site(host, sent, unsafe=scope["method"] not in _SAFE):
            return ApiProblem("cross-site", "Only pages of this server may call its API from a browser.")
        has_body = sent.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in sent
        kind = sent.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if has_body and kind != b"application/json":
            return ApiProblem("not-json", "Send the body as application/json.")
        return None

    def _is_cross_site(self, host: str, sent: dict[bytes, bytes], *, unsafe: bool) -> bool:
        """Whether a browser says that another site's page made this request. Programs say neither."""
        site = sent.get(b"sec-fetch-site")
        if site is not None and site != b"same-origin" and (unsafe or site != b"none"):
            return True
        origin = sent.get(b"origin")
        if origin is None:
            return False
        public = self._settings.public_url
        scheme = "https" if self._settings.cert else "http"
        ours = {f"{scheme}://{host}".lower()} | ({_origin_of(public)} if public else set())
        return origin.decode("latin-1").lower() not in ours


class _Timely:
    """A `receive` that gives up on a body that does not arrive."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._waiting = receive, True

    async def __call__(self) -> Any:
        if not self._waiting:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), BODY_TIMEOUT_S)
        except TimeoutError:
            raise ApiProblem("too-slow", f"The body did not arrive within {BODY_TIMEOUT_S:.0f} s.") from None
        self._waiting = bool(message.get("more_body", False))
        return message


def is_api(path: str) -> bool:
    """Whether a path belongs to the API; everything else is the web application."""
    return path in API_PATHS or path.startswith("/v1/")


def security_headers(settings: ApiSettings) -> list[tuple[bytes, bytes]]:
    """Headers of every response."""
    map_site = f" {_origin_of(settings.map_style_url)}" if settings.map_style_url else ""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{map_site}; "
        f"connect-src 'self'{map_site}; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if settings.secure:
        headers["strict-transport-security"] = f"max-age={_YEAR_S}"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _refuse(problem: ApiProblem, request_id: str, send: Send) -> None:
    body = problem.body(request_id)
    headers = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    headers += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _name_of(host: str) -> str:
    """A Host header without its port, lower case; IPv6 addresses keep their brackets."""
    end = host.rfind("]") + 1
    return host[:end].lower() if end else host.partition(":")[0].lower()


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
