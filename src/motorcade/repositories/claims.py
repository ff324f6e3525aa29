"""Claims: which organisation's vehicle a VIN is. The only place where VINs and vehicles meet.

The index knows a VIN by its HMAC alone; the VIN itself lies in the vault, sealed under its organisation's key. A VIN
has one row, so that at most one claim lives; a release leaves its end there, and the next claim begins after it.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from motorcade.domain.errors import Conflict, Denied, Invalid
from motorcade.domain.ids import new_id
from motorcade.domain.tenant import SystemScope
from motorcade.domain.vehicle import CLAIM_TOLERANCE_NS, Claim, Vehicle
from motorcade.ports.clock import Clock
from motorcade.ports.keys import Keys
from motorcade.ports.store import Absent, Delete, Exists, Put, Query, Store, VersionIs, Write
from motorcade.repositories.tables import CLAIMS, VAULT, VEHICLES
from motorcade.repositories.vehicles import data_of, vehicle_of

CLAIM_KEY_VERSION: Final = 1
RELEASE_DELAY_NS: Final = 10 * 1_000_000_000  # every gateway has closed the car's sockets before (it takes ≤ 5 s)
VAULT_PURPOSE: Final = "vin"
_VIN: Final = re.compile(r"(?:[A-HJ-NPR-Z0-9]{17}|SIM[A-HJ-NPR-Z0-9]{14})\Z")  # ISO 3779; SIM: the simulator's own


def vin_of(text: str) -> str:
    """A VIN in its canonical form.

    Raises:
        Invalid: it is none; the message does not repeat it.
    """
    vin = text.strip().upper()
    if not _VIN.match(vin):
        raise Invalid("a VIN has 17 letters and digits, without I, O and Q")
    return vin


def vin_index(key: bytes, vin: str) -> str:
    """How the index knows a VIN."""
    return hmac.new(key, vin.encode(), hashlib.sha256).hexdigest()


class ClaimsRepository:
    """Claims of all organisations. Bound to the platform's scope, for a VIN is resolved before its owner is known."""

    def __init__(self, scope: SystemScope, store: Store, keys: Keys, clock: Clock) -> None:
        self._scope = scope
        self._store = store
        self._keys = keys
        self._clock = clock

    async def claim(self, vin: str, org_id: str, name: str, model: str | None = None) -> Vehicle:
        """Claim a car for an organisation; it gets a new vehicle id, whoever had it before.

        Raises:
            Invalid: this is no VIN.
            Denied: the VIN is claimed already.
        """
        canonical = vin_of(vin)
        place = await self._place(canonical)
        stored = await self._store.get(CLAIMS, *place)
        valid_from_ns: int | None = None  # nobody had it before: its buffered past belongs to whoever claims it
        if stored is not None:
            ended_ns = claim_of(stored.data).valid_until_ns
            if ended_ns is None:
                raise Denied("this VIN is claimed already; it must be released first")
            valid_from_ns = ended_ns + CLAIM_TOLERANCE_NS
        vehicle = Vehicle(new_id(), name, model, self._clock.now_ns())
        claim = Claim(org_id, vehicle.vehicle_id, valid_from_ns, None)
        sealed = await self._keys.seal(org_id, _vault_purpose(vehicle.vehicle_id), canonical.encode())
        condition = Absent() if stored is None else VersionIs(stored.version)
        writes: list[Write] = [
            Put(CLAIMS, *place, _claim_data(claim), condition),
            Put(VAULT, org_id, vehicle.vehicle_id, {"sealed": sealed}, Absent()),
            Put(VEHICLES, org_id, vehicle.vehicle_id, data_of(org_id, vehicle), Absent()),
        ]
        try:
            await self._store.write(writes)
        except Conflict as error:
            raise Denied("this VIN was claimed by someone else at this moment") from error
        return vehicle

    async def release(self, vin: str, org_id: str) -> Claim:
        """End an organisation's claim, ten seconds from now; the car's sockets close before.

        The vehicle leaves the organisation's list and its VIN the vault; what was recorded stays.

        Raises:
            Invalid: this is no VIN.
            Denied: the organisation has no live claim on it.
        """
        place = await self._place(vin_of(vin))
        stored = await self._store.get(CLAIMS, *place)
        claim = None if stored is None else claim_of(stored.data)
        if stored is None or claim is None or claim.org_id != org_id or claim.valid_until_ns is not None:
            raise Denied("this organisation has no claim on this VIN")
        until_ns = self._clock.now_ns() + RELEASE_DELAY_NS
        ended = Claim(claim.org_id, claim.vehicle_id, claim.valid_from_ns, until_ns)
        writes: list[Write] = [
            Put(CLAIMS, *place, _claim_data(ended), VersionIs(stored.version)),
            Delete(VAULT, org_id, claim.vehicle_id),
        ]
        listed = await self._store.get(VEHICLES, org_id, claim.vehicle_id)
        if listed is not None:
            released = data_of(org_id, vehicle_of(listed), released_at_ns=until_ns)
            writes.append(Put(VEHICLES, org_id, claim.vehicle_id, released, Exists()))
        await self._store.write(writes)
        return ended

    async def resolve(self, vin: str) -> Claim | None:
        """The live claim on a VIN.

        Raises:
            Invalid: this is no VIN.
        """
        stored = await self._store.get(CLAIMS, *await self._place(vin_of(vin)))
        claim = None if stored is None else claim_of(stored.data)
        return None if claim is None or claim.valid_until_ns is not None else claim

    async def vin(self, claim: Claim) -> str:
        """The VIN behind a claim, from the vault; for signing commands and for its owner's eyes.

        Raises:
            Denied: it is not in the vault, or does not open.
        """
        item = await self._store.get(VAULT, claim.org_id, claim.vehicle_id)
        if item is None:
            raise Denied("the vault holds no VIN for this vehicle")
        sealed: bytes = item.data["sealed"]
        return (await self._keys.unseal(claim.org_id, _vault_purpose(claim.vehicle_id), sealed)).decode()

    async def all(self) -> dict[str, Claim]:
        """Every claim by its index value, released ones too."""
        found: dict[str, Claim] = {}
        after: str | None = None
        while True:
            page = await self._store.query(CLAIMS, Query(str(CLAIM_KEY_VERSION), after=after, limit=1000))
            found.update((item.sk, claim_of(item.data)) for item in page.items)
            if page.next is None:
                return found
            after = page.next

    async def _place(self, vin: str) -> tuple[str, str]:
        key = await self._keys.claim_key(CLAIM_KEY_VERSION)
        return str(CLAIM_KEY_VERSION), vin_index(key, vin)


def claim_of(data: Mapping[str, Any]) -> Claim:
    """A claim from its row."""
    return Claim(data["org_id"], data["vehicle_id"], data["valid_from_ns"], data["valid_until_ns"])


def _claim_data(claim: Claim) -> dict[str, object]:
    return {
        "org_id": claim.org_id,
        "vehicle_id": claim.vehicle_id,
        "valid_from_ns": claim.valid_from_ns,
        "valid_until_ns": claim.valid_until_ns,
    }


def _vault_purpose(vehicle_id: str) -> str:
    """A VIN is sealed for its vehicle, so that rows cannot be exchanged unnoticed."""
    return f"{VAULT_PURPOSE}:{vehicle_id}"
