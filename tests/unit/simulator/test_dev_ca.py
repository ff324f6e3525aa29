import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Denied, Unavailable
from motorcade.simulator.dev_ca import (
    client_context,
    issue_vehicle,
    open_server_authority,
    open_vehicle_authority,
    write_server_credential,
)
from motorcade.simulator.vin import demo_fleet, fleet_seed, fresh_vin, is_simulator_vin, make_vin

CLOCK = SystemClock()
SEED = b"s" * 32


def common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


@pytest.mark.parametrize(
    "vin",
    [
        "ABCDEFGH123456789",  # the shape of any other maker's
        "SIM0000000000001",  # too short
        "SIM000000000000001",  # too long
        "sim00000000000001",
        "SIM0000000000000O",  # O is no VIN character
        "SIM..............",
        "SIM00000000000001\n",
        "",
    ],
)
def test_the_development_authority_speaks_for_simulator_vins_only(data_dir: Path, vin: str) -> None:
    authority = open_vehicle_authority(data_dir / "tls", CLOCK)
    with pytest.raises(Denied):
        issue_vehicle(authority, vin, CLOCK)


def test_a_car_gets_a_client_certificate_under_its_own_vin_and_key(data_dir: Path) -> None:
    authority = open_vehicle_authority(data_dir / "tls", CLOCK)
    one, other = (issue_vehicle(authority, fresh_vin(), CLOCK) for _ in range(2))
    certificate = x509.load_pem_x509_certificate(one.certificate_pem)
    assert is_simulator_vin(common_name(certificate.subject))
    assert common_name(certificate.issuer) == "TeslaMotors"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certificate.verify_directly_issued_by(authority.certificate)
    assert one.key_pem != other.key_pem


def test_authorities_are_kept_and_their_keys_are_private(data_dir: Path) -> None:
    tls = data_dir / "tls"
    first = open_vehicle_authority(tls, CLOCK), open_server_authority(tls, CLOCK)
    again = open_vehicle_authority(tls, CLOCK), open_server_authority(tls, CLOCK)
    assert [one.certificate for one in first] == [one.certificate for one in again]
    assert first[0].certificate != first[1].certificate
    write_server_credential(tls, ["localhost"], CLOCK)
    for name in ("dev-ca.key", "server-ca.key", "server.key"):
        assert stat.S_IMODE((tls / name).stat().st_mode) == 0o600


def test_the_server_certificate_covers_the_hosts_and_comes_from_the_other_authority(data_dir: Path) -> None:
    path, _ = write_server_credential(data_dir / "tls", ["localhost", "127.0.0.1", "::1"], CLOCK)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    certificate.verify_directly_issued_by(open_server_authority(data_dir / "tls", CLOCK).certificate)


def test_a_key_that_does_not_belong_to_its_certificate_is_refused_with_a_remedy(data_dir: Path) -> None:
    tls = data_dir / "tls"
    open_vehicle_authority(tls, CLOCK)
    open_server_authority(tls, CLOCK)
    (tls / "server-ca.key").rename(tls / "dev-ca.key")
    with pytest.raises(Unavailable, match="remove its files"):
        open_vehicle_authority(tls, CLOCK)


def test_a_cars_context_offers_no_alpn_and_verifies_its_server(data_dir: Path) -> None:
    tls = data_dir / "tls"
    credential = issue_vehicle(open_vehicle_authority(tls, CLOCK), fresh_vin(), CLOCK)
    context = client_context(credential, open_server_authority(tls, CLOCK).certificate_path.read_text())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_fleets_vins_come_from_the_seed_are_distinct_and_are_simulator_vins() -> None:
    fleet = demo_fleet(SEED, 500)
    assert demo_fleet(SEED, 200) == fleet[:200]
    assert len({car.vin for car in fleet}) == len({car.name for car in fleet}) == 500
    assert all(is_simulator_vin(car.vin) for car in fleet)
    assert demo_fleet(b"t" * 32, 1)[0].vin != fleet[0].vin
    assert make_vin(SEED, "a") != make_vin(SEED, "b")


def test_a_data_directory_keeps_its_seed_in_a_private_file_that_names_no_vin(data_dir: Path) -> None:
    seed = fleet_seed(data_dir)
    assert fleet_seed(data_dir) == seed
    assert stat.S_IMODE((data_dir / "simulator.seed").stat().st_mode) == 0o600
    assert b"SIM" not in (data_dir / "simulator.seed").read_bytes()
    assert sorted(path.name for path in data_dir.iterdir()) == ["simulator.seed"]


def test_a_damaged_seed_is_not_taken_for_a_new_fleet(data_dir: Path) -> None:
    (data_dir / "simulator.seed").write_bytes(b"short")
    with pytest.raises(Unavailable, match="damaged"):
        fleet_seed(data_dir)
