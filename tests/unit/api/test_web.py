"""The web application's files."""

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from motorcade.api.deps import ApiSettings
from motorcade.api.routes import web
from tests.unit.api.rig import Rig, running

SCRIPT = b"console.log('live')\n" * 200


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built application with its precompressed files."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Motorcade</title>")
    (folder / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets" / "main-1a2b.js.br").write_bytes(b"brotli, as far as this test knows")
    (folder / "world.pmtiles").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "secret.txt").write_text("outside")
    (folder / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def get(built: Path, data_dir: Path, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """One answer of a room that serves the build."""
    settings = ApiSettings(version="0", web_dir=built)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with running(data_dir, settings) as rig, rig.browser(None, **named) as browser:
        request = browser.build_request(method, path)
        return await browser.send(request)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/vehicles/abc"])
async def test_pages_get_the_application_fresh(built: Path, data_dir: Path, path: str) -> None:
    answer = await get(built, data_dir, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert "Motorcade" in answer.text


async def test_hashed_files_are_kept_for_ever_and_sent_compressed(built: Path, data_dir: Path) -> None:
    answer = await get(built, data_dir, "/assets/main-1a2b.js", accept_encoding="gzip")
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert int(answer.headers["content-length"]) < len(SCRIPT)


async def test_a_file_that_has_not_changed_is_not_sent_again(built: Path, data_dir: Path) -> None:
    first = await get(built, data_dir, "/")
    second = await get(built, data_dir, "/", if_none_match=first.headers["etag"])
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize(
    "wanted, status, start, stop",
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=1000-", 206, 1000, 1024),
        ("bytes=-4", 206, 1020, 1024),
        ("bytes=5-99999", 206, 5, 1024),
        ("bytes=9-2", 200, 0, 1024),
        ("bytes=99999-", 200, 0, 1024),
        ("bytes=0-1,4-5", 200, 0, 1024),
        ("lines=0-1", 200, 0, 1024),
    ],
)
async def test_the_base_map_is_read_in_parts(
    built: Path, data_dir: Path, wanted: str, status: int, start: int, stop: int
) -> None:
    answer = await get(built, data_dir, "/world.pmtiles", range=wanted)
    assert answer.status_code == status
    assert answer.content == (bytes(range(256)) * 4)[start:stop]
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/way-out.txt",
        "/assets/main-1a2b.js.gz",
        "/no.js",
        "//etc/hosts.txt",
        "/x%00.txt",
    ],
)
async def test_nothing_outside_the_build_is_served(built: Path, data_dir: Path, path: str) -> None:
    answer = await get(built, data_dir, path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "outside" not in answer.text


@pytest.mark.parametrize("path", ["/./world.pmtiles", "/assets//main-1a2b.js", "/assets/../world.pmtiles"])
async def test_a_file_has_one_address_only(built: Path, path: str) -> None:
    served = web.WebApp(built)
    assert (await ask(served, path), served._assets) == (404, {})


async def test_what_is_kept_in_memory_is_bounded(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_ASSETS", 3)
    served = web.WebApp(built)
    for number in range(10):
        (built / f"old-{number}.js").write_text("x")
        assert await ask(served, f"/old-{number}.js") == 200
    (built / "again.js").symlink_to(built / "old-9.js")
    assert await ask(served, "/again.js") == 200
    assert list(served._assets) == ["old-7.js", "old-8.js", "old-9.js"]


async def ask(served: web.WebApp, path: str) -> int:
    """The status of a request that no client has tidied up."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "HEAD", "path": path, "headers": [], "state": {"request_id": "x"}}
    await served(scope, None, send)  # type: ignore[arg-type]  # it reads no body
    status: int = sent[0]["status"]
    return status


async def test_only_reading_is_allowed(built: Path, data_dir: Path) -> None:
    answer = await get(built, data_dir, "/", method="POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    head = await get(built, data_dir, "/", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_missing_build_says_what_to_do(rig: Rig) -> None:
    async with rig.browser() as browser:
        answer = await browser.get("/")
        config = await browser.get("/config.json")
    assert answer.status_code == 503
    assert "make web" in answer.text
    assert config.json()["map"]["style_url"] is None


async def test_an_online_map_is_let_through_the_content_policy(data_dir: Path) -> None:
    settings = ApiSettings(version="0", map_style_url="https://tiles.example/style.json?key=1")
    async with running(data_dir, settings) as rig, rig.browser() as browser:
        answer = await browser.get("/config.json")
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'self' https://tiles.example;" in policy
    assert "img-src 'self' data: https://tiles.example;" in policy
    assert answer.json()["map"]["style_url"] == "https://tiles.example/style.json?key=1"


@pytest.mark.parametrize(
    "host, names",
    [
        ("127.0.0.2", {"127.0.0.2", "127.0.0.1", "localhost", "[::1]"}),
        ("::1", {"127.0.0.1", "localhost", "[::1]"}),
    ],
)
def test_the_configured_loopback_address_is_a_name_of_ours(host: str, names: set[str]) -> None:
    assert ApiSettings(version="0", host=host).host_names == frozenset(names)


def test_another_machines_address_is_no_name_that_a_public_address_lets_in() -> None:
    settings = ApiSettings(version="0", host="10.0.0.1", beyond_loopback=True, public_url="https://fleet.example")
    assert settings.host_names == frozenset({"127.0.0.1", "localhost", "[::1]", "fleet.example"})


async def test_readiness_names_what_is_missing(rig: Rig) -> None:
    async with rig.browser() as browser:
        ready = await browser.get("/readyz")
        await rig.publisher.close()
        away = ready
        while away.status_code == 200:
            away = await browser.get("/readyz")
        alive = await browser.get("/healthz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "missing": {}})
    assert away.json() == {"status": "not_ready", "missing": {"live": "no connection to the consumer's live bus"}}
    assert alive.json() == {"status": "ok"}
