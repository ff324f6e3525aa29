"""Only identity code and the wiring vouch for an organisation."""

from pathlib import Path

from tests.conditions import ROOT
from tools.house import scopes

# Who may make a scope. A new entry is a decision about who is trusted; say in the change why.
MAKERS = {
    "SystemScope": frozenset({"src/motorcade/app/compose.py", "src/motorcade/adapters/embedded/identity_local.py"}),
    "OrgScope": frozenset({"src/motorcade/domain/tenant.py", "src/motorcade/repositories/people.py"}),
}
# Platform repositories work for the machine, not for one organisation, and hold a SystemScope.
PLATFORM = frozenset(
    {
        f"src/motorcade/repositories/{noun}.py"
        for noun in ("claims", "consumption", "manifest", "outbox", "people", "quarantine", "rule_book")
    }  # gateway, consumer, archiver, identity and whoever folds work for all organisations
)


def test_scopes_are_made_only_by_identity_code_and_the_wiring() -> None:
    faults = list(scopes.maker_faults(ROOT, MAKERS, "src"))
    assert not faults, "\n".join(map(str, faults))


def test_no_repository_is_told_an_organisation() -> None:
    faults = [
        fault for fault in scopes.organisation_faults(ROOT, "src/motorcade/repositories") if fault.file not in PLATFORM
    ]
    assert not faults, "\n".join(map(str, faults))


def test_a_scope_made_elsewhere_is_caught(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from motorcade.domain import tenant\nx = tenant.SystemScope('me')\n")
    (tmp_path / "b.py").write_text("def f(scope: SystemScope) -> None: ...\n")
    assert [fault.file for fault in scopes.maker_faults(tmp_path, MAKERS)] == ["a.py"]


def test_a_repository_that_takes_an_organisation_is_caught(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("class Vehicles:\n    def get(self, org_id: str, vehicle_id: str): ...\n")
    (tmp_path / "b.py").write_text("class Vehicles:\n    def get(self, vehicle_id: str): ...\n")
    assert [fault.file for fault in scopes.organisation_faults(tmp_path)] == ["a.py"]
