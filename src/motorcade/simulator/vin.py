"""The simulator's vehicle identification numbers, and the demo fleet that carries them.

A real VIN contains no letter I, so one that begins with SIM can never be a real car's.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from motorcade.domain.errors import Unavailable

PREFIX: Final = "SIM"
_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"  # as in real VINs: no I, O, Q
_LENGTH: Final = 17
_SEED_BYTES: Final = 32
# One van, two cars, one pool car, and so on: what a mixed city fleet looks like.
_KINDS: Final = (
    ("Van", ("Model Y", "Model X")),
    ("Car", ("Model 3 Long Range", "Model Y", "Model 3", "Model S")),
    ("Pool", ("Model 3", "Model Y")),
    ("Car", ("Model 3", "Model 3 Long Range", "Model Y")),
)


class FleetCar(NamedTuple):
    """One car of the demo fleet."""

    vin: str
    name: str
    model: str
    """A key of `motorcade.simulator.body.MODELS`."""


def is_simulator_vin(vin: str) -> bool:
    """Return whether a VIN is one that only the simulator can have: SIM and fourteen characters of a VIN."""
    return len(vin) == _LENGTH and vin.startswith(PREFIX) and set(vin[len(PREFIX) :]) <= set(_ALPHABET)


def make_vin(seed: bytes, label: str) -> str:
    """Derive a VIN from a secret seed: the same for the same label, unguessable without the seed."""
    number = int.from_bytes(hashlib.blake2b(label.encode(), key=seed, digest_size=16).digest())
    letters = []
    for _ in range(_LENGTH - len(PREFIX)):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return PREFIX + "".join(letters)


def fresh_vin() -> str:
    """Draw a simulator VIN that no fleet drives."""
    return make_vin(secrets.token_bytes(_SEED_BYTES), "one of its own")


def demo_fleet(seed: bytes, count: int) -> list[FleetCar]:
    """Return the first ``count`` cars of the fleet that belongs to a seed; a longer fleet begins with a shorter one."""
    numbers: dict[str, int] = {}
    fleet = []
    for index in range(count):
        kind, models = _KINDS[index % len(_KINDS)]
        numbers[kind] = numbers.get(kind, 0) + 1
        name = f"{kind} {numbers[kind]:02d}"
        fleet.append(FleetCar(make_vin(seed, f"fleet {index}"), name, models[numbers[kind] % len(models)]))
    return fleet


def fleet_seed(data_dir: Path) -> bytes:
    """Read the data directory's seed, or draw it at the first start (`simulator.seed`, mode 0600).

    The VINs themselves are written nowhere: they are derived from the seed again at every start.

    Raises:
        Unavailable: the file cannot be read or written, or has the wrong length.
    """
    path = data_dir / "simulator.seed"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create(path, secrets.token_bytes(_SEED_BYTES))
        seed = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read or written ({error}); check the directory's rights") from error
    if len(seed) != _SEED_BYTES:
        raise Unavailable(f"{path} is damaged; restore it, or remove it and claim the new fleet")
    return seed


def _create(path: Path, data: bytes) -> None:
    """Create a file once and whole; whoever comes second finds the first one's."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
