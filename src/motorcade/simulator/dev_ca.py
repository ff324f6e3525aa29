"""The development authority: certificates for simulated cars, and one for the gateway's own name.

Two authorities, because they answer two questions: `dev-ca` says to the gateway who a simulated car is, and it never
speaks for a real one; `server-ca` says to a car that it reached our gateway. Both live under the data directory and
are made at the first start. P-256 throughout, like the maker's own newer chains.
"""

import contextlib
import datetime as dt
import fcntl
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from motorcade.domain.errors import Denied, Unavailable
from motorcade.ports.clock import Clock
from motorcade.simulator.vin import is_simulator_vin

VEHICLE_ISSUER: Final = "TeslaMotors"
"""One of the issuer names that the maker's server takes for a car; it is not in the maker's own bundle."""
_SERVER_ISSUER: Final = "Motorcade server authority"
_AUTHORITY_LIFE: Final = dt.timedelta(days=3_650)  # a development machine should not stop one morning
_LEAF_LIFE: Final = dt.timedelta(days=365)
_BACKDATED: Final = dt.timedelta(hours=1)  # a container's clock may lag behind its host's
_PRIVATE_MODE: Final = 0o600


class Credential(NamedTuple):
    """A certificate with its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """A signing certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_path: Path


def open_vehicle_authority(tls_dir: Path, clock: Clock) -> Authority:
    """Load or make the authority for simulated cars (`dev-ca.pem`, `dev-ca.key` with mode 0600).

    Raises:
        Unavailable: the directory cannot be read or written, or a file there is damaged.
    """
    return _open(tls_dir, "dev-ca", VEHICLE_ISSUER, clock)


def open_server_authority(tls_dir: Path, clock: Clock) -> Authority:
    """Load or make the authority that the cars trust (`server-ca.pem`, `server-ca.key` with mode 0600).

    Raises:
        Unavailable: the directory cannot be read or written, or a file there is damaged.
    """
    return _open(tls_dir, "server-ca", _SERVER_ISSUER, clock)


def issue_vehicle(authority: Authority, vin: str, clock: Clock) -> Credential:
    """Issue a client certificate whose common name is a simulator's VIN, with a key of its own.

    Takes about 0.2 ms, so nothing is kept on disk: a fleet gets new ones at every start.

    Raises:
        Denied: the VIN is not a simulator's; this authority never speaks for a real car.
    """
    if not is_simulator_vin(vin):
        raise Denied("the development authority issues certificates for VINs that begin with SIM only")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    return _issue(authority, vin, clock, [x509.ExtendedKeyUsage([usage])])


def issue_server(authority: Authority, hosts: Sequence[str], clock: Clock) -> Credential:
    """Issue the gateway's server certificate for host names and addresses; the first is its common name."""
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    return _issue(authority, hosts[0], clock, [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), names])


def write_server_credential(tls_dir: Path, hosts: Sequence[str], clock: Clock) -> tuple[Path, Path]:
    """Write a fresh `server.pem` and `server.key` (0600) for the gateway and return their paths.

    Made anew at every start: it costs half a millisecond and follows the hosts in the settings.

    Raises:
        Unavailable: the directory cannot be written.
    """
    credential = issue_server(open_server_authority(tls_dir, clock), hosts, clock)
    certificate_path, key_path = tls_dir / "server.pem", tls_dir / "server.key"
    with _translated(tls_dir):
        _replace(certificate_path, credential.certificate_pem, 0o644)
        _replace(key_path, credential.key_pem, _PRIVATE_MODE)
    return certificate_path, key_path


def client_context(credential: Credential, server_ca_pem: str) -> ssl.SSLContext:
    """Make a car's TLS context: its certificate, trust in one server authority, no ALPN (cars offer none)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=server_ca_pem)
    # OpenSSL takes a certificate by file alone; the file is private and gone a moment later.
    with tempfile.NamedTemporaryFile(prefix="motorcade-car-") as file:
        file.write(credential.certificate_pem + credential.key_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _open(tls_dir: Path, stem: str, common_name: str, clock: Clock) -> Authority:
    certificate_path, key_path = tls_dir / f"{stem}.pem", tls_dir / f"{stem}.key"
    with _translated(tls_dir):
        tls_dir.mkdir(parents=True, exist_ok=True)
        with _locked(tls_dir):
            if not (certificate_path.exists() and key_path.exists()):
                made = _make_authority(common_name, clock)
                _replace(key_path, made.key_pem, _PRIVATE_MODE)
                _replace(certificate_path, made.certificate_pem, 0o644)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError(f"{key_path.name} does not belong to {certificate_path.name}")
    return Authority(certificate, key, certificate_path)


@contextlib.contextmanager
def _translated(tls_dir: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"certificates under {tls_dir} cannot be read or written ({error}); "
            "check the directory's rights, or remove its files to get new ones"
        ) from error


@contextlib.contextmanager
def _locked(tls_dir: Path) -> Iterator[None]:
    """Let one process at a time make authorities: a pair must come from one hand."""
    with (tls_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # closing the file unlocks it


def _make_authority(common_name: str, clock: Clock) -> Credential:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _started(name, name, key.public_key(), clock, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pem(builder.sign(key, hashes.SHA256()), key)


def _issue(
    authority: Authority, common_name: str, clock: Clock, extensions: Sequence[x509.ExtensionType]
) -> Credential:
    key = ec.generate_private_key(ec.SECP256R1())
    subject, issuer = _name(common_name), authority.certificate.subject
    builder = _started(subject, issuer, key.public_key(), clock, _LEAF_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    link = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    builder = builder.add_extension(link, critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return _pem(builder.sign(authority.key, hashes.SHA256()), key)


def _started(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, clock: Clock, life: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.fromtimestamp(clock.now_ns() / 1e9, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credential(certificate.public_bytes(serialization.Encoding.PEM), key_pem)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Write a whole file or nothing: a reader never sees half of one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
