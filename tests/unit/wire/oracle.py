"""What a recorded message should become, worked out slowly from its JSON text: none of our decoders is asked."""

from typing import Any

import pytest

from motorcade.domain.signal import SIGNALS, Shape
from motorcade.domain.state import Value

FACTOR = {"km/h": 1.609344, "km": 1.609344, "kPa": 100.0}
TO_SECONDS = {"TimeToFullCharge": 3600.0, "MinutesToArrival": 60.0, "RouteTrafficMinutesDelay": 60.0}


def expected(key: str, value: Any) -> Any:
    """What a recorded value should become, worked out from the JSON text alone."""
    if not value or "invalid" in value:
        return None
    ((arm, sent),) = value.items()
    if arm == "locationValue":
        return (sent["latitude"], sent["longitude"])
    if arm == "doorValue":
        return {name for name, is_open in sent.items() if is_open}
    if key == "DoorState":
        return {name for name in sent.split("|") if name}
    if isinstance(sent, str) and sent in {"true", "false"}:
        return sent == "true"
    return expected_scalar(key, arm, sent)


def expected_scalar(key: str, arm: str, sent: Any) -> Any:
    """The same for numbers, enumerations and texts."""
    signal = next(signal for signal in SIGNALS if signal.tesla_name == key)
    if signal.shape is Shape.NUMBER:
        return float(sent) * FACTOR.get(signal.unit or "", TO_SECONDS.get(key, 1.0))
    if signal.shape is Shape.INTEGER:
        return int(sent)
    if arm.endswith("Value") and arm not in {"stringValue", "booleanValue"}:
        kind = arm.removesuffix("Value")
        kind = {"hvacAutoMode": "hvacAutoModeState"}.get(kind, kind)
        return sent[len(kind) :]
    return sent


def agrees(got: Value, want: Any) -> bool:
    """Whether a decoded value is the expected one, of the same kind."""
    if isinstance(want, float):
        return isinstance(got, float) and got == pytest.approx(want, rel=1e-6, abs=1e-9)
    if isinstance(want, set):
        return isinstance(got, tuple) and set(got) == want
    return got == want and type(got) is type(want)
