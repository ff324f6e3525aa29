"""What the first start makes: a root key, the owner with an organisation, and claims for the simulated fleet."""

from dataclasses import dataclass

from motorcade.adapters.embedded.keys_file import create_root_key
from motorcade.app.compose import House, open_house
from motorcade.app.settings import Settings
from motorcade.domain.errors import Invalid
from motorcade.ports.stream import BEGINNING
from motorcade.repositories.consumption import Consumption
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
        Invalid: the stream is gone though it had been read.
    """
    create_root_key(settings.root_key_path)
    async with open_house(settings, "first start", None) as house:
        await _need_stream(house)
        owner = await house.identity.ensure_owner()
        claimed = 0
        for car in demo_fleet(fleet_seed(settings.data_dir), settings.simulated_cars):
            if await house.claims.resolve(car.vin) is None:
                await house.claims.claim(car.vin, owner.org_id, car.name, car.model)
                claimed += 1
        link = sign_in_link(settings, await house.identity.make_link())
        return Installation(link, await house.identity.passphrase_set(), claimed)


async def _need_stream(house: House) -> None:
    """A new stream must not take the place of one that was lost, before somebody has said so."""
    path = house.settings.stream_path
    reached = await Consumption(house.scope, house.store).reached(0)
    if reached > BEGINNING and not path.exists():
        raise Invalid(
            f"{path.absolute().parent} has lost its {path.name}, which had been read up to entry {reached}. Put"
            f" {path.name} and store.db back from the same backup, or run `motorcade reread` once to begin a new"
            " stream; the vehicles' states are kept"
        )


def sign_in_link(settings: Settings, token: str) -> str:
    """Where a browser redeems a one-time token: in the fragment, so that no server's log ever holds it."""
    return f"{settings.local_url}/sign-in#{token}"
