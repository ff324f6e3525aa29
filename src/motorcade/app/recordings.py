"""`motorcade play`: the simulator's player, with this machine's claims and certificates."""

from collections.abc import Callable
from pathlib import Path

from motorcade.app.compose import open_house
from motorcade.app.settings import Settings
from motorcade.simulator.dev_ca import open_server_authority, open_vehicle_authority
from motorcade.simulator.link import Gateway
from motorcade.simulator.play import PlayOptions, PlayReport, play
from motorcade.simulator.recording import read_recording


async def play_file(
    settings: Settings, file: Path, speed: float | None, progress: Callable[[int, int], None]
) -> PlayReport:
    """Play a recording against the gateway of this machine.

    Raises:
        Invalid: a line of the file is not a message; the error names it.
        Unavailable: the gateway does not answer.
    """
    recording = read_recording(file)
    async with open_house(settings, "play", None) as house:
        owner = await house.identity.ensure_owner()

        async def claim(vin: str, name: str) -> str:
            return (await house.claims.claim(vin, owner.org_id, name)).vehicle_id

        server_ca = open_server_authority(settings.tls_dir, house.clock).certificate_path.read_text()
        gateway = Gateway(settings.local_vehicle_host, settings.vehicle_port, server_ca)
        authority = open_vehicle_authority(settings.tls_dir, house.clock)
        return await play(recording, gateway, authority, house.clock, claim, PlayOptions(speed, progress))
