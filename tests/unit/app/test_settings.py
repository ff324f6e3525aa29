"""Settings: halves are refused, and where this machine reaches itself."""

from pathlib import Path

import pytest

from motorcade.app.first_start import sign_in_link
from motorcade.app.settings import Settings, load_settings
from motorcade.domain.errors import Invalid


@pytest.mark.parametrize("door", ["VEHICLE", "HTTP"])
@pytest.mark.parametrize("given, missing", [("CERT", "KEY"), ("KEY", "CERT")])
def test_a_certificate_without_its_key_is_refused_with_both_names(
    monkeypatch: pytest.MonkeyPatch, door: str, given: str, missing: str
) -> None:
    monkeypatch.setenv(f"MOTORCADE_{door}_{given}", "/x.pem")
    with pytest.raises(Invalid, match=f"MOTORCADE_{door}_{given} needs MOTORCADE_{door}_{missing}"):
        load_settings()
    monkeypatch.setenv(f"MOTORCADE_{door}_{missing}", "/y.pem")
    load_settings()


@pytest.mark.parametrize(
    "settings, url",
    [
        (Settings(), "http://127.0.0.1:8080"),
        (Settings(http_host="127.0.0.2", http_port=80), "http://127.0.0.2:80"),
        (Settings(http_host="::1"), "http://[::1]:8080"),
        (Settings(http_host="0.0.0.0", http_cert=Path("x"), http_key=Path("y")), "https://127.0.0.1:8080"),
        (Settings(http_host="::", http_cert=Path("x"), http_key=Path("y")), "https://[::1]:8080"),
        (Settings(public_url="https://fleet.example"), "http://127.0.0.1:8080"),
        (Settings(http_host="10.0.0.1", public_url="https://fleet.example"), "http://10.0.0.1:8080"),
    ],
)
def test_a_sign_in_link_leads_to_this_machine_whatever_others_call_it(settings: Settings, url: str) -> None:
    assert sign_in_link(settings, "abc") == f"{url}/sign-in#abc"


@pytest.mark.parametrize("host, near", [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.3", "127.0.0.3")])
def test_the_vehicle_port_is_reached_where_it_listens(host: str, near: str) -> None:
    assert Settings(vehicle_host=host).local_vehicle_host == near
