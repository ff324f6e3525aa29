"""Whose record it is, decided by the verified client certificate and by nothing else. Attacks over real TLS."""

import asyncio
import datetime as dt
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from tesla_protocol.telemetry import vehicle_alert_pb2, vehicle_connectivity_pb2, vehicle_error_pb2, vehicle_metric_pb2

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.record import Flag, Topic
from motorcade.simulator.dev_ca import VEHICLE_ISSUER, open_vehicle_authority
from motorcade.wire.tesla.envelope import encode_ack
from tests.unit.gateway.certificates import (
    ANY,
    CLIENT,
    TESLA_ENERGY,
    TESLA_VEHICLE,
    WIFI_EAP,
    Holder,
    authority,
    client_context,
    leaf,
)
from tests.unit.gateway.rig import SOON_S, Rig, dial, envelope, frame, running, sim_vin, vehicle_data

# Right in form, wrong in its check digit: no such car can exist.
REAL_VIN = "5YJ3E1EA0KF999901"
OTHER_REAL_VIN = "5YJ3E1EA0KF999902"
OWN, VICTIM = sim_vin(1), sim_vin(2)


def development(rig: Rig) -> Holder:
    made = open_vehicle_authority(rig.data_dir / "tls", SystemClock())
    return Holder(made.certificate, made.key)


async def status_of(rig: Rig, holder: Holder, extra: tuple[Holder, ...] = ()) -> int:
    """The HTTP status that a certificate gets, 0 where TLS refuses it."""
    context = client_context(rig.data_dir / "clients", rig.server_ca_pem, holder, extra)
    try:
        car = await dial(rig.gateway.port, context)
    except OSError:
        return 0
    await car.hang_up()
    return car.status


class Maker:
    """A look-alike of the maker's authorities: a root, issuers below it, and one that allows any usage only."""

    def __init__(self, folder: Path) -> None:
        self.root = authority("Tesla Product Root CA")
        self.issuing = authority("Tesla Motors Product Issuing CA", self.root)
        self.access = authority("Tesla Product Access Issuing CA", self.root)
        self.old_root = authority("Tesla Motors Root CA")
        self.products = authority("Tesla Motors Products CA", self.old_root, (ANY,))
        self.unnamed = authority("Tesla Cafeteria CA", self.root)
        self.bundle = folder / "maker.pem"
        anchors = (self.root, self.issuing, self.old_root, self.products)
        self.bundle.write_bytes(b"".join(one.pem for one in anchors))


