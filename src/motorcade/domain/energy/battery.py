"""The battery over months: how much it holds, how often it was filled, what is lost while the car is parked.

All of it is worked out from rows of charging and parking; nothing is accumulated while records are folded, so a row
that is corrected corrects these too.

The capacity is what was put in for a percent of charge, times a hundred. Each charge is a sample whose error comes from
the two readings of the charge, so it weighs by the square of the span between them. The estimate is the weighted
median, and its interval that of a median by order statistics (the binomial law in its normal form, with the number of
samples that the weights amount to): neither needs an assumption on how samples scatter, and both shrug off a bad one.
Energy is measured on the way in, so the figure is the usable capacity plus what charging loses inside the pack, one to
three percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from math import fsum, sqrt

from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.episodes.parking.row import CAUSES, CoursePoint, Parked
from motorcade.domain.record import NS_PER_S

_BAD = frozenset({"energy_capped", "stalled", "counter_tail", "end_estimated", "no_counter"})
"""Doubts of a charge that make it no sample."""


@dataclass(frozen=True, slots=True)
class BatteryRules:
    """Every figure of these estimates.

    Attributes:
        least_span_pct: a charge with a smaller rise is no sample: its readings' errors would be too much of it.
        least_samples: fewer give no estimate; the order statistics of a median need six for 95 %.
        least_weight: nor do samples whose weights amount to fewer than this many equal ones.
        most_samples: only the newest so many count: a battery ages.
        least_kwh, most_kwh: a capacity outside of these is a broken reading.
        cold_c: a sample at a lower outside temperature has
        cold_weight: this share of its weight: a cold battery hides some of its charge.
        z: quantile of the normal law for the interval, 1.96 for 95 %.
    """

    least_span_pct: float = 15.0
    least_samples: int = 6
    least_weight: float = 4.0
    most_samples: int = 100
    least_kwh: float = 15.0
    most_kwh: float = 1_200.0
    cold_c: float = 5.0
    cold_weight: float = 0.5
    z: float = 1.96


@dataclass(frozen=True, slots=True)
class CapacitySample:
    """What one charge says.

    Attributes:
        charge_id: which.
        at_ns: when it ended.
        span_pct: by how much the charge rose.
        energy_kwh: what that took.
        capacity_kwh: what a hundred percent would take.
        weight: what it counts, in squared percent.
        outside_temperature_c: None if unknown.
        current: "AC", "DC" or "unknown".
    """

    charge_id: str
    at_ns: int
    span_pct: float
    energy_kwh: float
    capacity_kwh: float
    weight: float
    outside_temperature_c: float | None
    current: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """An estimate of the usable capacity, or why there is none.

    Attributes:
        capacity_kwh: the estimate, None where it is refused.
        low_kwh, high_kwh: its interval, None likewise.
        refused: "too_few_samples" or "too_little_weight", "" where there is an estimate.
        equal_samples: how many equally good samples these amount to.
        mean_temperature_c: outside, over the samples that know it; None if none does.
        samples: what it rests on, oldest first.
    """

    capacity_kwh: float | None
    low_kwh: float | None
    high_kwh: float | None
    refused: str
    equal_samples: float
    mean_temperature_c: float | None
    samples: tuple[CapacitySample, ...]


@dataclass(frozen=True, slots=True)
class DayLoss:
    """What was lost on one day while parked.

    Attributes:
        day: by the clock on the wall.
        parked_h: hours of it that lie in spells.
        lost_pct, lost_kwh: by cause, in the order of `CAUSES`.
    """

    day: date
    parked_h: float
    lost_pct: tuple[float, ...]
    lost_kwh: tuple[float, ...]


def samples_of(charges: Sequence[Charge], rules: BatteryRules = BatteryRules()) -> tuple[CapacitySample, ...]:
    """The charges that say something about the capacity, oldest first; the newest `most_samples` of them."""
    samples = []
    for charge in charges:
        if charge.ended_at_ns is None or charge.added_source != "counter" or not _BAD.isdisjoint(charge.reasons):
            continue
        span = charge.sample_span_pct
        if span < rules.least_span_pct:
            continue
        capacity = charge.sample_energy_kwh / span * 100
        if not rules.least_kwh <= capacity <= rules.most_kwh:
            continue
        outside = charge.outside_temperature_c
        cold = outside is not None and outside < rules.cold_c
        samples.append(
            CapacitySample(
                charge_id=charge.id,
                at_ns=charge.ended_at_ns,
                span_pct=span,
                energy_kwh=charge.sample_energy_kwh,
                capacity_kwh=round(capacity, 3),
                weight=round(span * span * (rules.cold_weight if cold else 1.0), 3),
                outside_temperature_c=outside,
                current=charge.current,
            )
        )
    samples.sort(key=lambda sample: (sample.at_ns, sample.charge_id))
    return tuple(samples[-rules.most_samples :])


def capacity_of(charges: Sequence[Charge], rules: BatteryRules = BatteryRules()) -> Capacity:
    """Estimate the usable capacity from charges; the order in which they are given does not matter."""
    samples = samples_of(charges, rules)
    weights = [sample.weight for sample in samples]
    squares = fsum(weight * weight for weight in weights)
    equal = fsum(weights) ** 2 / squares if squares else 0.0
    known = [sample.outside_temperature_c for sample in samples if sample.outside_temperature_c is not None]
    mean_c = round(fsum(known) / len(known), 1) if known else None
    refused = ""
    if len(samples) < rules.least_samples:
        refused = "too_few_samples"
    elif equal < rules.least_weight:
        refused = "too_little_weight"
    if refused:
        return Capacity(None, None, None, refused, round(equal, 2), mean_c, samples)
    apart = rules.z / 2 / sqrt(equal)
    middle, low, high = (_quantile(samples, share) for share in (0.5, 0.5 - apart, 0.5 + apart))
    return Capacity(round(middle, 2), round(low, 2), round(high, 2), "", round(equal, 2), mean_c, samples)


def full_cycles(charges: Sequence[Charge], capacity_kwh: float) -> float:
    """How many full charges the energy added amounts to; rises while a charge runs."""
    return round(fsum(charge.energy_added_kwh for charge in charges) / capacity_kwh, 2)


def loss_by_day(spells: Sequence[Parked], zone: tzinfo) -> tuple[DayLoss, ...]:
    """Sum up parked losses by day on the wall's clock.

    Between two readings a loss is spread evenly: when in a night of sleep it happened, nobody knows. The days add up to
    the spells.
    """
    hours: dict[date, float] = {}
    lost: dict[date, list[float]] = {}
    for spell in spells:
        begin_ns = spell.started_at_ns
        end_ns = spell.course[-1].at_ns if spell.course else begin_ns
        end_ns = max(end_ns, begin_ns) if spell.ended_at_ns is None else spell.ended_at_ns
        while begin_ns <= end_ns:
            day = datetime.fromtimestamp(begin_ns // NS_PER_S, UTC).astimezone(zone).date()
            until_ns = min(_midnight_ns(day + timedelta(days=1), zone), end_ns)
            hours[day] = hours.get(day, 0.0) + (until_ns - begin_ns) / 3.6e12
            sums = lost.setdefault(day, [0.0] * (2 * len(CAUSES)))
            one, other = _course_at(spell.course, begin_ns), _course_at(spell.course, until_ns)
            if until_ns == end_ns and spell.course:
                other = [*spell.course[-1].lost_pct, *spell.course[-1].lost_kwh]
            for index, (before, after) in enumerate(zip(one, other, strict=True)):
                sums[index] += after - before
            if until_ns >= end_ns:
                break
            begin_ns = until_ns
    causes = len(CAUSES)
    return tuple(
        DayLoss(
            day,
            round(hours[day], 2),
            tuple(round(value, 3) for value in lost[day][:causes]),
            tuple(round(value, 3) for value in lost[day][causes:]),
        )
        for day in sorted(hours)
    )


def _quantile(samples: Sequence[CapacitySample], share: float) -> float:
    """The value below which a share of the weight lies, evenly between the samples' middles."""
    ordered = sorted(samples, key=lambda sample: (sample.capacity_kwh, sample.at_ns, sample.charge_id))
    total = fsum(sample.weight for sample in ordered)
    below, last_middle, last_value = 0.0, 0.0, ordered[0].capacity_kwh
    for sample in ordered:
        middle = (below + sample.weight / 2) / total
        if middle >= share:
            part = (share - last_middle) / (middle - last_middle) if middle > last_middle else 1.0
            return last_value + (sample.capacity_kwh - last_value) * max(0.0, part)
        below, last_middle, last_value = below + sample.weight, middle, sample.capacity_kwh
    return last_value


def _midnight_ns(day: date, zone: tzinfo) -> int:
    """When a day begins; where the clocks skip its first hour, when they have."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * NS_PER_S


def _course_at(course: Sequence[CoursePoint], at_ns: int) -> list[float]:
    """What was lost up to a time."""
    if not course or at_ns <= course[0].at_ns:
        return [0.0] * (2 * len(CAUSES))
    before = course[0]
    for point in course:
        if point.at_ns > at_ns:
            share = (at_ns - before.at_ns) / (point.at_ns - before.at_ns)
            pairs = zip((*before.lost_pct, *before.lost_kwh), (*point.lost_pct, *point.lost_kwh), strict=True)
            return [one + share * (other - one) for one, other in pairs]
        before = point
    return [*before.lost_pct, *before.lost_kwh]
