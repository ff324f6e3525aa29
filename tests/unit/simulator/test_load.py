import asyncio
from pathlib import Path

import pytest
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Unavailable
from motorcade.simulator.dev_ca import client_context, issue_vehicle, open_vehicle_authority
from motorcade.simulator.frames import SIGNALS_A_MESSAGE, Train, driving_samples
from motorcade.simulator.load import Load, LoadOptions, dial, open_load
from motorcade.simulator.misbehaving import Misbehaving, flood, never_read, trickle
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.simulator.vin import fresh_vin
from motorcade.wire.tesla.envelope import decode_envelope
from tests.unit.simulator.counter_gateway import CounterGateway, counter_gateway, until

CLOCK = SystemClock()
CITY = open_city(load_network())
VIN = "SIM00000000000001"
PREFIX = b"0123456789abcdef012345"


def frames(data: bytes) -> list[bytes]:
    """Cut a train into its messages, as RFC 6455 says."""
    messages = []
    while data:
        assert data[0] == 0x82
        assert data[1] == 0xFE
        size = int.from_bytes(data[2:4])
        assert data[4:8] == bytes(4)
        messages.append(data[8 : 8 + size])
        data = data[8 + size :]
    return messages


async def loaded(gateway: CounterGateway, options: LoadOptions, connections: int = 4) -> Load:
    authority = open_vehicle_authority(gateway.tls_dir, CLOCK)
    vins = [fresh_vin() for _ in range(3)]
    return await open_load(gateway.gateway, authority, vins, connections, options, CLOCK)


def test_pre_built_messages_are_valid_distinct_and_carry_the_moment_of_departure() -> None:
    train = Train(VIN, PREFIX, driving_samples(CITY, 1, 100))
    seen = set()
    for now_ns in (1_755_000_000_000_000_001, 1_755_000_000_999_999_999, 1_755_000_001_000_000_500):
        messages = [decode_envelope(one) for one in frames(train.depart(now_ns))]
        assert len(messages) == len(train) == 100
        for envelope in messages:
            payload = pb.Payload.FromString(envelope.payload)
            assert payload.vin == VIN
            assert len({datum.key for datum in payload.data}) == len(payload.data) == SIGNALS_A_MESSAGE
            assert abs(payload.created_at.ToNanoseconds() - now_ns) < 128
            seen.add((envelope.txid, payload.created_at.ToNanoseconds()))
            assert envelope.txid.startswith(PREFIX + b"-")
    assert len({txid for txid, _ in seen}) == len({at for _, at in seen}) == 300


async def test_a_window_is_kept_full_and_every_acknowledgement_counted(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        load = await loaded(gateway, LoadOptions(duration_s=0.3, warm_up_s=0.1, train=4, window=8))
        result = await load.run()
        total = sum(connection.acknowledged for connection in load.connections)
        load.close()
    assert result.acknowledged > 100
    assert (result.errors, result.lost_connections) == (0, 0)
    assert total == len(gateway.received) == sum(connection.sent for connection in load.connections)
    assert 0 < result.latency_ms(50) <= result.latency_ms(99)
    assert len({envelope.txid for envelope in gateway.received}) == total


async def test_a_fixed_rate_is_kept(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        load = await loaded(gateway, LoadOptions(duration_s=1.0, rate_per_s=400, train=2))
        result = await load.run()
        load.close()
    assert 350 <= result.sent <= 410


async def test_error_replies_are_seen(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        gateway.refuse = True
        load = await loaded(gateway, LoadOptions(duration_s=0.3, train=64, window=64), connections=1)
        result = await load.run()
        load.close()
    assert result.errors == result.acknowledged > 0  # replies to what the warm-up sent may come in its time


async def test_a_load_that_cannot_connect_fails_at_once(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        pass
    with pytest.raises(Unavailable):
        await loaded(gateway, LoadOptions())


@pytest.mark.parametrize("harm", [never_read, flood, trickle])
async def test_a_misbehaving_car_goes_on_until_it_is_closed(data_dir: Path, port: int, harm: object) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        credential = issue_vehicle(open_vehicle_authority(gateway.tls_dir, CLOCK), VIN, CLOCK)
        context = client_context(credential, gateway.gateway.server_ca_pem)
        listener, train = Misbehaving(), Train(VIN, PREFIX, driving_samples(CITY, 1, 10))
        transport = await dial(gateway.gateway, context, listener)
        assert harm in {never_read, flood, trickle}
        if harm is trickle:
            running = asyncio.create_task(trickle(transport, listener, train, CLOCK, pause_s=0.001))
        else:
            running = asyncio.create_task((flood if harm is flood else never_read)(transport, listener, train, CLOCK))
        if harm is trickle:
            await asyncio.sleep(0.5)
        else:
            await until(lambda: len(gateway.received) > 1_000)
        assert not running.done()
        if harm is never_read:
            assert listener.replies == 0
        transport.underlying_transport.resume_reading()
        gateway.drop_all()
        assert await asyncio.wait_for(running, 20) > 10
