"""Who a Tesla vehicle is, from its verified certificate and nothing else.

Rules of the maker's own server (teslamotors/fleet-telemetry, `messages/identity`): the leaf's issuer name and its
extended key usages say what kind of device it is, its subject's common name is the VIN. Two rules are ours: only
vehicles are let in, and each trust anchor speaks for its own VINs alone. Headers, envelopes and payloads decide
nothing.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from motorcade.domain.errors import Denied
from motorcade.gateway.protocols.anchors import Anchors

VEHICLE: Final = "vehicle_device"
SIMULATOR_PREFIX: Final = "SIM"
"""Begins the VINs that the development authority may speak for; a real VIN has no letter I."""
_VIN_LENGTH: Final = 17
_VIN_LETTERS: Final = frozenset("0123456789ABCDEFGHJKLMNPRSTUVWXYZ")  # ISO 3779: no I, O, Q

_ISSUERS_WITH_USAGE: Final = frozenset(
    {
        *(f"Tesla Motors {site}Product Issuing CA" for site in ("", "GF0 ", "GF3 ", "GF Austin ", "GF Berlin ")),
        *(f"Tesla Motors {site}Product RSA Issuing CA" for site in ("", "GF3 ")),
        *(f"Tesla Energy {site}Product Issuing CA" for site in ("", "GF0 ")),
        *(
            f"Tesla {site}Product Access Issuing CA"
            for site in ("", "China ", "GF0 ", "GF3 ", "GF Austin ", "GF Berlin ")
        ),
    }
)
"""Issuers whose leaves name the kind of device by an object id among the extended key usages."""
_PRODUCTS_CA: Final = "Tesla Motors Products CA"
_ISSUERS_OF_VEHICLES: Final = frozenset({"TeslaMotors", "Tesla Issuing CA", _PRODUCTS_CA})
"""Older issuers: every leaf is a vehicle, except for boards of the last one (see `_BOARD_UNIT`)."""
_WIFI_EAP: Final = "1.3.6.1.4.1.49279.2.5.1.1"
_KINDS: Final = {
    1: VEHICLE,
    11: "vehicle_board_device",
    2: "energy_device",
    12: "das_device",
    14: "vehicle_service",
    15: "das_service",
    16: "energy_service",
    28: "robotics_device",
}
_USAGES: Final = {f"1.3.6.1.4.1.49279.2.{realm}.{number}": kind for realm in (4, 5) for number, kind in _KINDS.items()}
_UNITS: Final = {"Solar Inverter": "solar_inverter_device", "Gen3 Wall Connector": "wall_connector_device"}
_BOARD_UNIT: Final = "Tesla Motors SN"
_MEMO_LIMIT: Final = 20_000  # leaves remembered for resumed TLS 1.2 sessions: more than can be connected


class Refused(Denied):
    """A certificate that may not speak for a vehicle; `reason` is a word for the metrics."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """What the certificate says about a vehicle."""

    vin: str
    sender_ids: frozenset[bytes]
    """The two spellings under which the vehicle may name itself in a message."""


@dataclass(slots=True)
class Gatekeeper:
    """Turns verified certificate chains into identities."""

    anchors: Anchors
    _chains: OrderedDict[bytes, bool] = field(default_factory=OrderedDict)
    """Hash of a leaf → whether the development authority vouched for it, for sessions resumed without a chain."""

    def identify(self, leaf: bytes, chain: Sequence[bytes] | None) -> Identity:
        """The vehicle behind a connection.

        Args:
            leaf: DER of the client's certificate.
            chain: DER of the chain as TLS verified it, leaf first and anchor last; None in a resumed session, for
                which the chain of the first handshake counts.

        Raises:
            Refused: not a vehicle, not a VIN, or not a VIN that this anchor may speak for.
        """
        simulated = self._is_simulated(leaf, chain)
        certificate = x509.load_der_x509_certificate(leaf)
        kind = device_type(certificate)
        if kind != VEHICLE:
            raise Refused("device_type", f"a {kind} is no vehicle")
        vin = _only(certificate.subject, NameOID.COMMON_NAME, "subject").replace(".", "-")
        if len(vin) != _VIN_LENGTH:
            raise Refused("vin_format", f"the subject's common name has {len(vin)} characters, a VIN has 17")
        begins_sim = vin.startswith(SIMULATOR_PREFIX)
        if begins_sim != simulated or not _VIN_LETTERS.issuperset(vin[len(SIMULATOR_PREFIX) if simulated else 0 :]):
            raise Refused("namespace", "this trust anchor does not speak for such VINs")
        raw = vin.encode("ascii")
        return Identity(vin, frozenset((raw, f"{VEHICLE}.{vin}".encode("ascii"))))

    def _is_simulated(self, leaf: bytes, chain: Sequence[bytes] | None) -> bool:
        digest = hashlib.sha256(leaf).digest()
        if not chain:
            known = self._chains.get(digest)
            if known is None:
                raise Refused("no_chain", "the session was resumed from a handshake that this process did not see")
            return known
        if chain[0] != leaf or len(chain) < 2:
            raise Refused("no_chain", "the verified chain does not begin with the client's own certificate")
        vouched = frozenset(chain[1:])
        simulated = not self.anchors.development.isdisjoint(vouched)
        if not simulated and self.anchors.production.isdisjoint(vouched):
            raise Refused("anchor", "the chain ends in no trust anchor of ours")
        self._chains[digest] = simulated
        self._chains.move_to_end(digest)
        if len(self._chains) > _MEMO_LIMIT:
            self._chains.popitem(last=False)
        return simulated


def device_type(certificate: x509.Certificate) -> str:
    """What kind of device a leaf belongs to.

    Raises:
        Refused: the issuer is unknown, no usage names a kind, or the certificate is one for Wi-Fi access.
    """
    issuer = _only(certificate.issuer, NameOID.COMMON_NAME, "issuer")
    units = [str(unit.value) for unit in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    if issuer in _ISSUERS_WITH_USAGE:
        kind = _kind_by_usage(certificate)
        return next((_UNITS[unit] for unit in units if unit in _UNITS), kind)
    if issuer not in _ISSUERS_OF_VEHICLES:
        raise Refused("issuer", "the certificate's issuer is none that vouches for vehicles")
    if issuer == _PRODUCTS_CA and units[:1] == [_BOARD_UNIT]:
        return "vehicle_board_device"
    return VEHICLE


def _kind_by_usage(certificate: x509.Certificate) -> str:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise Refused("usage", "the certificate has no extended key usage that names a device") from error
    for usage in usages:
        if usage.dotted_string == _WIFI_EAP:
            raise Refused("wifi_eap", "a certificate for Wi-Fi access does not speak for a vehicle")
        if usage.dotted_string in _USAGES:
            return _USAGES[usage.dotted_string]
    raise Refused("usage", "no extended key usage names a device")


def _only(name: x509.Name, oid: x509.ObjectIdentifier, what: str) -> str:
    """The one value of a name's attribute; with two of them it would depend on the reader who is meant."""
    found = name.get_attributes_for_oid(oid)
    if len(found) != 1:
        raise Refused("name", f"the {what} has {len(found)} common names, one is needed")
    return str(found[0].value)


def extra_certificates(sent: Sequence[bytes] | None, chain: Sequence[bytes] | None) -> int:
    """How many certificates a client appended that its verified chain does not need."""
    return len(set(sent or ()) - set(chain or ())) if chain else 0
