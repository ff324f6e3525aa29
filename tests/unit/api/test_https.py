"""The API speaks https by itself, with the certificate that it is given."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from motorcade.api.deps import ApiSettings
from tests.unit.api.rig import running


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fleet.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


async def test_sign_in_and_pages_over_https(data_dir: Path, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    async with running(data_dir, ApiSettings(version="0", cert=cert, key=key)) as rig:
        base = rig.url.replace("http://", "https://")
        trust = ssl.create_default_context(cafile=str(cert))
        async with httpx.AsyncClient(base_url=base, verify=trust, headers={"origin": base}) as browser:
            signed_in = await browser.post("/v1/session", json={"link_token": await rig.identity.make_link()})
            who = await browser.get("/v1/session")
    assert signed_in.status_code == 201
    assert signed_in.headers["set-cookie"].startswith("__Host-motorcade_session=")
    assert who.status_code == 200
    assert "strict-transport-security" in who.headers
