"""The contract of `ports/keys.py`, on every adapter."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motorcade.domain.errors import Denied
from tests.contract.rigs import KEYS, EmbeddedKeys


@pytest.fixture(params=KEYS)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedKeys:
    return KEYS[request.param](data_dir)


async def test_keys_stay_the_same_over_restarts(rig: EmbeddedKeys) -> None:
    assert await rig.open().claim_key(1) == await rig.open().claim_key(1)
    assert await rig.open().signing_key("cursor") == await rig.open().signing_key("cursor")


async def test_every_purpose_and_version_has_its_own_key(rig: EmbeddedKeys) -> None:
    keys = rig.open()
    made = [await keys.claim_key(1), await keys.claim_key(2)]
    made += [await keys.signing_key(purpose) for purpose in ("cursor", "link", "session", "1")]
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {32}


async def test_what_was_sealed_opens_after_a_restart(rig: EmbeddedKeys) -> None:
    sealed = await rig.open().seal("org", "vault", b"secret")
    assert b"secret" not in sealed
    assert await rig.open().unseal("org", "vault", sealed) == b"secret"


async def test_sealing_the_same_twice_gives_different_bytes(rig: EmbeddedKeys) -> None:
    keys = rig.open()
    assert await keys.seal("org", "vault", b"secret") != await keys.seal("org", "vault", b"secret")


@pytest.mark.parametrize(
    ("org_id", "purpose"), [("gro", "vault"), ("org", "other"), ("orgv", "ault"), ("", "orgvault")]
)
async def test_another_organisation_or_purpose_does_not_open_it(rig: EmbeddedKeys, org_id: str, purpose: str) -> None:
    keys = rig.open()
    sealed = await keys.seal("org", "vault", b"secret")
    with pytest.raises(Denied):
        await keys.unseal(org_id, purpose, sealed)


async def test_every_changed_byte_is_noticed(rig: EmbeddedKeys) -> None:
    keys = rig.open()
    sealed = await keys.seal("org", "vault", b"secret")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Denied):
            await keys.unseal("org", "vault", bytes(changed))


async def test_bytes_that_were_cut_or_never_sealed_are_denied(rig: EmbeddedKeys) -> None:
    keys = rig.open()
    sealed = await keys.seal("org", "vault", b"secret")
    for wrong in (b"", sealed[:1], sealed[:12], sealed[:-1], sealed + b"x", b"plain text"):
        with pytest.raises(Denied):
            await keys.unseal("org", "vault", wrong)


@given(plaintext=st.binary(max_size=2000), org_id=st.text(max_size=30), purpose=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_bytes_come_back(rig: EmbeddedKeys, plaintext: bytes, org_id: str, purpose: str) -> None:
    keys = rig.open()
    assert await keys.unseal(org_id, purpose, await keys.seal(org_id, purpose, plaintext)) == plaintext
