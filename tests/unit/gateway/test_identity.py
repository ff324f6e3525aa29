"""What a certificate says about its holder, rule by rule."""

from pathlib import Path

import pytest

from motorcade.domain.errors import Invalid
from motorcade.gateway.protocols.anchors import Anchors, load_anchors, server_context, trusted_blocks
from motorcade.gateway.protocols.tesla import Gatekeeper, Refused, device_type
from tests.conditions import shared_data
from tests.unit.gateway.certificates import (
    CLIENT,
    TESLA_ENERGY,
    TESLA_VEHICLE,
    WIFI_EAP,
    Holder,
    authority,
    leaf,
    server_leaf,
)

NOW_NS = 1_795_000_000 * 10**9  # in November 2026
SIM = "SIM00000000000001"
REAL = "5YJ3E1EA0KF999901"  # right in form, wrong in its check digit
DEV = authority("TeslaMotors", path_length=0)
MAKER = authority("Tesla Motors Product Issuing CA")


def gatekeeper() -> Gatekeeper:
    return Gatekeeper(Anchors(frozenset({MAKER.der}), frozenset({DEV.der}), (), 0.0))


def reason(holder: Holder, chain: list[bytes] | None) -> str:
    with pytest.raises(Refused) as refusal:
        gatekeeper().identify(holder.der, chain)
    return refusal.value.reason


@pytest.mark.parametrize(
    "issuer",
    [
        "Tesla Motors Product Issuing CA",
        "Tesla Motors GF Austin Product Issuing CA",
        "Tesla Motors GF3 Product RSA Issuing CA",
        "Tesla Energy GF0 Product Issuing CA",
        "Tesla Product Access Issuing CA",
        "Tesla China Product Access Issuing CA",
        "Tesla GF Berlin Product Access Issuing CA",
    ],
)
def test_newer_issuers_name_the_kind_by_usage(issuer: str) -> None:
    signer = authority(issuer)
    assert device_type(leaf(REAL, signer, (CLIENT, TESLA_VEHICLE)).certificate) == "vehicle_device"
    assert device_type(leaf(REAL, signer, (CLIENT, TESLA_ENERGY)).certificate) == "energy_device"
    solar = leaf(REAL, signer, (CLIENT, TESLA_VEHICLE), ("Solar Inverter",))
    assert device_type(solar.certificate) == "solar_inverter_device"


@pytest.mark.parametrize("issuer", ["TeslaMotors", "Tesla Issuing CA", "Tesla Motors Products CA"])
def test_older_issuers_vouch_for_vehicles(issuer: str) -> None:
    assert device_type(leaf(REAL, authority(issuer), ()).certificate) == "vehicle_device"


def test_only_the_first_unit_of_one_older_issuer_makes_a_board() -> None:
    products = authority("Tesla Motors Products CA")
    board = leaf(REAL, products, (), ("Tesla Motors SN", "x"))
    assert device_type(board.certificate) == "vehicle_board_device"
    assert device_type(leaf(REAL, products, (), ("x", "Tesla Motors SN")).certificate) == "vehicle_device"


def test_usages_are_read_in_order_and_wifi_refuses() -> None:
    signer = authority("Tesla Motors Product Issuing CA")
    before = leaf(REAL, signer, (CLIENT, TESLA_VEHICLE, WIFI_EAP))
    assert device_type(before.certificate) == "vehicle_device"
    with pytest.raises(Refused, match="Wi-Fi"):
        device_type(leaf(REAL, signer, (CLIENT, WIFI_EAP, TESLA_VEHICLE)).certificate)


@pytest.mark.parametrize("issuer", ["teslamotors", "TeslaMotors ", "Tesla Motors Root CA", "TeslaMotors2"])
def test_an_issuer_that_only_resembles_one_is_refused(issuer: str) -> None:
    with pytest.raises(Refused, match="issuer"):
        device_type(leaf(REAL, authority(issuer), (CLIENT, TESLA_VEHICLE)).certificate)


