"""Whole days of simulated cars with a known ground truth, in virtual time: no sockets, no sleeping.

    from motorcade.simulator.days import Faults, Pattern, whole_day

    day = whole_day(seed=7, pattern=Pattern.COMMUTER, faults=Faults.severe())
    for report in day.reports:                 # in the order in which the stream holds them
        frame = report.frame(org, vehicle)     # a `domain.record.Frame`, as the consumer's loop gets it
    day.truth.trips, day.truth.charges, ...    # what really happened, see `truth.py`
    day.visits(Circle("yard", place, 150.0)), day.speeding(137.0)

`mixed_days(1_000, Faults.severe())` gives the days of many cars, the patterns taking turns.

The truth comes from the simulated physics and never from the reports. The same arguments give the same day, byte for
byte. A day begins at midnight UTC with the car asleep, and ends with the car asleep again: after the last trip at least
forty minutes, and for cars that charge overnight in the morning after. So a day is longer than 24 hours, and reports
may arrive up to two days later still (`Faults.late_hours`).
"""

from motorcade.simulator.days.car import DayCar
from motorcade.simulator.days.day import FIRST_DAY_NS, Day, mixed_days, whole_day
from motorcade.simulator.days.faults import Faults
from motorcade.simulator.days.fences import Area, Circle
from motorcade.simulator.days.patterns import Pattern
from motorcade.simulator.days.post import Report
from motorcade.simulator.days.truth import (
    CarAlert,
    Charge,
    Fix,
    Harsh,
    Idling,
    Leak,
    Parked,
    Pause,
    Speeding,
    Trip,
    Truth,
    Unbelted,
    Visit,
)

__all__ = [
    "FIRST_DAY_NS",
    "Area",
    "CarAlert",
    "Charge",
    "Circle",
    "Day",
    "DayCar",
    "Faults",
    "Fix",
    "Harsh",
    "Idling",
    "Leak",
    "Parked",
    "Pattern",
    "Pause",
    "Report",
    "Speeding",
    "Trip",
    "Truth",
    "Unbelted",
    "Visit",
    "mixed_days",
    "whole_day",
]
