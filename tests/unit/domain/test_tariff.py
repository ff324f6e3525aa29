"""What charging costs: lines that add up, hours by the clock on the wall, seasons, and sessions billed in parts."""

from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.energy.tariff import Band, Price, Season, Tariff, TariffPlace, TariffTimeline, tariff_for
from motorcade.domain.energy.tariff_cost import Usage, bill, energy_at, minor_digits, price, slices, usage_of
from motorcade.domain.episodes.charging.curve import CurvePoint
from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.errors import Invalid
from motorcade.domain.record import NS_PER_S
from tests.conditions import is_long
from tests.unit.domain.charge_rows import charged

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")]
EUR = 1_000_000
NIGHT = Band("night", Price(200_000), 22 * 60, 6 * 60)
TWO_RATES = Tariff("home", "EUR", "Europe/Berlin", Price(350_000), bands=(NIGHT,))


def ns(text: str, zone: tzinfo = BERLIN, fold: int = 0) -> int:
    """A time on the wall."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()) * NS_PER_S


def even(begin_ns: int, end_ns: int, kwh: float, **also: int | None) -> Usage:
    """Energy that flows evenly."""
    energy = ((begin_ns, Fraction(0)), (end_ns, Fraction(round(kwh * 1_000))))
    return Usage(begin_ns, end_ns, energy, idle_until_ns=also.get("idle_until_ns"))


# -- examples --------------------------------------------------------------------------------------------------------


def test_energy_is_billed_by_the_hours_in_which_it_flowed() -> None:
    cost = bill(even(ns("2026-06-01T20:00"), ns("2026-06-02T00:00"), 40.0), TWO_RATES, BERLIN)
    assert [(line.kind, line.name, line.quantity, line.amount_micros) for line in cost.lines] == [
        ("energy", "", 20.0, 7 * EUR),
        ("energy", "night", 20.0, 4 * EUR),
    ]
    assert (cost.total_micros, cost.total_minor(), cost.currency) == (11 * EUR, 1_100, "EUR")


@pytest.mark.parametrize(
    ("evening", "morning", "hours"),
    [
        ("2026-10-24T22:00", "2026-10-25T06:00", 9),
        ("2026-03-28T22:00", "2026-03-29T06:00", 7),
        ("2026-06-01T22:00", "2026-06-02T06:00", 8),
    ],
)
def test_a_night_has_as_many_hours_as_the_clock_on_the_wall_gives_it(evening: str, morning: str, hours: int) -> None:
    tariff = Tariff("by time", "EUR", "Europe/Berlin", Price(), bands=(Band("night", Price(0, 10_000), 1_320, 360),))
    begin_ns, end_ns = ns(evening) - 3_600 * NS_PER_S, ns(morning) + 3_600 * NS_PER_S
    cost = bill(Usage(begin_ns, end_ns, ()), tariff, BERLIN)
    assert [(line.kind, line.quantity) for line in cost.lines] == [("time", hours * 60.0)]
    assert cost.total_micros == hours * 60 * 10_000


def test_an_hour_that_comes_twice_is_billed_twice() -> None:
    tariff = Tariff("by hour", "EUR", "Europe/Berlin", Price(), bands=(Band("two", Price(0, 1), 120, 150),))
    cost = bill(Usage(ns("2026-10-25T00:00"), ns("2026-10-25T06:00"), ()), tariff, BERLIN)
    assert cost.total_micros == 60


def test_a_band_of_a_friday_night_ends_on_saturday() -> None:
    tariff = Tariff("w", "EUR", "Europe/Berlin", Price(), bands=(Band("f", Price(0, 1), 1_380, 60, weekdays=(4,)),))
    cost = bill(Usage(ns("2026-06-04T00:00"), ns("2026-06-08T00:00"), ()), tariff, BERLIN)
    assert cost.total_micros == 120


def test_a_season_may_lie_over_new_year_and_has_its_own_bands() -> None:
    winter = Season("winter", (11, 1), (2, 28), Price(400_000), bands=(Band("noon", Price(100_000), 660, 840),))
    tariff = Tariff("s", "EUR", "Europe/Berlin", Price(300_000), bands=(NIGHT,), seasons=(winter,))
    noon = bill(even(ns("2026-01-05T11:00"), ns("2026-01-05T12:00"), 10.0), tariff, BERLIN)
    assert [(line.name, line.amount_micros) for line in noon.lines] == [("winter, noon", EUR)]
    turn = bill(even(ns("2026-10-31T23:00"), ns("2026-11-01T01:00"), 10.0), tariff, BERLIN)
    assert [(line.name, line.amount_micros) for line in turn.lines] == [("night", EUR), ("winter", 2 * EUR)]


def test_idling_costs_only_beyond_its_grace() -> None:
    tariff = Tariff("fast", "EUR", "UTC", Price(500_000), idle_per_minute_micros=EUR // 2, idle_grace_minutes=5)
    begin_ns, end_ns = ns("2026-06-01T10:00"), ns("2026-06-01T10:30")
    for minutes, wanted in ((4, 0), (5, 0), (15, 5 * EUR)):
        usage = even(begin_ns, end_ns, 0.0, idle_until_ns=end_ns + minutes * 60 * NS_PER_S)
        assert bill(usage, tariff, UTC).total_micros == wanted
    assert bill(even(begin_ns, end_ns, 0.0), tariff, UTC).total_micros == 0


def test_a_session_is_billed_by_the_plug_or_by_the_battery() -> None:
    session = charged(energy_kwh=9.0, used_kwh=10.0, begin_ns=ns("2026-06-01T10:00"), seconds=3_600)
    assert price(session, TWO_RATES, BERLIN).total_micros == 3_500_000
    battery = Tariff("b", "EUR", "Europe/Berlin", Price(350_000), meter="battery", session_fee_micros=EUR)
    assert price(session, battery, BERLIN).total_micros == 3_150_000 + EUR


def test_the_curve_says_when_the_energy_flowed() -> None:
    curve = (CurvePoint(0.0, 9.0, None, 0.0), CurvePoint(3_600.0, 9.0, None, 9.0), CurvePoint(7_200.0, 0.0, None, 9.0))
    session = charged(energy_kwh=9.0, used_kwh=10.0, begin_ns=ns("2026-06-01T21:00"), seconds=7_200, curve=curve)
    assert [line.name for line in price(session, TWO_RATES, BERLIN).lines] == [""]
    assert energy_at(usage_of(session).energy, ns("2026-06-01T21:30")) == 5_000


def test_a_session_of_one_instant_has_its_energy_billed() -> None:
    session = charged(energy_kwh=9.0, used_kwh=10.0, begin_ns=ns("2026-06-01T23:00"), seconds=0)
    assert price(session, TWO_RATES, BERLIN).total_micros == 2 * EUR


def test_the_version_in_force_at_the_start_bills_the_whole_session() -> None:
    new = Tariff("home", "EUR", "Europe/Berlin", Price(400_000), version=2, valid_from_ns=ns("2026-06-01T12:00"))
    timeline = TariffTimeline([new, TWO_RATES])
    assert timeline.at(0).version == 1
    assert timeline.at(ns("2026-06-01T11:59")).version == 1
    assert timeline.at(ns("2026-06-01T12:00")).version == 2


def test_the_first_place_that_fits_decides() -> None:
    depot = TariffPlace(TariffTimeline([TWO_RATES]), fences=("depot",), current="AC")
    fast = TariffPlace(TariffTimeline([Tariff("fast", "EUR", "UTC", Price(600_000))]), current="DC")
    at_depot = charged(energy_kwh=9.0, fences=("yard", "depot"))
    assert tariff_for(at_depot, [depot, fast]) is TWO_RATES
    assert tariff_for(charged(energy_kwh=9.0), [depot, fast]) is None
    away = tariff_for(charged(energy_kwh=9.0, current="DC", fences=("depot",)), [depot, fast])
    assert away is not None
    assert away.name == "fast"


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XPF", 0), ("CLF", 4)])
def test_currencies_have_the_digits_that_the_standard_gives_them(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    tariff = Tariff("t", currency, "UTC", Price(), session_fee_micros=1_500_000)
    assert bill(Usage(0, 0, ()), tariff, UTC).total_minor() == round(1.5 * 10**digits)


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "euro"},
        {"meter": "gas"},
        {"session_fee_micros": -1},
        {"price": Price(-1)},
        {"bands": (Band("b", Price(), 1_440, 10),)},
        {"bands": (Band("b", Price(), 0, 0),)},
        {"bands": (Band("b", Price(), weekdays=(7,)),)},
        {"bands": (Band("b", Price()),) * 49},
        {"seasons": (Season("s", (2, 30), (3, 1), Price()),)},
    ],
)
def test_a_tariff_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    parts: dict[str, object] = {"name": "t", "currency": "EUR", "zone": "UTC", "price": Price(1)}
    with pytest.raises(Invalid):
        Tariff(**(parts | wrong))  # type: ignore[arg-type]  # that is the point
    with pytest.raises(Invalid):
        TariffTimeline([])


# -- laws ------------------------------------------------------------------------------------------------------------

_EXAMPLES = 2_000 if is_long() else 120
_PRICES = st.builds(Price, st.integers(0, 900_000), st.integers(0, 90_000))
_BANDS = st.lists(
    st.builds(
        Band,
        st.sampled_from(("a", "b")),
        _PRICES,
        st.integers(0, 47).map(lambda half: half * 30),
        st.integers(1, 48).map(lambda half: half * 30),
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    ),
    max_size=4,
).map(tuple)
_DAYS = st.tuples(st.integers(1, 12), st.integers(1, 28))
_SEASONS = st.lists(st.builds(Season, st.just("s"), _DAYS, _DAYS, _PRICES, _BANDS), max_size=2).map(tuple)
_TARIFFS = st.builds(
    Tariff,
    st.just("t"),
    st.just("EUR"),
    st.just(""),
    _PRICES,
    _BANDS,
    _SEASONS,
    st.integers(0, 5 * EUR),
    st.integers(0, EUR),
    st.integers(0, 30),
)
_CHANGES = [ns(day) for day in ("2026-03-29T00:00", "2026-10-25T00:00", "2026-04-05T00:00", "2026-11-01T00:00")]
_BEGINS = st.one_of(
    st.sampled_from(_CHANGES).flatmap(lambda at_ns: st.integers(-40_000, 40_000).map(lambda s: at_ns + s * NS_PER_S)),
    st.integers(ns("2026-01-01T00:00") // NS_PER_S, ns("2027-01-01T00:00") // NS_PER_S).map(lambda s: s * NS_PER_S),
)
_STEPS = st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 40_000)), min_size=1, max_size=8)


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    begin_ns = draw(_BEGINS)
    at_ns, wh = begin_ns, 0
    energy = [(at_ns, Fraction(0))]
    for seconds, more_wh in draw(_STEPS):
        at_ns, wh = at_ns + seconds * NS_PER_S, wh + more_wh
        energy.append((at_ns, Fraction(wh)))
    idle_s = draw(st.one_of(st.none(), st.integers(0, 9_000)))
    return Usage(begin_ns, at_ns, tuple(energy), None if idle_s is None else at_ns + idle_s * NS_PER_S)


@settings(max_examples=_EXAMPLES)
@given(_usages(), _TARIFFS, st.sampled_from(ZONES))
def test_lines_add_up_and_all_energy_and_time_is_billed_once(usage: Usage, tariff: Tariff, zone: tzinfo) -> None:
    cost = bill(usage, tariff, zone)
    assert cost.total_micros == sum(line.amount_micros for line in cost.lines)
    for line in cost.lines:
        assert line.amount_micros == pytest.approx(line.quantity * line.unit_micros, abs=0.0006 * line.unit_micros + 1)
    kwh = sum(line.quantity for line in cost.lines if line.kind == "energy")
    assert kwh == pytest.approx(float(usage.energy[-1][1]) / 1_000, abs=0.001 * len(cost.lines))
    cuts = list(slices(usage.started_at_ns, usage.ended_at_ns, tariff, zone))
    assert cuts[0][0] == usage.started_at_ns
    assert cuts[-1][1] == usage.ended_at_ns
    assert all(one[1] == other[0] for one, other in pairwise(cuts))
    assert all(begin < end for begin, end, _, _ in cuts)


@settings(max_examples=_EXAMPLES)
@given(_usages(), _TARIFFS, st.sampled_from(ZONES), st.floats(0.0, 1.0))
def test_a_session_billed_in_two_parts_costs_the_same(usage: Usage, tariff: Tariff, zone: tzinfo, share: float) -> None:
    middle_ns = usage.started_at_ns + int((usage.ended_at_ns - usage.started_at_ns) * share)
    first = usage._replace(ended_at_ns=middle_ns, idle_until_ns=None)
    second = usage._replace(started_at_ns=middle_ns, session=False)
    one, other, whole = (bill(part, tariff, zone) for part in (first, second, usage))
    lines = len(one.lines) + len(other.lines) + len(whole.lines)
    assert abs(one.total_micros + other.total_micros - whole.total_micros) <= lines


def _slow(usage: Usage, tariff: Tariff, zone: tzinfo) -> Fraction:
    """Minute by minute, with rules written down anew: in the zones tested the clocks change on whole minutes."""
    total = Fraction(0)
    minute = timedelta(minutes=1)
    end = datetime.fromtimestamp(usage.ended_at_ns // NS_PER_S, UTC)
    at = datetime.fromtimestamp(usage.started_at_ns // NS_PER_S, UTC)
    while at < end:
        until = min(at.replace(second=0) + minute, end)
        here = at.astimezone(zone)
        yesterday = (here - timedelta(days=1)).weekday()
        bands, rate = tariff.bands, tariff.price
        for season in tariff.seasons:
            dates = [(month, day) for month in range(1, 13) for day in range(1, 32)]
            first, last = dates.index(season.first_day), dates.index(season.last_day)
            year = dates[first : last + 1] if first <= last else dates[first:] + dates[: last + 1]
            if (here.month, here.day) in year:
                bands, rate = season.bands, season.price
                break
        now = here.hour * 60 + here.minute
        for band in bands:
            over_midnight = band.to_minute <= band.from_minute
            today = (
                here.weekday() in band.weekdays and now >= band.from_minute and (over_midnight or now < band.to_minute)
            )
            if today or (over_midnight and yesterday in band.weekdays and now < band.to_minute):
                rate = band.price
                break
        begin_ns, end_ns = round(at.timestamp()) * NS_PER_S, round(until.timestamp()) * NS_PER_S
        kwh = (energy_at(usage.energy, end_ns) - energy_at(usage.energy, begin_ns)) / 1_000
        total += kwh * rate.per_kwh_micros + Fraction(end_ns - begin_ns, 60 * NS_PER_S) * rate.per_minute_micros
        at = until
    return total


@settings(max_examples=_EXAMPLES // 2)
@given(_usages(), _TARIFFS, st.sampled_from(ZONES))
def test_a_bill_is_what_counting_minute_by_minute_gives(usage: Usage, tariff: Tariff, zone: tzinfo) -> None:
    cost = bill(usage._replace(session=False, idle_until_ns=None), tariff, zone)
    assert abs(cost.total_micros - _slow(usage, tariff, zone)) <= len(cost.lines)


def test_rows_of_the_reducer_can_be_billed() -> None:
    assert isinstance(charged(energy_kwh=1.0), Charge)
