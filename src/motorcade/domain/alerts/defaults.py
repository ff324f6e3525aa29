"""The rules that a new organisation begins with."""

from typing import Final

from motorcade.domain.alerts.condition import All, AnyOf, Compare, Not, Noticed, Presence, Running, Silent
from motorcade.domain.alerts.rule import AlertRule

TYRES: Final = ("front_left", "front_right", "rear_left", "rear_right")
TYRE_LOW_KPA: Final = 220.0
TYRE_FINE_KPA: Final = 235.0
"""Below every usual placard pressure of cars; a Tesla's is 240 to 310 kPa."""

# The maker publishes no list of its notices' names, and no signal tells of a collision or an airbag. The first name is
# known from recordings; the others match what such names would have to say, and leave out those that say that a sensor
# or a function does not work. An organisation adds the names that it sees in its own cars.
ALARM_NOTICE: Final = "*alarmTriggered*"
CRASH_NOTICES: Final = ("*airbag*deploy*", "*collision*detected*", "*crash*detected*", "*nearDeploy*")

DEFAULT_ALERTS: Final[tuple[AlertRule, ...]] = (
    AlertRule(
        id="collision",
        name="Collision or airbag",
        when=AnyOf(tuple(Noticed(name) for name in CRASH_NOTICES)),
        severity="emergency",
    ),
    AlertRule(
        id="sentry-panic",
        name="Sentry alarm",
        when=AnyOf((Compare("sentry_mode", "equals", "Panic"), Noticed(ALARM_NOTICE))),
        severity="emergency",
    ),
    AlertRule(
        id="battery-low",
        name="Battery low",
        when=All((Compare("battery_pct", "below", 15.0), Not(Running("charge")))),
        clear=AnyOf((Compare("battery_pct", "at_least", 20.0), Running("charge"))),
        hold_s=60,
        cool_down_s=3_600,
    ),
    AlertRule(
        id="tyre-pressure-low",
        name="Tyre pressure low",
        when=AnyOf(tuple(Compare(f"tyre_pressure_{tyre}_kpa", "below", TYRE_LOW_KPA) for tyre in TYRES)),
        clear=All(tuple(Compare(f"tyre_pressure_{tyre}_kpa", "at_least", TYRE_FINE_KPA) for tyre in TYRES)),
        hold_s=300,
        cool_down_s=3_600,
    ),
    AlertRule(
        id="silent",
        name="Silent while it should report",
        when=All((Silent(1_800), Presence("offline"))),
        severity="info",
    ),
    AlertRule(
        id="left-open",
        name="Door open while parked",
        when=All((Compare("doors_open", "contains", ""), Not(Running("trip")))),
        hold_s=600,
        cool_down_s=1_800,
    ),
)
"""Few, and none that a fleet in order would see every day."""
