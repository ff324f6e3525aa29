"""Public key infrastructures for tests: one that looks like the maker's, and attackers' variations of it."""

import datetime as dt
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = "1.3.6.1.5.5.7.3.2"
ANY = "2.5.29.37.0"
TESLA_VEHICLE = "1.3.6.1.4.1.49279.2.5.1"
TESLA_ENERGY = "1.3.6.1.4.1.49279.2.5.2"
WIFI_EAP = "1.3.6.1.4.1.49279.2.5.1.1"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _sign(
    name: x509.Name,
    issuer: Holder | None,
    extensions: Sequence[x509.ExtensionType],
    life: tuple[dt.timedelta, dt.timedelta],
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Holder:
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates are judged by the machine's clock
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + life[0])
        .not_valid_after(now + life[1])
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _name(common_name: str, units: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usages(usages: Sequence[str]) -> list[x509.ExtensionType]:
    return [x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])] if usages else []


def authority(
    common_name: str, issuer: Holder | None = None, usages: Sequence[str] = (), path_length: int | None = None
) -> Holder:
    """A signing certificate; without an issuer a root."""
    basic = x509.BasicConstraints(ca=True, path_length=path_length)
    return _sign(_name(common_name), issuer, [basic, *_usages(usages)], (-DAY, 365 * DAY))


def leaf(
    common_name: str,
    issuer: Holder,
    usages: Sequence[str] = (CLIENT,),
    units: Sequence[str] = (),
    life: tuple[dt.timedelta, dt.timedelta] = (-DAY, DAY),
) -> Holder:
    """A client certificate."""
    basic = x509.BasicConstraints(ca=False, path_length=None)
    return _sign(_name(common_name, units), issuer, [basic, *_usages(usages)], life)


def server_leaf(issuer: Holder, host: str) -> Holder:
    """A server certificate for a host name."""
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return _sign(_name(host), issuer, [names, usage], (-DAY, DAY))


def client_context(folder: Path, server_ca_pem: str, holder: Holder, extra: Sequence[Holder] = ()) -> ssl.SSLContext:
    """A client's TLS context that sends a leaf and whatever else it likes."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"client-{holder.certificate.serial_number:x}-{len(extra)}.pem"
    file.write_bytes(holder.pem + b"".join(one.pem for one in extra) + holder.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=server_ca_pem)
    context.load_cert_chain(file)
    return context
