import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.body import MODELS
from motorcade.simulator.car import Car, CarIdentity, Counters
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.dev_ca import client_context, issue_vehicle, open_vehicle_authority
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.simulator.signals import SIGNALS
from motorcade.simulator.vin import fresh_vin
from tests.conditions import free_port
from tests.unit.simulator.counter_gateway import CounterGateway, counter_gateway, until

CLOCK = SystemClock()
CITY = open_city(load_network())


@pytest.fixture
async def gateway(data_dir: Path, port: int) -> AsyncIterator[CounterGateway]:
    async with counter_gateway(data_dir, port) as running:
        yield running


def make_car(gateway: CounterGateway, activity: Activity = Activity.DRIVING) -> tuple[Car, Counters]:
    day = SimulatedCar("Car 01", MODELS["Model Y"], CITY, seed=5)
    day.begin(activity)
    counters, vin = Counters(), fresh_vin()

    def context() -> ssl.SSLContext:
        credential = issue_vehicle(open_vehicle_authority(gateway.tls_dir, CLOCK), vin, CLOCK)
        return client_context(credential, gateway.gateway.server_ca_pem)

    identity = CarIdentity(vin, typed=True, network="cellular")
    return Car(identity, day, gateway.gateway, context, counters, random.Random(1)), counters


async def test_a_car_introduces_itself_like_a_real_one(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway)
    await until(lambda: counters.acknowledged > 3, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    headers = gateway.headers[0]
    assert headers["Version"] == "1.3.0"
    assert headers["X-Network-Interface"] == "cellular"
    assert gateway.alpn == [None]
    first, second = gateway.received[:2]
    assert first.topic == b"V"
    assert first.sender_id == b"vehicle_device." + first.device_id
    prefix, number = first.txid.split(b"-")
    assert (len(prefix), len(number)) == (22, 9)
    assert second.txid == b"%s-%09d" % (prefix, int(number) + 1)
    assert first.created_at == gateway.payloads()[0].created_at.seconds


async def test_a_car_reports_every_field_after_connecting_and_then_changes_only(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway)
    await until(lambda: counters.acknowledged > 8, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    sizes = [len(payload.data) for payload in gateway.payloads()]
    assert sizes.count(len(SIGNALS)) == 1
    assert max(sizes[-3:]) < 30


async def test_unacknowledged_messages_go_again_merged_after_a_reconnect(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway)
    gateway.acknowledge = False
    await until(lambda: len(gateway.received) > 4, lambda: car.tick(CLOCK.now_ns()))
    in_vain = gateway.payloads()
    gateway.received.clear()
    gateway.acknowledge = True
    gateway.drop_all()
    await until(lambda: counters.reconnects == 1 and counters.acknowledged > 2, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    again = gateway.payloads()[0]
    assert again.is_resend
    assert {datum.key for datum in again.data} >= {datum.key for payload in in_vain for datum in payload.data}
    assert again.created_at.ToNanoseconds() >= max(one.created_at.ToNanoseconds() for one in in_vain)
    assert counters.resent >= len(in_vain)
    assert not any(payload.is_resend for payload in gateway.payloads()[1:])


async def test_a_car_without_network_keeps_its_messages_and_delivers_them_all(
    gateway: CounterGateway, data_dir: Path
) -> None:
    car, counters = make_car(gateway)
    await until(lambda: counters.acknowledged > 1, lambda: car.tick(CLOCK.now_ns()))
    before = len(gateway.received)
    car.day.begin(Activity.PARKED, silent_after_s=0.0)
    for _ in range(30):
        car.tick(CLOCK.now_ns())
    kept = car.kept
    assert kept > 5
    await until(lambda: counters.online == 0)
    for _ in range(400):
        car.tick(CLOCK.now_ns())
        if car.day.covered:
            break
    await until(lambda: counters.acknowledged >= before + kept, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    times = [one.created_at.ToNanoseconds() for one in gateway.payloads()[before : before + kept]]
    assert times == sorted(times)


async def test_an_error_reply_is_counted_and_the_message_not_sent_again(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway)
    gateway.refuse = True
    await until(lambda: counters.refused > 2, lambda: car.tick(CLOCK.now_ns()))
    gateway.refuse = False
    gateway.drop_all()
    await until(lambda: counters.acknowledged > 2, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    assert len({envelope.txid for envelope in gateway.received}) == len(gateway.received)
    assert counters.resent <= 1


async def test_a_second_acknowledgement_counts_once(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway)
    gateway.acknowledge_twice = True
    await until(lambda: counters.acknowledged > 3, lambda: car.tick(CLOCK.now_ns()))
    await car.stop()
    assert counters.acknowledged <= counters.sent


async def test_a_sleeping_car_reports_closes_and_stays_silent(gateway: CounterGateway) -> None:
    car, counters = make_car(gateway, Activity.ASLEEP)
    await until(lambda: not car.day.awake, lambda: car.tick(CLOCK.now_ns()))
    for _ in range(3):
        car.tick(CLOCK.now_ns())
    await until(lambda: counters.online == 0 and not gateway.sockets)
    received = len(gateway.received)
    for _ in range(50):
        car.tick(CLOCK.now_ns())
    assert len(gateway.received) == received
    gears = [d.value for payload in gateway.payloads() for d in payload.data if d.key == pb.Field.Gear]
    assert not gears or gears[-1].invalid
    await car.stop()


async def test_a_car_does_not_trust_a_gateway_of_another_authority(gateway: CounterGateway, data_dir: Path) -> None:
    car, _ = make_car(gateway)
    async with counter_gateway(data_dir / "elsewhere", free_port()) as other:
        stranger, stranger_counters = make_car(other)
        object.__setattr__(other.gateway, "port", gateway.gateway.port)
        await until(lambda: stranger_counters.failures > 0, lambda: stranger.tick(CLOCK.now_ns()))
        await stranger.stop()
    assert not gateway.received
    await car.stop()


async def test_a_gateway_that_is_away_is_tried_again_with_growing_pauses(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gone:
        car, counters = make_car(gone)
    for _ in range(100):
        car.tick(CLOCK.now_ns())
        await asyncio.sleep(0.01)
    assert 1 <= counters.failures <= 3
    assert "cannot be reached" in counters.last_failure
    async with counter_gateway(data_dir, port):
        await until(lambda: counters.acknowledged > 0, lambda: car.tick(CLOCK.now_ns()))
        await car.stop()


@pytest.mark.parametrize("turns", [1, 2, 4, 8, 16, 32])
async def test_a_car_that_stops_while_it_connects_leaves_no_connection_open(
    gateway: CounterGateway, turns: int
) -> None:
    car, counters = make_car(gateway)
    car.tick(CLOCK.now_ns())
    for _ in range(turns):
        await asyncio.sleep(0)
    await car.stop()
    await until(lambda: not gateway.sockets and counters.online == 0)
    assert len(gateway.headers) == len(gateway.alpn), "an upgrade that began was finished"