def test_each_anchor_speaks_for_its_own_vins_alone() -> None:
    door = gatekeeper()
    sim, real = leaf(SIM, DEV), leaf(REAL, MAKER, (CLIENT, TESLA_VEHICLE))
    assert door.identify(sim.der, [sim.der, DEV.der]).vin == SIM
    assert door.identify(real.der, [real.der, MAKER.der]).vin == REAL
    foreign = leaf(REAL, DEV)
    assert reason(foreign, [foreign.der, DEV.der]) == "namespace"
    foreign = leaf(SIM, MAKER, (CLIENT, TESLA_VEHICLE))
    assert reason(foreign, [foreign.der, MAKER.der]) == "namespace"


def test_the_development_authority_anywhere_in_the_chain_makes_it_a_simulator_s() -> None:
    posing = authority("Tesla Motors Product Issuing CA", DEV)
    real = leaf(REAL, posing, (CLIENT, TESLA_VEHICLE))
    assert reason(real, [real.der, posing.der, DEV.der]) == "namespace"
    assert reason(real, [real.der, posing.der, DEV.der, MAKER.der]) == "namespace"


def test_a_chain_that_ends_elsewhere_or_begins_with_another_is_refused() -> None:
    sim = leaf(SIM, DEV)
    stranger = authority("TeslaMotors")
    assert reason(sim, [sim.der, stranger.der]) == "anchor"
    assert reason(sim, [stranger.der, DEV.der]) == "no_chain"
    assert reason(sim, [sim.der]) == "no_chain"


def test_a_resumed_session_counts_as_its_first_handshake_and_an_unknown_one_is_refused() -> None:
    door = gatekeeper()
    sim = leaf(SIM, DEV)
    with pytest.raises(Refused, match="resumed"):
        door.identify(sim.der, None)
    door.identify(sim.der, [sim.der, DEV.der])
    assert door.identify(sim.der, None).vin == SIM


@pytest.mark.parametrize(
    "name", ["SIM", "SIM0000000000000I", "SIM0000000000000O", "sim00000000000001", SIM + "1", "SIM" + "é" * 14]
)
def test_names_that_are_no_vin_are_refused(name: str) -> None:
    holder = leaf(name, DEV)
    assert reason(holder, [holder.der, DEV.der]) in {"vin_format", "namespace"}


def test_the_sender_may_call_itself_by_vin_or_by_type_and_vin() -> None:
    sim = leaf(SIM, DEV)
    identity = gatekeeper().identify(sim.der, [sim.der, DEV.der])
    assert identity.sender_ids == {SIM.encode(), b"vehicle_device." + SIM.encode()}


def test_the_maker_s_published_bundle_loads_and_its_dead_anchor_is_announced(tmp_path: Path) -> None:
    anchors = load_anchors(shared_data("tesla_vehicle_cas.pem"), None, NOW_NS)
    assert len(anchors.production) >= 14
    assert [warning for warning in anchors.warnings if "ended on 2025-05-06" in warning]
    assert anchors.earliest_expiry_s > NOW_NS / 1e9
    server = server_leaf(authority("x"), "localhost")
    (tmp_path / "server.pem").write_bytes(server.pem + server.key_pem)
    context = server_context(anchors, tmp_path / "server.pem", tmp_path / "server.pem", tmp_path / "run")
    assert (tmp_path / "run/vehicle-anchors.pem").stat().st_mode & 0o777 == 0o600
    assert context.cert_store_stats()["x509"] == len(anchors.production)
    assert trusted_blocks(anchors.production).count("BEGIN TRUSTED CERTIFICATE") == len(anchors.production)


def test_a_development_authority_that_could_sign_others_is_refused(tmp_path: Path) -> None:
    for holder in (authority("TeslaMotors"), authority("TeslaMotors", path_length=1), server_leaf(DEV, "x")):
        file = tmp_path / "dev.pem"
        file.write_bytes(holder.pem)
        with pytest.raises(Invalid, match="development authority"):
            load_anchors(None, file, NOW_NS)


def test_one_key_may_not_speak_for_both_kinds_and_nobody_for_none(tmp_path: Path) -> None:
    file = tmp_path / "dev.pem"
    file.write_bytes(DEV.pem)
    with pytest.raises(Invalid, match="production anchors too"):
        load_anchors(file, file, NOW_NS)
    with pytest.raises(Invalid, match="no trust anchor"):
        load_anchors(None, None, NOW_NS)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(Invalid, match="no readable certificate"):
        load_anchors(file, None, NOW_NS)
