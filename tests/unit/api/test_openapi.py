"""The API's description: current, complete, and true of the running program."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from litestar import get

from motorcade.api.access import check_declared
from motorcade.api.app import OPERATIONS
from motorcade.api.document import openapi
from tests.conditions import ROOT, Scale
from tests.unit.api.rig import Rig, driving_fields

DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"

CONFIGURATION = """
[[operations]]
include-operation-id = "listVehicles"
[operations.checks.positive_data_acceptance]
enabled = false  # a cursor is opaque: only one that the list gave out is accepted
"""


def operations() -> dict[str, dict[str, Any]]:
    """Operation id → operation."""
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    return {operation["operationId"]: operation for path in paths.values() for operation in path.values()}


def test_the_committed_description_is_current() -> None:
    assert DOCUMENT.read_bytes() == openapi(OPERATIONS, "0"), "run `uv run tools/openapi.py`"


async def test_the_running_program_serves_it(rig: Rig) -> None:
    async with rig.browser() as browser:
        served = await browser.get("/openapi.json")
    assert served.content == DOCUMENT.read_bytes()
    assert served.json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", sorted(operations()))
def test_every_operation_is_described_with_its_errors(name: str) -> None:
    operation = operations()[name]
    assert operation["summary"]
    assert operation["description"]
    for status, response in operation["responses"].items():
        if int(status) >= 400 and name != "getReadiness":
            assert list(response["content"]) == ["application/problem+json"]
            assert response["content"]["application/problem+json"]["examples"]
    if operation["security"]:
        assert {"401", "403"} <= set(operation["responses"])


def test_an_operation_without_a_permission_stops_the_start() -> None:
    @get("/v1/open")
    async def forgotten() -> None:
        """Tell everything to everyone."""

    with pytest.raises(RuntimeError, match="declares no permission"):
        check_declared([*OPERATIONS, forgotten])


async def test_generated_requests_get_only_what_the_description_says(rig: Rig, scale: Scale, tmp_path: Path) -> None:
    owner = await rig.owner()
    [vehicle_id] = await rig.add(owner.org_id, ["Volvo"])
    await rig.keep(owner.org_id, vehicle_id, driving_fields(rig.now_ns))
    await rig.listed(owner, 1)
    described = json.loads(DOCUMENT.read_bytes())
    for path in described["paths"].values():
        for operation in path.values():
            del operation["security"]  # the cookie goes with every request; that it is needed, others test
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", rig.url),
        *("--header", f"Cookie: {rig.deps.settings.cookie}={owner.token}"),
        *("--max-examples", str(scale.n(20, 300)), "--phases", "examples,coverage,fuzzing"),
        # The stream never ends; the other two would end or lock the session that attacks.
        *("--exclude-operation-id", "streamLive"),
        *("--exclude-operation-id", "signOut"),
        *("--exclude-operation-id", "setPassphrase"),
        *("--generation-database", "none", "--no-color", "--workers", "1"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    report, _ = await process.communicate()
    assert process.returncode == 0, report.decode()[-6_000:]
