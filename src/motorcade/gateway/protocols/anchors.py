"""Trust anchors of the vehicle door, each bound to the VINs that it may speak for.

Production anchors (a file that the operator names) speak for real VINs only, the development authority for VINs that
begin with SIM only. OpenSSL refuses leaves of a CA whose extended key usage is only "any" (one of the maker's own is
like that) unless the anchor itself says that it is trusted for TLS clients; so all anchors are rewritten as TRUSTED
CERTIFICATE blocks, which OpenSSL reads from a file alone.
"""

import base64
import datetime as dt
import os
import ssl
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from motorcade.domain.errors import Invalid, Unavailable

_TRUSTED_FOR_CLIENTS: Final = bytes.fromhex("300c300a06082b06010505070302")
"""The trust settings that follow a certificate in such a block: one usage, TLS client authentication (RFC 5280)."""
EXPIRY_WARNING: Final = dt.timedelta(days=90)
"""An anchor that ends within this time is announced at the start: its successor has to reach the operator first."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Which certificates may vouch for vehicles, as DER."""

    production: frozenset[bytes]
    development: frozenset[bytes]
    warnings: tuple[str, ...]
    """What the operator should know: anchors that have ended or end soon, without any VIN."""
    earliest_expiry_s: float
    """When the first anchor that is still valid ends, in seconds since 1970; 0 where there is none."""


def load_anchors(production_file: Path | None, development_file: Path | None, now_ns: int) -> Anchors:
    """Read the anchors and look at their dates.

    Args:
        production_file: PEM bundle of the maker's authorities, None where only simulated cars come.
        development_file: PEM certificate of the development authority, None where only real cars come.
        now_ns: wall time.

    Raises:
        Unavailable: a file cannot be read.
        Invalid: a file holds no certificate, the development authority could sign other authorities or is also a
            production anchor, or no anchor is left.
    """
    production, development = _read(production_file), _read(development_file)
    for authority in development:
        _require_end_of_chain(authority)
    if shared := {_key(a) for a in production} & {_key(a) for a in development}:
        raise Invalid(f"{len(shared)} key(s) of the development authority are production anchors too; remove them")
    if not production and not development:
        raise Invalid("no trust anchor is named, so no vehicle could ever connect; name at least one file")
    now = dt.datetime.fromtimestamp(now_ns / 1e9, dt.UTC)
    ends = [anchor.not_valid_after_utc for anchor in (*production, *development)]
    living = [end for end in ends if end > now]
    return Anchors(
        frozenset(anchor.public_bytes(Encoding.DER) for anchor in production),
        frozenset(anchor.public_bytes(Encoding.DER) for anchor in development),
        tuple(_warnings((*production, *development), now)),
        min(living).timestamp() if living else 0.0,
    )


def server_context(anchors: Anchors, certificate: Path, key: Path, run_dir: Path) -> ssl.SSLContext:
    """Make the TLS context of the vehicle door.

    Client certificates are required. TLS 1.2 is the floor (cars speak it), ALPN is http/1.1 alone, no list of
    authority names is sent (cars given a long foreign list withheld their certificate), and the strict X.509 profile
    stays off (it refuses chains of the maker). TLS 1.3 tickets are off: a resumed session has no verified chain.

    Args:
        anchors: who may vouch for vehicles.
        certificate: PEM file of our own certificate chain.
        key: PEM file of its key.
        run_dir: private directory for the rewritten anchors.

    Raises:
        Unavailable: a file cannot be read or written, or our certificate does not fit its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    bundle = run_dir / "vehicle-anchors.pem"
    try:
        context.load_cert_chain(certificate, key)
        run_dir.mkdir(parents=True, exist_ok=True)
        _write(bundle, trusted_blocks(sorted(anchors.production | anchors.development)))
        context.load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(f"the vehicle door's TLS files cannot be used ({error}); check {certificate}") from error
    return context


def trusted_blocks(certificates: Iterable[bytes]) -> str:
    """DER certificates as PEM blocks that name TLS clients as what they are trusted for."""
    blocks = []
    for der in certificates:
        text = base64.b64encode(der + _TRUSTED_FOR_CLIENTS).decode("ascii")
        lines = "\n".join(textwrap.wrap(text, 64))
        blocks.append(f"-----BEGIN TRUSTED CERTIFICATE-----\n{lines}\n-----END TRUSTED CERTIFICATE-----\n")
    return "".join(blocks)


def _read(path: Path | None) -> Sequence[x509.Certificate]:
    if path is None:
        return ()
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise Unavailable(f"trust anchors {path} cannot be read: {error}") from error
    except ValueError as error:
        raise Invalid(f"trust anchors {path} hold no readable certificate: {error}") from error


def _require_end_of_chain(authority: x509.Certificate) -> None:
    """Nothing below the development authority may sign: then its own leaves are all that it can vouch for."""
    try:
        limits = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as error:
        raise Invalid("the development authority has no basic constraints; make a new one") from error
    if not limits.ca or limits.path_length != 0:
        raise Invalid("the development authority must be a CA with path length 0; make a new one")


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _warnings(anchors: Iterable[x509.Certificate], now: dt.datetime) -> Iterable[str]:
    for anchor in anchors:
        name, end = anchor.subject.rfc4514_string(), anchor.not_valid_after_utc
        if end <= now:
            yield f"trust anchor {name} ended on {end:%Y-%m-%d}: vehicles of it are refused"
        elif end - now < EXPIRY_WARNING:
            yield f"trust anchor {name} ends on {end:%Y-%m-%d}: get the maker's newer file"


def _write(path: Path, text: str) -> None:
    """Write for the owner alone and whole, so that a second process never reads half a bundle."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_text(text, encoding="ascii")
    draft.chmod(0o600)
    draft.replace(path)
