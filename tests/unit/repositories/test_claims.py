"""Claims: one owner per VIN, no VIN outside the vault, and a copy that outlives the store."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Denied, Invalid, Unavailable
from motorcade.domain.ids import new_id
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.domain.vehicle import CLAIM_TOLERANCE_NS, Claim
from motorcade.ports.store import Delete, Put
from motorcade.repositories import claim_index
from motorcade.repositories.claim_index import ClaimIndex
from motorcade.repositories.claims import CLAIM_KEY_VERSION, RELEASE_DELAY_NS, ClaimsRepository, vin_of
from motorcade.repositories.tables import ALL, CLAIMS, VAULT
from motorcade.repositories.vehicles import AllVehicles, VehiclesRepository, name_key
from tests.contract.rigs import TestClock

SCOPE = SystemScope("test")
VIN = "SIM00000000000001"
SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too


class Rig:
    def __init__(self, folder: Path) -> None:
        create_root_key(folder / "root.key")
        self.folder = folder
        self.faults: list[Exception] = []
        self.clock = TestClock()
        self.keys = FileKeys(folder / "root.key")
        self.store = SqliteStore(folder / "store.db", self.clock)
        self.claims = ClaimsRepository(SCOPE, self.store, self.keys, self.clock)

    def index(self, store: SqliteStore | None = None) -> ClaimIndex:
        copy = self.folder / "claims.sealed"
        return ClaimIndex(SCOPE, store or self.store, self.keys, copy, self.clock, self.faults.append)

    def vehicles(self, org_id: str) -> VehiclesRepository:
        return VehiclesRepository(OrgScope(org_id, "user", "owner"), self.store)


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    yield one
    await one.store.close()


@pytest.mark.parametrize(
    "text",
    ["", "SIM", "SIM0000000000000I", "SIM0000000000000O", "SIM0000000000000Q", "S" * 16, "S" * 18, "SIM000000000000 1"],
)
def test_what_is_no_vin_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        vin_of(text)
    assert len(text) < 5 or text not in str(refusal.value)


def test_a_vin_is_taken_in_any_case_and_with_spaces_around() -> None:
    assert vin_of(f" {VIN.lower()}\n") == VIN


def test_only_the_simulators_vins_may_hold_an_i() -> None:
    assert vin_of("SIM00000000000002")
    with pytest.raises(Invalid):
        vin_of("IIM00000000000002")


async def test_a_claimed_car_is_resolved_and_listed(rig: Rig) -> None:
    org_id = new_id()
    vehicle = await rig.claims.claim(VIN, org_id, "Van 1", "Model Y")
    claim = await rig.claims.resolve(VIN)
    assert claim == Claim(org_id, vehicle.vehicle_id, None, None)
    assert claim.covers(0)  # nobody had it before
    assert await rig.vehicles(org_id).get(vehicle.vehicle_id) == vehicle
    assert await rig.claims.vin(claim) == VIN


async def test_a_vin_has_one_live_claim_whoever_asks(rig: Rig) -> None:
    org_id = new_id()
    await rig.claims.claim(VIN, org_id, "Van 1")
    for other in (org_id, new_id()):
        with pytest.raises(Denied, match="already") as denied:
            await rig.claims.claim(VIN, other, "Van 2")
        assert VIN not in str(denied.value)


async def test_of_many_who_claim_a_car_at_once_one_gets_it(rig: Rig) -> None:
    results = await asyncio.gather(
        *(rig.claims.claim(VIN, new_id(), f"Car {number}") for number in range(10)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert sum(isinstance(result, Denied) for result in results) == 9
    assert len(await AllVehicles(SCOPE, rig.store).all()) == 1


async def test_a_release_ends_the_claim_and_takes_vin_and_vehicle_away(rig: Rig) -> None:
    org_id = new_id()
    vehicle = await rig.claims.claim(VIN, org_id, "Van 1")
    now_ns = rig.clock.now_ns()
    ended = await rig.claims.release(VIN, org_id)
    assert ended.valid_until_ns is not None
    assert RELEASE_DELAY_NS <= ended.valid_until_ns - now_ns < RELEASE_DELAY_NS + SOON_S * 1e9
    assert await rig.claims.resolve(VIN) is None
    assert await rig.vehicles(org_id).get(vehicle.vehicle_id) is None
    assert await rig.vehicles(org_id).page() == ([], None)
    assert await rig.store.get(VAULT, org_id, vehicle.vehicle_id) is None
    with pytest.raises(Denied):
        await rig.claims.vin(ended)


async def test_only_the_claimant_may_release_and_only_once(rig: Rig) -> None:
    org_id = new_id()
    with pytest.raises(Denied):
        await rig.claims.release(VIN, org_id)
    await rig.claims.claim(VIN, org_id, "Van 1")
    with pytest.raises(Denied):
        await rig.claims.release(VIN, new_id())
    await rig.claims.release(VIN, org_id)
    with pytest.raises(Denied):
        await rig.claims.release(VIN, org_id)


async def test_the_next_claim_begins_after_the_clocks_tolerance_with_a_new_vehicle(rig: Rig) -> None:
    first = await rig.claims.claim(VIN, new_id(), "Van 1")
    ended = await rig.claims.release(VIN, (await rig.claims.all()).popitem()[1].org_id)
    assert ended.valid_until_ns is not None
    buyer = new_id()
    second = await rig.claims.claim(VIN, buyer, "Car 1")
    claim = await rig.claims.resolve(VIN)
    assert claim is not None
    assert second.vehicle_id != first.vehicle_id
    assert claim.valid_from_ns == ended.valid_until_ns + CLAIM_TOLERANCE_NS
    gap = range(ended.valid_until_ns, claim.valid_from_ns, CLAIM_TOLERANCE_NS // 7)
    assert not any(ended.covers(at_ns) or claim.covers(at_ns) for at_ns in gap)


async def test_the_store_holds_no_vin_in_clear(rig: Rig) -> None:
    await rig.claims.claim(VIN, new_id(), "Van 1")
    index = rig.index()
    await index.start()
    await index.close()
    await rig.store.close()
    files = [path for path in await asyncio.to_thread(lambda: list(rig.folder.iterdir())) if path.is_file()]
    assert len(files) >= 3
    assert not any(VIN.encode() in path.read_bytes() for path in files)


async def test_a_sealed_vin_does_not_open_for_another_vehicle(rig: Rig) -> None:
    org_id = new_id()
    vehicle = await rig.claims.claim(VIN, org_id, "Van 1")
    item = await rig.store.get(VAULT, org_id, vehicle.vehicle_id)
    assert item is not None
    with pytest.raises(Denied):
        await rig.keys.unseal(org_id, "vin:another", item.data["sealed"])


# The index.


async def resolved(index: ClaimIndex, vehicle_id: str | None) -> None:
    async with asyncio.timeout(SOON_S):
        while True:
            claim = index.resolve(VIN)
            if (None if claim is None else claim.vehicle_id) == vehicle_id:
                return
            await asyncio.sleep(0.01)


async def test_the_index_follows_claims_and_releases_by_itself(rig: Rig) -> None:
    index = rig.index()
    await index.start()
    assert index.resolve(VIN) is None
    org_id = new_id()
    vehicle = await rig.claims.claim(VIN, org_id, "Van 1")
    begun = asyncio.get_running_loop().time()
    await resolved(index, vehicle.vehicle_id)
    await rig.claims.release(VIN, org_id)
    await resolved(index, None)
    assert asyncio.get_running_loop().time() - begun < 10  # twice the five seconds that are promised
    again = await rig.claims.claim(VIN, org_id, "Van 1")
    await resolved(index, again.vehicle_id)
    await index.close()
    await index.close()


async def test_an_unforeseen_fault_is_told_once_and_the_index_goes_on_following(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_index, "REFRESH_S", 0.01)
    index = rig.index()
    await index.start()
    bad = str(CLAIM_KEY_VERSION), "bad"
    await rig.store.write([Put(CLAIMS, *bad, {"nonsense": 1})])
    async with asyncio.timeout(SOON_S):
        while not rig.faults:  # noqa: ASYNC110 - plain polling
            await asyncio.sleep(0.01)
    rig.clock.skipped_s = 60.0
    await asyncio.sleep(0.1)
    assert len(rig.faults) == 1, "once of each kind"
    assert index.age_s >= 60, "nothing was heard meanwhile"
    await rig.store.write([Delete(CLAIMS, *bad)])
    vehicle = await rig.claims.claim(VIN, new_id(), "Van 1")
    await resolved(index, vehicle.vehicle_id)
    assert index.age_s < 10
    await index.close()


async def test_known_cars_are_resolved_while_the_store_is_away(rig: Rig, data_dir: Path) -> None:
    vehicle = await rig.claims.claim(VIN, new_id(), "Van 1")
    first = rig.index()
    await first.start()
    await first.close()
    gone = data_dir / "gone"
    gone.mkdir()
    (gone / "store.db").write_bytes(b"")
    second = rig.index(SqliteStore(gone / "store.db", rig.clock))
    await second.start()
    claim = second.resolve(VIN)
    assert claim is not None
    assert claim.vehicle_id == vehicle.vehicle_id
    assert second.resolve("SIM00000000000009") is None
    await second.close()


@pytest.mark.parametrize("copy", [None, b"", b"nonsense", b"\x01" + bytes(60)])
async def test_without_store_and_copy_the_gateway_does_not_start(rig: Rig, data_dir: Path, copy: bytes | None) -> None:
    (data_dir / "store.db").write_bytes(b"")
    if copy is not None:
        (data_dir / "claims.sealed").write_bytes(copy)
    with pytest.raises(Unavailable):
        await rig.index().start()


async def test_the_sealed_copy_is_private(rig: Rig) -> None:
    await rig.claims.claim(VIN, new_id(), "Van 1")
    index = rig.index()
    await index.start()
    await index.close()
    assert (rig.folder / "claims.sealed").stat().st_mode & 0o777 == 0o600


# Vehicles.


async def test_vehicles_are_paged_by_name_with_numbers_as_numbers(rig: Rig) -> None:
    org_id = new_id()
    names = ["Van 10", "van 9", "Bus", "Van 9", "Ärger", "Car 2", "car 10", "Car 1"]
    for number, name in enumerate(names):
        await rig.claims.claim(f"SIM{number:014d}", org_id, name)
    await rig.claims.claim("SIM00000000000099", new_id(), "Somebody else's")
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = await rig.vehicles(org_id).page(3, after)
        found += [vehicle.name for vehicle in page]
        if after is None:
            break
    assert sorted(found, key=name_key) == found
    assert sorted(found) == sorted(names)


async def test_another_organisations_vehicle_is_as_unknown_as_one_that_never_was(rig: Rig) -> None:
    theirs = await rig.claims.claim(VIN, new_id(), "Van 1")
    mine = rig.vehicles(new_id())
    assert await mine.many([theirs.vehicle_id, new_id()]) == [None, None]
    assert await mine.page() == ([], None)


async def test_changes_of_all_vehicles_tell_of_claims_and_releases(rig: Rig) -> None:
    every = AllVehicles(SCOPE, rig.store)
    cursor = await every.cursor()
    org_id = new_id()
    vehicle = await rig.claims.claim(VIN, org_id, "Van 1")
    changes, cursor = await every.changes(cursor)
    assert changes == [(org_id, vehicle.vehicle_id, vehicle)]
    assert await every.all() == [(org_id, vehicle)]
    await rig.claims.release(VIN, org_id)
    changes, cursor = await every.changes(cursor)
    assert changes == [(org_id, vehicle.vehicle_id, None)]
    assert await every.all() == []
    assert await every.changes(cursor) == ([], cursor)


async def test_no_row_but_the_vaults_could_name_a_car(rig: Rig) -> None:
    """What the tables hold is listed here, so that a new attribute is thought about."""
    await rig.claims.claim(VIN, new_id(), "Van 1")
    attributes = {
        table.name: sorted((await rig.store.scan(table)).items[0].data)
        for table in ALL
        if (await rig.store.scan(table)).items
    }
    assert json.loads(json.dumps(attributes)) == {
        "claims": ["org_id", "valid_from_ns", "valid_until_ns", "vehicle_id"],
        "vault": ["sealed"],
        "vehicles": ["claimed_at_ns", "model", "name", "name_key", "org"],
    }
