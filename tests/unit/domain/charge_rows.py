"""Rows of charging sessions for tests of what is worked out from them."""

from motorcade.domain.episodes.charging.curve import CurvePoint
from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.record import NS_PER_S

BEGIN_NS = 1_700_000_000 * NS_PER_S


def charged(
    energy_kwh: float,
    *,
    used_kwh: float | None = None,
    begin_ns: int = BEGIN_NS,
    seconds: float = 3_600.0,
    curve: tuple[CurvePoint, ...] | None = None,
    current: str = "AC",
    fences: tuple[str, ...] = (),
    span_pct: float = 0.0,
    sample_kwh: float = 0.0,
    source: str = "counter",
    outside_c: float | None = 20.0,
    reasons: tuple[str, ...] = (),
) -> Charge:
    """A session in which energy flowed evenly."""
    power_kw = energy_kwh / seconds * 3_600 if seconds else 0.0
    even = (CurvePoint(0.0, power_kw, None, 0.0), CurvePoint(seconds, power_kw, None, energy_kwh))
    return Charge(
        id=f"c{begin_ns}",
        vehicle_id="V",
        started_at_ns=begin_ns,
        ended_at_ns=begin_ns + round(seconds * NS_PER_S),
        rule_version=1,
        first_record=b"a",
        last_record=b"b",
        reasons=reasons,
        plug_in=f"c{begin_ns}",
        current=current,
        energy_added_kwh=energy_kwh,
        added_source=source,
        energy_used_kwh=used_kwh,
        used_source="none" if used_kwh is None else "counter",
        peak_power_kw=power_kw,
        mean_power_kw=power_kw,
        curve=even if curve is None else curve,
        battery_start_pct=20.0,
        battery_end_pct=20.0 + span_pct,
        range_start_km=None,
        range_end_km=None,
        place=None,
        fences=fences,
        pauses=(),
        paused_s=0.0,
        gaps=(),
        completed=False,
        unplugged_at_ns=None,
        idle_s=None,
        outside_temperature_c=outside_c,
        battery_temperature_c=None,
        sample_span_pct=span_pct,
        sample_energy_kwh=sample_kwh,
    )
