"""What the first start makes: a root key, the owner with an organisation, and claims for the simulated fleet."""

from dataclasses import dataclass

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.app.settings import Settings
from motorcade.domain.tenant import SystemScope
from motorcade.repositories.claims import ClaimsRepository
from motorcade.repositories.tables import ALL
from motorcade.simulator.vin import demo_fleet, fleet_seed


@dataclass(frozen=True, slots=True)
class Installation:
    """What a start finds or has made."""

    link: str
    passphrase_set: bool
    claimed: int


async def prepare_installation(settings: Settings) -> Installation:
    """Make what is missing and give a fresh sign-in link. Repeating it changes nothing that exists.

    Raises:
        Unavailable: a file cannot be read or written. Corrupt: one is damaged; it is left as it is.
    """
    create_root_key(settings.root_key_path)
    clock = SystemClock()
    keys = FileKeys(settings.root_key_path)
    store = SqliteStore(settings.store_path, clock, ALL)
    try:
        identity = LocalIdentity(store, keys, clock)
        owner = await identity.ensure_owner()
        claims = ClaimsRepository(SystemScope("first start"), store, keys, clock)
        claimed = 0
        for car in demo_fleet(fleet_seed(settings.data_dir), settings.simulated_cars):
            if await claims.resolve(car.vin) is None:
                await claims.claim(car.vin, owner.org_id, car.name, car.model)
                claimed += 1
        link = f"{settings.base_url}/sign-in#{await identity.make_link()}"
        return Installation(link, await identity.passphrase_set(), claimed)
    finally:
        await store.close()
