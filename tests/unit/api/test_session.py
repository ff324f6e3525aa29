"""Sign in, sign out, passphrase, and the rules of the cookie."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from motorcade.api.deps import ApiDeps, ApiSettings
from motorcade.api.server import check_exposure
from motorcade.domain.errors import Denied
from tests.unit.api.rig import Rig, running

PASSPHRASE = "correct horse battery staple"
JSON = {"content-type": "application/json"}


async def test_a_link_signs_in_once_and_says_when_it_was_used(rig: Rig) -> None:
    link = await rig.identity.make_link()
    async with rig.browser() as browser:
        first = await browser.post("/v1/session", json={"link_token": link})
        who = await browser.get("/v1/session")
        second = await browser.post("/v1/session", json={"link_token": link})
    assert first.status_code == 201
    assert first.json() == who.json()
    assert first.json()["user"]["role"] == "owner"
    assert first.json()["passphrase_set"] is False
    assert (second.status_code, second.json()["type"]) == (401, "/problems/link-spent")
    assert "It was used at 20" in second.json()["detail"]


async def test_the_cookie_is_hidden_from_scripts_and_other_sites(rig: Rig) -> None:
    async with rig.browser() as browser:
        answer = await browser.post("/v1/session", json={"link_token": await rig.identity.make_link()})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("motorcade_session=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_over_https_the_cookie_is_bound_to_the_host(data_dir: Path) -> None:
    settings = ApiSettings(version="0", public_url="https://fleet.example")
    async with running(data_dir, settings) as rig, rig.browser(host="fleet.example") as browser:
        answer = await browser.post("/v1/session", json={"link_token": await rig.identity.make_link()})
    assert answer.headers["set-cookie"].startswith("__Host-motorcade_session=")
    assert "; Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_a_link_does_not_work_through_a_proxy(rig: Rig, header: str) -> None:
    link = await rig.identity.make_link()
    async with rig.browser() as browser:
        answer = await browser.post("/v1/session", json={"link_token": link}, headers={header: "127.0.0.1"})
        after = await browser.post("/v1/session", json={"link_token": link})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/link-not-local")
    assert after.status_code == 201  # the refused try did not spend it


async def test_wrong_and_unknown_credentials_look_the_same(rig: Rig) -> None:
    async with rig.browser() as browser:
        answers = [
            await browser.post("/v1/session", json={"link_token": "never-made"}),
            await browser.post("/v1/session", json={"passphrase": "nobody set one yet"}),
        ]
    assert {(answer.status_code, answer.json()["type"], answer.json()["detail"]) for answer in answers} == {
        (401, "/problems/invalid-credentials", answers[0].json()["detail"])
    }


async def test_many_tries_are_slowed_down(rig: Rig) -> None:
    async with rig.browser() as browser:
        answers = [await browser.post("/v1/session", json={"passphrase": "wrong passphrase"}) for _ in range(30)]
    assert (answers[0].status_code, answers[-1].status_code) == (401, 429)
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "body",
    [{}, {"link_token": "a", "passphrase": "b"}, {"link_token": 5}, {"link_token": ""}, {"other": 1}, [], "text", None],
)
async def test_a_body_that_does_not_fit_is_refused(rig: Rig, body: object) -> None:
    async with rig.browser() as browser:
        answer = await browser.post("/v1/session", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_what_is_no_json_is_refused_without_echo(rig: Rig) -> None:
    async with rig.browser() as browser:
        broken = await browser.post("/v1/session", content=b'{"passphrase": "sec', headers=JSON)
        deep = await browser.post("/v1/session", content=b"[" * 8_000, headers=JSON)
        text = await browser.post("/v1/session", content=b"{}", headers={"content-type": "text/plain"})
        large = await browser.post("/v1/session", content=b" " * 20_000, headers=JSON)
    assert [answer.status_code for answer in (broken, deep, text, large)] == [400, 400, 415, 413]
    assert "sec" not in broken.json()["detail"]


async def test_signing_out_ends_the_session_and_may_be_repeated(rig: Rig) -> None:
    async with rig.browser(await rig.owner()) as browser:
        answers = [await browser.delete("/v1/session") for _ in range(2)]
        after = await browser.get("/v1/session")
    assert [answer.status_code for answer in answers] == [204, 204]
    assert "Max-Age=0" in answers[0].headers["set-cookie"]
    assert after.status_code == 401


async def test_a_passphrase_signs_in_and_changes_only_with_the_one_in_force(rig: Rig) -> None:
    async with rig.browser(await rig.owner()) as browser, rig.browser() as other:
        short = await browser.put("/v1/session/passphrase", json={"passphrase": "x" * 14})
        nobody = await other.put("/v1/session/passphrase", json={"passphrase": PASSPHRASE})
        done = await browser.put("/v1/session/passphrase", json={"passphrase": PASSPHRASE})
        signed_in = await other.post("/v1/session", json={"passphrase": PASSPHRASE})
        wrong = await browser.put("/v1/session/passphrase", json={"passphrase": "y" * 15, "current": "no"})
        changed = await browser.put("/v1/session/passphrase", json={"passphrase": "y" * 15, "current": PASSPHRASE})
        elsewhere = await other.get("/v1/session")
    codes = [answer.status_code for answer in (short, nobody, done, signed_in, wrong, changed, elsewhere)]
    assert codes == [422, 401, 204, 201, 403, 204, 401]
    assert signed_in.json()["passphrase_set"] is True
    assert "x" * 14 not in short.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_other_sites_cannot_change_anything(rig: Rig, headers: dict[str, str]) -> None:
    async with rig.browser(await rig.owner(), **headers) as browser:
        answers = [
            await browser.delete("/v1/session"),
            await browser.post("/v1/session", json={"passphrase": PASSPHRASE}),
            await browser.put("/v1/session/passphrase", json={"passphrase": PASSPHRASE}),
        ]
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(403, "/problems/cross-site")] * 3


async def test_our_own_pages_may(rig: Rig) -> None:
    async with rig.browser(await rig.owner(), origin=rig.url, **{"sec-fetch-site": "same-origin"}) as browser:
        answer = await browser.delete("/v1/session")
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1:8080", "localhost@x"]
)
async def test_a_name_that_was_rebound_to_loopback_is_refused(rig: Rig, host: str) -> None:
    async with rig.browser(await rig.owner(), host=host) as browser:
        answers = [await browser.get("/v1/vehicles"), await browser.get("/")]
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(421, "/problems/wrong-host")] * 2


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8080"])
async def test_the_names_of_loopback_are_answered(rig: Rig, host: str) -> None:
    async with rig.browser(host=host) as browser:
        assert (await browser.get("/healthz")).status_code == 200


async def test_nothing_listens_beyond_loopback_without_passphrase_and_tls(rig: Rig) -> None:
    def exposed(public_url: str) -> ApiSettings:
        return ApiSettings(version="0", host="0.0.0.0", beyond_loopback=True, public_url=public_url)

    def deps(settings: ApiSettings) -> ApiDeps:
        return replace(rig.deps, settings=settings)

    with pytest.raises(Denied, match="no passphrase is set"):
        await check_exposure(deps(exposed(public_url="https://fleet.example")))
    async with rig.browser(await rig.owner()) as browser:
        await browser.put("/v1/session/passphrase", json={"passphrase": PASSPHRASE})
    with pytest.raises(Denied, match="without TLS"):
        await check_exposure(deps(exposed(public_url="http://fleet.example")))
    await check_exposure(deps(exposed(public_url="https://fleet.example")))


async def test_a_body_that_never_comes_does_not_hold_a_place(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motorcade.api.edge.BODY_TIMEOUT_S", 0.3)
    head = "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.deps.settings.port, family=socket.AF_INET)
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    await writer.wait_closed()
    assert b" 408 " in answer


async def test_every_answer_carries_the_security_headers_and_no_server_name(rig: Rig) -> None:
    async with rig.browser() as browser:
        answers: list[httpx.Response] = [
            await browser.get(path) for path in ("/healthz", "/nowhere.txt", "/v1/nowhere", "/v1/session", "/")
        ]
        answers.append(await browser.post("/healthz"))
    assert [answer.status_code for answer in answers] == [200, 404, 404, 401, 503, 405]
    for answer in answers:
        assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        assert "server" not in answer.headers
    assert answers[-1].headers["allow"]
    assert {answer.headers["content-type"] for answer in answers[1:4]} == {"application/problem+json"}
    assert {answer.headers.get("cache-control") for answer in answers[2:4]} == {"no-store"}
    assert answers[3].json()["request_id"] == answers[3].headers["x-request-id"]
