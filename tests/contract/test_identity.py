"""The contract of `ports/identity.py`, on every adapter."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.domain.errors import Denied, Invalid, LinkSpent, Throttled
from motorcade.ports.identity import Identity
from tests.contract.rigs import IDENTITIES, NS_PER_S, EmbeddedIdentity

RIGHT = "a sentence that nobody guesses"
WRONG = "another sentence of that length"
HOME = "127.0.0.1"
MINUTE_S = 60
DAY_S = 24 * 3600


@pytest.fixture(params=IDENTITIES)
async def rig(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[EmbeddedIdentity]:
    one = IDENTITIES[request.param](data_dir)
    yield one
    await one.store.close()


@pytest.fixture
async def identity(rig: EmbeddedIdentity) -> Identity:
    return await rig.open()


async def with_passphrase(identity: Identity) -> None:
    _, session = await identity.redeem_link(await identity.make_link())
    await identity.set_passphrase(session, RIGHT, None)


# Links.


async def test_a_link_signs_the_owner_in(identity: Identity) -> None:
    token, session = await identity.redeem_link(await identity.make_link())
    assert session.scope.role == "owner"
    assert session.org_name
    assert session.user_name
    assert await identity.session(token) == session


async def test_a_link_works_once_and_then_says_when_it_was_used(rig: EmbeddedIdentity, identity: Identity) -> None:
    link = await identity.make_link()
    used_at_s = rig.clock.now_ns() // NS_PER_S
    await identity.redeem_link(link)
    rig.clock.skipped_s += DAY_S
    with pytest.raises(LinkSpent) as spent:
        await identity.redeem_link(link)
    assert abs(spent.value.used_at_s - used_at_s) <= 2


async def test_of_many_who_use_a_link_at_once_one_gets_in(rig: EmbeddedIdentity) -> None:
    link = await (await rig.open()).make_link()
    tries = [(await rig.open()).redeem_link(link) for _ in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert sum(isinstance(result, LinkSpent) for result in results) == 9


async def test_a_link_lives_fifteen_minutes(rig: EmbeddedIdentity, identity: Identity) -> None:
    early, late = await identity.make_link(), await identity.make_link()
    rig.clock.skipped_s += 14 * MINUTE_S
    await identity.redeem_link(early)
    rig.clock.skipped_s += 2 * MINUTE_S
    with pytest.raises(Denied):
        await identity.redeem_link(late)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 100_000, "\ud800", "å\0"])
async def test_a_link_that_was_never_made_is_denied(identity: Identity, token: str) -> None:
    with pytest.raises(Denied) as denied:
        await identity.redeem_link(token)
    assert not isinstance(denied.value, LinkSpent)


async def test_a_link_is_no_session_and_a_session_no_link(identity: Identity) -> None:
    link = await identity.make_link()
    assert await identity.session(link) is None
    token, _ = await identity.redeem_link(link)
    with pytest.raises(Denied):
        await identity.redeem_link(token)


# Sessions.


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 100_000, "\ud800", "å\0"])
async def test_an_unknown_token_is_no_session(identity: Identity, token: str) -> None:
    assert await identity.session(token) is None
    await identity.sign_out(token)


async def test_a_session_outlives_a_restart(rig: EmbeddedIdentity, identity: Identity) -> None:
    token, session = await identity.redeem_link(await identity.make_link())
    assert await (await rig.open()).session(token) == session


async def test_a_revoked_session_is_refused_at_once_everywhere(rig: EmbeddedIdentity, identity: Identity) -> None:
    elsewhere = await rig.open()
    token, _ = await identity.redeem_link(await identity.make_link())
    assert await elsewhere.session(token) is not None
    await identity.sign_out(token)
    assert await elsewhere.session(token) is None
    await identity.sign_out(token)


async def test_a_session_that_nobody_uses_ends(rig: EmbeddedIdentity, identity: Identity) -> None:
    token, session = await identity.redeem_link(await identity.make_link())
    rig.clock.skipped_s += session.expires_at_s - rig.clock.now_ns() // NS_PER_S + 1
    assert await identity.session(token) is None


async def test_a_session_in_use_lives_on_but_not_for_ever(rig: EmbeddedIdentity, identity: Identity) -> None:
    token, first = await identity.redeem_link(await identity.make_link())
    days = 0
    while (session := await identity.session(token)) is not None:
        assert session.expires_at_s >= first.expires_at_s
        rig.clock.skipped_s += DAY_S
        days += 1
        assert days < 100
    assert days > (first.expires_at_s - (rig.clock.now_ns() / NS_PER_S - days * DAY_S)) / DAY_S


# Passphrase.


async def test_without_a_passphrase_nobody_signs_in_by_one(identity: Identity) -> None:
    assert not await identity.passphrase_set()
    for guess in ("", RIGHT):
        with pytest.raises(Denied):
            await identity.sign_in(guess, HOME)


async def test_the_passphrase_signs_in_and_a_wrong_one_does_not(identity: Identity) -> None:
    await with_passphrase(identity)
    assert await identity.passphrase_set()
    token, session = await identity.sign_in(RIGHT, HOME)
    assert session.passphrase_set
    assert await identity.session(token) == session
    for number, wrong in enumerate((WRONG, "", RIGHT + " ", RIGHT.upper(), "x" * 100_000, "\ud800")):
        with pytest.raises(Denied):
            await identity.sign_in(wrong, f"10.0.0.{number}")


@pytest.mark.parametrize("length", [0, 14, 1025])
async def test_a_passphrase_of_the_wrong_length_is_refused(identity: Identity, length: int) -> None:
    _, session = await identity.redeem_link(await identity.make_link())
    with pytest.raises(Invalid):
        await identity.set_passphrase(session, "x" * length, None)
    assert not await identity.passphrase_set()


@pytest.mark.parametrize("passphrase", ["x" * 15, "x" * 1024, "ånöther " * 3])
async def test_every_allowed_passphrase_works(identity: Identity, passphrase: str) -> None:
    _, session = await identity.redeem_link(await identity.make_link())
    await identity.set_passphrase(session, passphrase, None)
    await identity.sign_in(passphrase, HOME)


async def test_changing_the_passphrase_needs_the_one_in_force(identity: Identity) -> None:
    await with_passphrase(identity)
    _, session = await identity.sign_in(RIGHT, HOME)
    for current in (None, WRONG):
        with pytest.raises(Denied):
            await identity.set_passphrase(session, WRONG, current)
    await identity.set_passphrase(session, WRONG, RIGHT)
    await identity.sign_in(WRONG, HOME)
    with pytest.raises(Denied):
        await identity.sign_in(RIGHT, HOME)


async def test_changing_the_passphrase_ends_the_other_sessions_and_keeps_this_one(identity: Identity) -> None:
    others = [(await identity.redeem_link(await identity.make_link()))[0] for _ in range(3)]
    token, session = await identity.redeem_link(await identity.make_link())
    await identity.set_passphrase(session, RIGHT, None)
    assert [await identity.session(other) for other in others] == [None] * 3
    assert await identity.session(token) is not None


async def test_too_many_tries_are_throttled_longer_and_longer(rig: EmbeddedIdentity, identity: Identity) -> None:
    await with_passphrase(identity)
    waits: list[int] = []
    for _ in range(40):
        try:
            await identity.sign_in(WRONG, HOME)
        except Throttled as throttled:
            waits.append(throttled.retry_after_s)
            rig.clock.skipped_s += throttled.retry_after_s
        except Denied:
            continue
    assert waits[0] <= 2
    assert waits[-1] >= 60
    with pytest.raises(Denied):
        await identity.sign_in(WRONG, "10.0.0.9")  # another caller is not hindered
    while True:
        try:
            await identity.sign_in(RIGHT, HOME)  # and the right one gets in after the wait
        except Throttled as throttled:
            rig.clock.skipped_s += throttled.retry_after_s
        else:
            break


async def test_tries_side_by_side_count_as_well(rig: EmbeddedIdentity, identity: Identity) -> None:
    await with_passphrase(identity)
    results = await asyncio.gather(*(identity.sign_in(WRONG, HOME) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(result, Throttled) for result in results) >= 20


async def test_guessing_through_a_change_of_passphrase_is_throttled_too(identity: Identity) -> None:
    await with_passphrase(identity)
    _, session = await identity.sign_in(RIGHT, HOME)
    results: list[type[BaseException]] = []
    for _ in range(10):
        with pytest.raises((Denied, Throttled)) as error:
            await identity.set_passphrase(session, WRONG, WRONG)
        results.append(error.type)
    assert Throttled in results


async def test_an_answer_takes_as_long_without_a_passphrase_as_with_a_wrong_one(identity: Identity) -> None:
    async def seconds(caller: str) -> float:
        begun = time.perf_counter()
        with pytest.raises(Denied):
            await identity.sign_in(WRONG, caller)
        return time.perf_counter() - begun

    await seconds("first")
    without = statistics.median([await seconds(f"a{number}") for number in range(7)])
    await with_passphrase(identity)
    wrong = statistics.median([await seconds(f"b{number}") for number in range(7)])
    assert 1 / 3 < without / wrong < 3  # hashing is nearly all of it; the machine has others to serve as well


async def test_no_secret_is_kept_in_clear(rig: EmbeddedIdentity, identity: Identity) -> None:
    link = await identity.make_link()
    token, session = await identity.redeem_link(await identity.make_link())
    await identity.set_passphrase(session, RIGHT, None)
    stored = await rig.stored()
    assert b"Demo fleet" in stored
    for secret in (link, token, RIGHT):
        assert secret.encode() not in stored
        assert secret not in repr(session)


async def test_there_is_one_owner_however_often_it_is_asked_for(rig: EmbeddedIdentity) -> None:
    links = [await (await rig.open()).make_link() for _ in range(3)]
    sessions = [(await (await rig.open()).redeem_link(link))[1] for link in links]
    assert len({session.scope for session in sessions}) == 1
