"""The row of a charging session."""

from dataclasses import dataclass
from typing import ClassVar, Final

from motorcade.domain.episodes.charging.curve import CurvePoint
from motorcade.domain.episodes.episode import Episode

DOUBTS: Final = {
    "no_counter": 0.3,
    "silent": 0.2,
    "start_unseen": 0.2,
    "gap": 0.1,
    "counter_tail": 0.1,
    "end_estimated": 0.1,
    "stalled": 0.1,
    "energy_capped": 0.1,
    "plug_reading_missing": 0.05,
    "no_battery_pct": 0.05,
}
"""By how much each reason lowers the confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Episode):
    """A charging session: energy flowed, within one plug-in.

    `ended_at_ns` is when the flow stopped. Until the row is final it may open again: after a pause on the same plug, or
    after a silence when the counters agree.

    Attributes:
        plug_in: id of the first session of the same plug-in; sessions with the same one belong to one visit.
        current: "AC", "DC", or "unknown" where no signal tells.
        energy_added_kwh: into the battery.
        added_source: "counter" (the battery's own), "power" (integrated as held between changes), or "plug" (the plug's
            counter less the usual loss).
        energy_used_kwh: through the plug, None if unknown.
        used_source: "counter" (the plug's own, AC only), "power" (integrated), "estimated" (from the energy added),
            "battery" (DC without a whole curve: the energy added, which is a little less), or "none".
        peak_power_kw: the highest.
        mean_power_kw: over the time of flow, None where it was too short.
        curve: power, charge and energy by time.
        battery_start_pct, battery_end_pct: charge of the battery, None if unknown.
        range_start_km, range_end_km: rated range, None if unknown.
        place: (latitude, longitude), None if unknown.
        fences: ids of the fences that the car stood in.
        pauses: (from, to) in ns, when nothing flowed.
        paused_s: their sum.
        gaps: (from, to) in ns, when nobody listened but the counters say that it went on.
        completed: whether the car ended it itself.
        unplugged_at_ns: when the cable came out, None while it is in, or where nobody saw it.
        idle_s: how long the car stayed plugged in after the end, None while it does, or where nobody saw its end.
        outside_temperature_c: at the start, or the first known. None if unknown.
        battery_temperature_c: of the coldest module, likewise.
        sample_span_pct: by how much the charge rose between its first and last reading that the energy is known for.
        sample_energy_kwh: the energy between those two readings; both serve the estimate of the capacity.
    """

    kind: ClassVar[str] = "charge"

    plug_in: str
    current: str
    energy_added_kwh: float
    added_source: str
    energy_used_kwh: float | None
    used_source: str
    peak_power_kw: float
    mean_power_kw: float | None
    curve: tuple[CurvePoint, ...]
    battery_start_pct: float | None
    battery_end_pct: float | None
    range_start_km: float | None
    range_end_km: float | None
    place: tuple[float, float] | None
    fences: tuple[str, ...]
    pauses: tuple[tuple[int, int], ...]
    paused_s: float
    gaps: tuple[tuple[int, int], ...]
    completed: bool
    unplugged_at_ns: int | None
    idle_s: float | None
    outside_temperature_c: float | None
    battery_temperature_c: float | None
    sample_span_pct: float
    sample_energy_kwh: float
