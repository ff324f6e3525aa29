"""Laws of the charging reducer, whatever a car says: views change nothing, time-outs are the same in view and step."""

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes import charge
from motorcade.domain.episodes.charge import Charge
from motorcade.domain.episodes.episode import in_order
from motorcade.domain.episodes.moment import Report
from motorcade.domain.state import Value
from tests.conditions import is_long
from tests.unit.domain.episodes.charging import RULES, Car, connection, folded, report

_EXAMPLES = 20_000 if is_long() else 700
_GAPS_S = (1, 1, 5, 10, 30, 60, 60, 120, 299, 300, 400, 1_000, 1_799, 1_800, 2_400, 7_200, 40_000, 90_000, 260_000)
_WORDS = (None, "Disconnected", "NoPower", "Starting", "Charging", "Charging", "Complete", "Stopped")
_READINGS: tuple[tuple[str, tuple[Value, ...]], ...] = (
    ("charge_state", _WORDS),
    ("charge_state", _WORDS),
    ("battery_energy_added_kwh", (None, 0.0, 0.02, 0.5, 3.0, 3.5, 3.4, 8.0, 9.0, 30.0)),
    ("battery_energy_added_kwh", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
    ("ac_charging_energy_kwh", (None, 0.0, 0.6, 3.3, 4.0, 9.0, 10.0)),
    ("ac_charging_power_kw", (None, 0.0, 0.2, 1.4, 7.4, 11.0)),
    ("dc_charging_power_kw", (None, 0.0, 0.9, 90.0, 170.0)),
    ("pack_current_a", (None, -1.0, 0.0, 3.5, 20.0, 400.0)),
    ("pack_voltage_v", (None, 350.0, 400.0)),
    ("charge_state_text", ("Idle", "Enable", "ClearFaults")),
    ("fast_charger_present", (True, False, None)),
    ("charge_port_open", (True, False)),
    ("gear", ("P", "D", None)),
    ("speed_kmh", (None, 0.0, 2.0, 30.0)),
    ("battery_pct", (10.0, 20.0, 40.0, 41.0, 80.0)),
    ("rated_range_km", (50.0, 100.0)),
    ("location", ((50.0, 9.0), (50.1, 9.0))),
    ("outside_temperature_c", (-5.0, 20.0)),
)


_RECORD_BYTES = 6


def _story(dice: bytes) -> list[Report]:
    """A story told by dice, six to a record: cheaper to draw than one from many strategies, and it shrinks as well."""
    now_s, reports = 0, []
    for first in range(0, len(dice) - _RECORD_BYTES + 1, _RECORD_BYTES):
        gap, kind, *picks = dice[first : first + _RECORD_BYTES]
        now_s += _GAPS_S[gap % len(_GAPS_S)]
        if kind >= 243:
            reports.append(connection(now_s, opened=kind % 2 == 0))
            continue
        readings: dict[str, Value] = {}
        for pick, choice in ((picks[0], picks[1]), (picks[2], picks[3]))[: 1 + kind % 2]:
            name, values = _READINGS[pick % len(_READINGS)]
            readings[name] = values[choice % len(values)]
        reports.append(report(now_s, **readings))
    return reports


_STORIES = st.binary(min_size=3 * _RECORD_BYTES, max_size=30 * _RECORD_BYTES).map(_story)


def _laws(test: Callable[..., None]) -> Callable[..., None]:
    return settings(max_examples=_EXAMPLES)(test)


@_laws
@given(_STORIES, st.lists(st.integers(0, 30_000), max_size=30))
def test_views_change_nothing_and_states_may_be_written_down_between_any_two_records(
    story: list[Report], ahead_s: list[int]
) -> None:
    plain = folded(story)
    car = Car(coded=True)
    for index, one in enumerate(story):
        car.take(one)
        if index < len(ahead_s):
            before = deepcopy(car.state)
            car.view(car.at_ns + ahead_s[index] * 10**9)
            charge.due_ns(car.state, car.at_ns, RULES)
            charge.quiet(car.state, car.at_ns + ahead_s[index] * 10**9, RULES)
            assert car.state == before
    assert car.finals == plain.finals
    assert car.state == plain.state


@_laws
@given(_STORIES, st.sampled_from(_GAPS_S))
def test_a_view_is_what_a_record_of_that_time_would_make_of_it(story: list[Report], ahead_s: int) -> None:
    car = folded(story)
    horizon_ns = car.at_ns + ahead_s * 10**9
    viewed = in_order(car.view(horizon_ns))
    later = deepcopy(car)
    later.finals.clear()
    later.take(Report(horizon_ns, b"nothing new"))
    assert in_order(later.finals + later.view(horizon_ns)) == viewed
    if charge.quiet(car.state, horizon_ns, RULES):
        assert later.state.session is None


@_laws
@given(_STORIES, st.integers(1, 200_000), st.integers(1, 200_000))
def test_a_view_says_something_else_by_time_alone_only_when_it_is_due(
    story: list[Report], one_s: int, more_s: int
) -> None:
    car = folded(story)
    first_ns = car.at_ns + one_s * 10**9
    second_ns = first_ns + more_s * 10**9
    due_ns = charge.due_ns(car.state, first_ns, RULES)
    if due_ns is None or due_ns > second_ns:
        assert in_order(car.view(first_ns)) == in_order(car.view(second_ns))
    else:
        assert due_ns > first_ns


@_laws
@given(_STORIES, st.lists(st.tuples(st.integers(0, 29), st.integers(1, 400)), max_size=6))
def test_values_that_are_sent_again_with_a_new_date_are_no_readings(
    story: list[Report], resent: list[tuple[int, int]]
) -> None:
    again = []
    for index, seconds in resent:
        if index < len(story) and story[index].readings:
            at_ns = story[index].effective_at_ns + seconds * 10**9
            following = story[index + 1].effective_at_ns if index + 1 < len(story) else at_ns + 1
            if at_ns < following:
                again.append(Report(at_ns, b"again" + at_ns.to_bytes(12, "big"), story[index].readings))
    plain, twice = folded(story), folded([*story, *again])
    horizon_ns = max(plain.at_ns, twice.at_ns)
    assert twice.rows(horizon_ns) == plain.rows(horizon_ns)


@_laws
@given(_STORIES)
def test_rows_keep_to_physics(story: list[Report]) -> None:
    car = folded(story)
    rows = car.rows(car.at_ns + 10**15)
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        _check(row)
    for one, other in pairwise(rows):
        assert one.ended_at_ns is not None
        assert one.ended_at_ns <= other.started_at_ns


def _check(row: Charge) -> None:
    assert row.ended_at_ns is not None
    assert row.started_at_ns <= row.ended_at_ns
    assert row.energy_added_kwh >= RULES.least_kwh - 0.001
    assert 0.1 <= row.confidence <= 1.0
    assert (row.confidence < 1.0) == bool(row.reasons)
    if row.energy_used_kwh is not None:
        assert row.energy_used_kwh >= row.energy_added_kwh
    assert row.curve[-1].added_kwh == row.energy_added_kwh
    for one, other in pairwise(row.curve):
        assert one.at_s <= other.at_s
        assert one.added_kwh <= other.added_kwh
    for begin, end in (*row.pauses, *row.gaps):
        assert row.started_at_ns <= begin <= end <= row.ended_at_ns
    assert row.idle_s is None or row.idle_s >= 0.0
