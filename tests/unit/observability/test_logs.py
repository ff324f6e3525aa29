"""No line of ours shows a vehicle's number, whoever wrote it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from motorcade.observability.logs import MASK, configure_logs, get_logger, mask_vins, redactions

SIM = "SIM00000000000001"
REAL = "5YJ3E1EA0KF999901"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Lines as they leave; the logging set-up of the process is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(room="test", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("vin", [SIM, REAL, REAL.lower()])
def test_anything_vin_shaped_is_masked_wherever_it_stands(vin: str) -> None:
    assert mask_vins(f"car {vin}, again vehicle_device.{vin}!") == f"car {MASK}, again vehicle_device.{MASK}!"


@pytest.mark.parametrize(
    "harmless", ["12345678901234567", "a" * 26, "0042e097-2122-414b-8dcf-417b5d41b200", "motorcade_gateway_received"]
)
def test_numbers_ids_and_words_stay(harmless: str) -> None:
    assert mask_vins(harmless) == harmless


def test_our_lines_are_json_with_room_level_and_time_and_hold_no_vin(written: io.StringIO) -> None:
    before = redactions.n
    get_logger("x").warning("refused", vehicle=SIM, nested={"who": [REAL]}, count=17)
    (line,) = written.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["room"], entry["count"]) == ("refused", "warning", "test", 17)
    assert entry["timestamp"].endswith("Z")
    assert SIM not in line
    assert REAL not in line
    assert redactions.n > before


def test_lines_of_libraries_and_tracebacks_go_through_the_same_net(written: io.StringIO) -> None:
    logging.getLogger("library").error("connection of %s broke", SIM)
    try:
        raise ValueError(f"no such car: {REAL}")
    except ValueError:
        get_logger("x").exception("failed")
    assert SIM not in written.getvalue()
    assert REAL not in written.getvalue()
    assert all(json.loads(line) for line in written.getvalue().splitlines())
