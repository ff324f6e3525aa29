"""What a charging session costs by a tariff, line by line.

Energy is counted in watt-hours and times in nanoseconds, both exactly, and every line is rounded once, so that the
lines add up to the total.

A tariff goes by the clock on the wall: a band from 22:00 to 06:00 has nine hours in the night in which clocks are set
back and seven in the one in which they are set forward. The zone is given as `tzinfo`; the caller looks it up by
`Tariff.zone`, for the domain reads no files.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Final, NamedTuple

from motorcade.domain.energy.tariff import DAY_MINUTES, Band, Price, Tariff
from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.record import NS_PER_S

MICROS: Final = 1_000_000
"""Millionths in a currency's unit."""
_NS_PER_MINUTE: Final = 60 * NS_PER_S
_WITHOUT = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF")
_DIGITS: Final = {
    **dict.fromkeys((*_WITHOUT, "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimal digits of the currencies that have not two (ISO 4217)."""


class Line(NamedTuple):
    """One line of a bill.

    Attributes:
        kind: "energy" (kWh), "time" (minutes), "idle" (minutes) or "session" (one).
        name: the season's and band's names, "" outside of all.
        quantity: how much, rounded for reading to thousandths.
        unit_micros: price of one.
        amount_micros: what the line comes to.
    """

    kind: str
    name: str
    quantity: float
    unit_micros: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a session costs.

    Attributes:
        currency: ISO 4217 code.
        tariff: name of the tariff; `version` says which one of it.
        lines: what it is made up of.
        total_micros: their sum.
    """

    currency: str
    tariff: str
    version: int
    lines: tuple[Line, ...]
    total_micros: int

    def total_minor(self) -> int:
        """The total in the currency's smallest unit (cents), half to even as accountants do."""
        return round(Fraction(self.total_micros * 10 ** minor_digits(self.currency), MICROS))


class Usage(NamedTuple):
    """What is billed.

    Attributes:
        started_at_ns: begin of the session.
        ended_at_ns: its end.
        energy: (time in ns, Wh so far), in order, both never falling; between two points energy flows evenly.
        idle_until_ns: to when the car stayed plugged in, None if that is not known.
        session: whether the session's fee is due: not for the second part of a session that is billed in parts.
    """

    started_at_ns: int
    ended_at_ns: int
    energy: tuple[tuple[int, Fraction], ...]
    idle_until_ns: int | None = None
    session: bool = True


def price(charge: Charge, tariff: Tariff, zone: tzinfo) -> Cost:
    """What a session costs as it stands; of a running one, what it has cost so far."""
    return bill(usage_of(charge, tariff.meter), tariff, zone)


def usage_of(charge: Charge, meter: str = "plug") -> Usage:
    """What of a session is billed: its energy by time, as the curve has it.

    The curve is the battery's; where the plug is billed, it is stretched to what went through the plug. A plug that
    nobody measured is billed by the battery.
    """
    begin_ns = charge.started_at_ns
    points, top_wh = [], 0
    for point in charge.curve:
        top_wh = max(top_wh, round(point.added_kwh * 1_000))  # an estimate of a running session may have been corrected
        points.append((begin_ns + round(point.at_s * NS_PER_S), top_wh))
    ended_ns = charge.ended_at_ns
    if ended_ns is None:
        ended_ns = max(begin_ns, points[-1][0]) if points else begin_ns
    used = charge.energy_used_kwh if meter == "plug" else None
    total_wh = round((charge.energy_added_kwh if used is None else used) * 1_000)
    energy = [(min(at_ns, ended_ns), Fraction(wh * total_wh, top_wh)) for at_ns, wh in points if top_wh]
    energy = [*(energy or [(begin_ns, Fraction(0))]), (ended_ns, Fraction(total_wh))]
    idle_ns = None if charge.idle_s is None else ended_ns + round(charge.idle_s * NS_PER_S)
    return Usage(begin_ns, ended_ns, tuple(energy), idle_ns)


def bill(usage: Usage, tariff: Tariff, zone: tzinfo) -> Cost:
    """What a usage costs.

    Args:
        usage: what is billed.
        tariff: by which version.
        zone: the zone that `tariff.zone` names.
    """
    sums: dict[tuple[str, str, int], Fraction] = {}
    for begin_ns, end_ns, name, rate in slices(usage.started_at_ns, usage.ended_at_ns, tariff, zone):
        kwh = (energy_at(usage.energy, end_ns) - energy_at(usage.energy, begin_ns)) / 1_000
        minutes = Fraction(end_ns - begin_ns, _NS_PER_MINUTE)
        for kind, quantity, unit in (("energy", kwh, rate.per_kwh_micros), ("time", minutes, rate.per_minute_micros)):
            if quantity and (unit or kind == "energy"):
                sums[kind, name, unit] = sums.get((kind, name, unit), Fraction(0)) + quantity
    if usage.energy and usage.energy[0][0] == usage.energy[-1][0] == usage.started_at_ns == usage.ended_at_ns:
        name, rate, _ = _rate(tariff, _wall(usage.started_at_ns, zone))  # all of it came in one instant
        sums["energy", name, rate.per_kwh_micros] = usage.energy[-1][1] / 1_000
    if usage.session and tariff.session_fee_micros:
        sums["session", "", tariff.session_fee_micros] = Fraction(1)
    idle = _idle_minutes(usage, tariff)
    if idle and tariff.idle_per_minute_micros:
        sums["idle", "", tariff.idle_per_minute_micros] = idle
    lines = tuple(
        Line(kind, name, round(float(quantity), 3), unit, round(quantity * unit))
        for (kind, name, unit), quantity in sums.items()
    )
    return Cost(tariff.currency, tariff.name, tariff.version, lines, sum(line.amount_micros for line in lines))


def slices(begin_ns: int, end_ns: int, tariff: Tariff, zone: tzinfo) -> Iterator[tuple[int, int, str, Price]]:
    """Cut a stretch of time where another price begins to hold.

    Yields:
        (from in ns, to in ns, name, price) without gaps; neighbours may have the same price.
    """
    while begin_ns < end_ns:
        wall = _wall(begin_ns, zone)
        name, rate, bands = _rate(tariff, wall)
        passed_ns = begin_ns % NS_PER_S + (wall.second + 60 * (60 * wall.hour + wall.minute)) * NS_PER_S
        edges = [edge for band in bands for edge in (band.from_minute, band.to_minute)]
        edge_minute = min((edge for edge in edges if edge * _NS_PER_MINUTE > passed_ns), default=DAY_MINUTES)
        next_ns = begin_ns + edge_minute * _NS_PER_MINUTE - passed_ns
        if _wall(next_ns, zone).utcoffset() != wall.utcoffset():
            next_ns = _clock_change_ns(begin_ns, next_ns, zone)
        next_ns = min(next_ns, end_ns)
        yield begin_ns, next_ns, name, rate
        begin_ns = next_ns


def energy_at(energy: tuple[tuple[int, Fraction], ...], at_ns: int) -> Fraction:
    """Wh so far at a time; before and at the first point none, from the last one on all."""
    if not energy or at_ns <= energy[0][0]:
        return Fraction(0)
    after = bisect_right(energy, at_ns, key=lambda point: point[0])
    if after == len(energy):
        return energy[-1][1]
    (one_ns, one_wh), (other_ns, other_wh) = energy[after - 1], energy[after]
    return one_wh + (other_wh - one_wh) * Fraction(at_ns - one_ns, other_ns - one_ns)


def minor_digits(currency: str) -> int:
    """How many decimal digits a currency's amounts have (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def _idle_minutes(usage: Usage, tariff: Tariff) -> Fraction:
    """Minutes at the plug beyond the grace period."""
    if usage.idle_until_ns is None:
        return Fraction(0)
    from_ns = usage.ended_at_ns + tariff.idle_grace_minutes * _NS_PER_MINUTE
    return max(Fraction(0), Fraction(usage.idle_until_ns - from_ns, _NS_PER_MINUTE))


def _wall(at_ns: int, zone: tzinfo) -> datetime:
    """The clock on the wall, to the second."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).astimezone(zone)


def _rate(tariff: Tariff, wall: datetime) -> tuple[str, Price, tuple[Band, ...]]:
    """Name and price that hold at a time, and the bands among which they were looked for."""
    day, minute = (wall.month, wall.day), 60 * wall.hour + wall.minute
    season = next((season for season in tariff.seasons if season.holds(day)), None)
    bands, rate = (tariff.bands, tariff.price) if season is None else (season.bands, season.price)
    band = next((band for band in bands if band.holds(wall.weekday(), minute)), None)
    names = [part.name for part in (season, band) if part is not None and part.name]
    return ", ".join(names), rate if band is None else band.price, bands


def _clock_change_ns(before_ns: int, after_ns: int, zone: tzinfo) -> int:
    """The first second at which the clocks show another offset than at `before_ns`."""
    offset: timedelta | None = _wall(before_ns, zone).utcoffset()
    low, high = before_ns // NS_PER_S, -(-after_ns // NS_PER_S)
    while high - low > 1:
        middle = (low + high) // 2
        if _wall(middle * NS_PER_S, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high * NS_PER_S
