"""The built web application as files: precompressed, cached for ever where the name carries a hash, else revalidated.

Only files that lay in the folder when they are asked for are served, looked up by name in an index, so no path can lead
out of it. Addresses of pages (no dot in the last part) get `index.html`; the application routes by itself.
"""

import asyncio
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from motorcade.api.problems import MEDIA_TYPE, ApiProblem

IMMUTABLE: Final = b"public, max-age=31536000, immutable"
REVALIDATE: Final = b"no-cache"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Files are answered from memory; the largest of ours, the base map, has 3 MB."""
MAX_ASSETS: Final = 512
"""Files kept in memory; a build of ours has a tenth of that. More can only be left over from builds before."""
ENCODINGS: Final = ((b"br", ".br"), (b"gzip", ".gz"))
NOT_BUILT: Final = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Motorcade: the web application is not built</title>
<h1>The web application is not built</h1>
<p>Run <code>make web</code> in the project's folder, then load this page again. The API works without it.</p>
</html>
"""
TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".pmtiles": "application/octet-stream",
    ".woff2": "font/woff2",
}

_ROUNDABOUT: Final = frozenset({"", ".", ".."})
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in memory with its forms by content coding."""

    stamp: tuple[int, int]  # size and time of change, to notice a new build
    etag: bytes
    media_type: bytes
    body: bytes
    coded: dict[bytes, bytes]


class WebApp:
    """Serves the folder of a build."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder is not None else None
        self._assets: dict[str, Asset] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            return
        sent = dict(scope["headers"])
        if scope["method"] not in {"GET", "HEAD"}:
            status, headers, body = self._problem("method-not-allowed", scope, [(b"allow", b"GET, HEAD")])
        else:
            status, headers, body = await self._answer(scope, sent)
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False}
        )

    async def _answer(self, scope: Any, sent: dict[bytes, bytes]) -> tuple[int, list[Header], bytes]:
        name = scope["path"].lstrip("/")
        page = "." not in name.rpartition("/")[2]
        asset = await self._load("index.html" if page else name)
        if asset is None and page:
            return 503, [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")], NOT_BUILT
        if asset is None:
            return self._problem("not-found", scope, [])
        headers = [
            (b"etag", asset.etag),
            (b"cache-control", IMMUTABLE if name.startswith("assets/") else REVALIDATE),
            (b"vary", b"accept-encoding"),
            (b"accept-ranges", b"bytes"),
        ]
        if sent.get(b"if-none-match") == asset.etag:
            return 304, headers, b""
        headers.append((b"content-type", asset.media_type))
        if b"range" in sent and sent.get(b"if-range", asset.etag) == asset.etag:
            part = _range(sent[b"range"], len(asset.body))
            if part is not None:
                start, stop = part
                headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, len(asset.body))))
                return 206, headers, asset.body[start:stop]
        wanted = {coding.partition(b";")[0].strip() for coding in sent.get(b"accept-encoding", b"").split(b",")}
        for coding, _ in ENCODINGS:
            if coding in wanted and coding in asset.coded:
                return 200, [*headers, (b"content-encoding", coding)], asset.coded[coding]
        return 200, headers, asset.body

    async def _load(self, name: str) -> Asset | None:
        """A file of the build, from memory unless it changed; None where there is none."""
        # One name a file: `./x` and `x//y` would be kept as files of their own, for anybody who asks.
        if self._folder is None or "\0" in name or name.endswith((".br", ".gz")) or _ROUNDABOUT & {*name.split("/")}:
            return None
        try:
            place = (self._folder / name).resolve()
            if not place.is_relative_to(self._folder) or not place.is_file():
                return None
            stat = place.stat()
        except OSError:
            return None
        stamp = (stat.st_size, stat.st_mtime_ns)
        kept_as = place.relative_to(self._folder).as_posix()
        known = self._assets.get(kept_as)
        if known is None or known.stamp != stamp:
            if stat.st_size > MAX_FILE_BYTES:
                return None
            known = await asyncio.to_thread(_read, place, stamp)
            if len(self._assets) >= MAX_ASSETS and kept_as not in self._assets:
                self._assets.pop(next(iter(self._assets)), None)
            self._assets[kept_as] = known
        return known

    @staticmethod
    def _problem(slug: str, scope: Any, headers: list[Header]) -> tuple[int, list[Header], bytes]:
        problem = ApiProblem(slug, "The web application has no such file.")
        body = problem.body(scope["state"]["request_id"])
        return problem.status, [*headers, (b"content-type", MEDIA_TYPE.encode())], body


def _read(place: Path, stamp: tuple[int, int]) -> Asset:
    body = place.read_bytes()
    coded = {}
    for coding, ending in ENCODINGS:
        beside = place.with_name(place.name + ending)
        if beside.is_file():
            coded[coding] = beside.read_bytes()
    guessed = TYPES.get(place.suffix) or mimetypes.guess_type(place.name)[0] or "application/octet-stream"
    etag = b'W/"%b"' % hashlib.sha256(body).hexdigest()[:24].encode()
    return Asset(stamp, etag, guessed.encode(), body, coded)


def _range(header: bytes, size: int) -> tuple[int, int] | None:
    """(start, stop) of a single byte range that lies in the file; None serves the whole, as the standard allows."""
    unit, _, spec = header.partition(b"=")
    first, dash, last = spec.strip().partition(b"-")
    if unit.strip() != b"bytes" or not dash or (first and not first.isdigit()) or (last and not last.isdigit()):
        return None
    if not first:
        start, stop = max(0, size - int(last or b"0")), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    return (start, stop) if start < stop else None