async def test_an_appended_certificate_does_not_change_whose_record_it_is(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        own = rig.claim(OWN)
        rig.claim(VICTIM)
        dev = development(rig)
        holder, victim = leaf(OWN, dev), leaf(VICTIM, dev)
        context = client_context(rig.data_dir / "clients", rig.server_ca_pem, holder, (victim,))
        car = await dial(rig.gateway.port, context)
        assert car.status == 101
        await car.message(envelope(vehicle_data()))
        await car.reply()
        assert {record.vehicle_id for record in await rig.records()} == {own.vehicle_id}
        assert rig.count("extra_chain_certs_total") == 1
        await car.hang_up()


async def test_a_vin_in_a_payload_is_cut_on_every_topic_and_decides_nothing(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        own = rig.claim(OWN)
        rig.claim(VICTIM)
        car = await rig.car(OWN)
        payloads = {
            b"V": vehicle_data(vin=VICTIM),
            b"alerts": vehicle_alert_pb2.VehicleAlerts(vin=VICTIM).SerializeToString(),
            b"errors": vehicle_error_pb2.VehicleErrors(vin=VICTIM).SerializeToString(),
            b"connectivity": vehicle_connectivity_pb2.VehicleConnectivity(vin=VICTIM).SerializeToString(),
            b"metrics": vehicle_metric_pb2.VehicleMetrics(vin=VICTIM).SerializeToString(),
        }
        for topic, payload in payloads.items():
            names = {"sender_id": b"vehicle_device." + VICTIM.encode(), "device_id": VICTIM.encode()}
            await car.message(envelope(payload, b"t", topic, **names))
            assert await car.raw_reply() == encode_ack(b"t", topic)
        reports = await rig.reports()
        assert {record.vehicle_id for record in reports} == {own.vehicle_id}
        assert [record.topic for record in reports] == [Topic(number) for number in range(1, 6)]
        assert all(record.flags & Flag.IDENTITY_MISMATCH for record in reports)
        assert {where: rig.count("mismatch_total", where) for where in ("payload", "device_id", "sender_id")} == {
            "payload": 5,
            "device_id": 5,
            "sender_id": 5,
        }
        assert not any(vin.encode() in record.payload for record in reports for vin in (OWN, VICTIM))
        await car.hang_up()


async def test_the_own_vin_is_masked_wherever_it_stands(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car(OWN, headers=[f"X-Network-Interface: {OWN}"])
        errors = vehicle_error_pb2.VehicleErrors(vin=OWN)
        errors.errors.add(name="unsupported", body=f"{OWN} says no, {OWN.lower()} too")
        await car.message(envelope(errors.SerializeToString(), topic=b"errors"))
        await car.reply()
        records = await rig.records()
        assert all(OWN.encode() not in record.payload.upper() for record in records)
        assert rig.count("masked_total") == 1
        await car.hang_up()


async def test_acknowledgements_go_to_the_sending_socket_whatever_ids_the_sender_chose(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        same = ["X-TXID: 0042e097-2122-414b-8dcf-417b5d41b200"]
        first, second = await rig.car(OWN, headers=same), await rig.car(VICTIM, headers=same)
        forged = {"sender_id": b"vehicle_device." + VICTIM.encode(), "device_id": VICTIM.encode()}
        await first.message(envelope(vehicle_data(), b"same-txid", **forged))
        assert (await first.reply()).txid == b"same-txid"
        await second.silence(0.1)
        ids = {record.connection_id for record in await rig.records()}
        assert len(ids) == 2
        assert {record.vehicle_id for record in await rig.reports()} == {rig.claims[OWN].vehicle_id}
        await first.hang_up()
        await second.hang_up()


async def test_proxy_headers_name_nobody(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        own = rig.claim(OWN)
        rig.claim(VICTIM)
        headers = [f"X-Forwarded-Client-Cert: Subject=CN={VICTIM}", f"X-Amzn-Mtls-Clientcert-Subject: CN={VICTIM}"]
        car = await rig.car(OWN, headers=headers)
        await car.message(envelope(vehicle_data()))
        await car.reply()
        assert {record.vehicle_id for record in await rig.records()} == {own.vehicle_id}
        await car.hang_up()


async def test_an_unclaimed_vehicle_is_refused_before_the_upgrade_and_nothing_is_stored(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        assert await status_of(rig, leaf(OWN, development(rig))) == 403
        assert rig.count("refused_total", "unclaimed") == 1
        assert await rig.records() == []


async def test_the_development_authority_speaks_for_simulators_alone(data_dir: Path) -> None:
    maker = Maker(data_dir)
    async with running(data_dir, production_anchors=maker.bundle) as rig:
        for vin in (REAL_VIN, OWN):
            rig.claim(vin)
        dev = development(rig)
        assert dev.certificate.subject == x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, VEHICLE_ISSUER)])
        assert await status_of(rig, leaf(OWN, dev)) == 101
        assert await status_of(rig, leaf(REAL_VIN, dev)) == 403
        assert rig.count("refused_total", "namespace") == 1
        # It may not make itself a maker's issuer either: nothing below it may sign.
        posing = authority("Tesla Motors Product Issuing CA", dev)
        assert await status_of(rig, leaf(REAL_VIN, posing, (CLIENT, TESLA_VEHICLE)), (posing,)) == 0
        # A self-issued authority does not count towards the length of a path, and still ends at ours.
        twin = authority(VEHICLE_ISSUER, dev)
        assert await status_of(rig, leaf(REAL_VIN, twin), (twin,)) in {0, 403}


async def test_the_maker_s_authorities_speak_for_real_vehicles_alone(data_dir: Path) -> None:
    maker = Maker(data_dir)
    async with running(data_dir, production_anchors=maker.bundle) as rig:
        for vin in (REAL_VIN, OTHER_REAL_VIN, OWN):
            rig.claim(vin)
        usages = (CLIENT, TESLA_VEHICLE)
        assert await status_of(rig, leaf(REAL_VIN, maker.issuing, usages)) == 101
        assert await status_of(rig, leaf(OTHER_REAL_VIN, maker.issuing, usages)) == 101
        assert await status_of(rig, leaf(OWN, maker.issuing, usages)) == 403
        # An intermediate that the car sends, and the authority whose usages say `any` only.
        assert await status_of(rig, leaf(REAL_VIN, maker.access, usages), (maker.access,)) == 101
        assert await status_of(rig, leaf(REAL_VIN, maker.products)) == 101
        assert await status_of(rig, leaf(REAL_VIN, maker.products, ())) == 101


@pytest.mark.parametrize(
    ("issuer", "name", "usages", "units", "expected"),
    [
        ("issuing", REAL_VIN, (CLIENT, WIFI_EAP, TESLA_VEHICLE), (), "wifi_eap"),
        ("issuing", REAL_VIN, (CLIENT, TESLA_ENERGY), (), "device_type"),
        ("issuing", REAL_VIN, (CLIENT,), (), "usage"),
        ("issuing", REAL_VIN, (CLIENT, TESLA_VEHICLE), ("Gen3 Wall Connector",), "device_type"),
        ("products", REAL_VIN, (CLIENT,), ("Tesla Motors SN",), "device_type"),
        ("unnamed", REAL_VIN, (CLIENT, TESLA_VEHICLE), (), "issuer"),
        ("issuing", REAL_VIN[:-1], (CLIENT, TESLA_VEHICLE), (), "vin_format"),
        ("issuing", REAL_VIN[:-1] + "I", (CLIENT, TESLA_VEHICLE), (), "namespace"),
    ],
)
async def test_certificates_that_are_no_vehicles_are_refused_before_the_upgrade(
    data_dir: Path, issuer: str, name: str, usages: tuple[str, ...], units: tuple[str, ...], expected: str
) -> None:
    maker = Maker(data_dir)
    async with running(data_dir, production_anchors=maker.bundle) as rig:
        rig.claim(name)
        signer: Holder = getattr(maker, issuer)
        extra = (maker.unnamed,) if issuer == "unnamed" else ()
        assert await status_of(rig, leaf(name, signer, usages, units), extra) == 403
        assert rig.count("refused_total", expected) == 1


async def test_what_tls_cannot_verify_gets_no_answer(data_dir: Path) -> None:
    maker = Maker(data_dir)
    async with running(data_dir, production_anchors=maker.bundle) as rig:
        rig.claim(REAL_VIN)
        day = dt.timedelta(days=1)
        usages = (CLIENT, TESLA_VEHICLE)
        expired = leaf(REAL_VIN, maker.issuing, usages, life=(-3 * day, -day))
        early = leaf(REAL_VIN, maker.issuing, usages, life=(day, 2 * day))
        stranger = leaf(REAL_VIN, authority("Tesla Motors Product Issuing CA"), usages)
        tesla_only = leaf(REAL_VIN, maker.issuing, (TESLA_VEHICLE,))
        for holder in (expired, early, stranger, tesla_only):
            assert await status_of(rig, holder) == 0
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.load_verify_locations(cadata=rig.server_ca_pem)
        with pytest.raises(OSError, match=r".*"):
            await dial(rig.gateway.port, bare)
        await rig.until(lambda: rig.count("tls_failures_total") >= 5)


async def test_only_http_1_1_is_offered_and_a_resumed_session_keeps_its_first_identity(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        rig.claim(OWN)
        context = rig.context(OWN)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # the older way of resuming is the one that cars may use
        first, second = await asyncio.to_thread(_upgrade_twice, rig.gateway.port, context)
        assert first == ("http/1.1", False, b"HTTP/1.1 101")
        assert second == ("http/1.1", True, b"HTTP/1.1 101")


def _upgrade_twice(port: int, context: ssl.SSLContext) -> list[tuple[str | None, bool, bytes]]:
    """ALPN, whether the session was resumed, and the answer to an upgrade, for two connections of one session."""
    session, seen = None, []
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", port), SOON_S) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls,
        ):
            tls.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            seen.append((tls.selected_alpn_protocol(), bool(tls.session_reused), tls.recv(12)))
            session = tls.session
    return seen


async def test_status_answers_every_trusted_certificate_and_other_paths_want_an_upgrade(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        context = rig.context(OWN)  # not even claimed
        answer = await dial(rig.gateway.port, context, "/status", upgrade=False)
        assert (answer.status, answer.body) == (200, b"mtls ok")
        answer = await dial(rig.gateway.port, context, "/", upgrade=False)
        assert (answer.status, answer.body) == (400, b"Bad Request\n")


async def test_a_released_vehicle_s_connections_close_within_seconds_and_it_cannot_come_back(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car, other = await rig.car(OWN), await rig.car(VICTIM)
        del rig.claims[OWN]
        assert await car.closed() == 1008
        assert rig.count("closed_total", "revoked") == 1
        assert await status_of(rig, leaf(OWN, development(rig))) == 403
        await other.send(frame(b"still here?", 9))
        assert await other.receive() == (10, b"still here?")
        assert rig.gateway.revoke({VICTIM}) == 1
        assert await other.closed() == 1008
