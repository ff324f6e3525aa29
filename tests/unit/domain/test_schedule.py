"""Weekly times in a time zone: exceptions, nights over midnight, and the two nights on which clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain import schedule
from motorcade.domain.errors import Invalid
from motorcade.domain.schedule import (
    DayException,
    Schedule,
    Window,
    is_on,
    next_change_ns,
    next_on_ns,
    on_ns,
    reached_ns,
)
from tests.conditions import Scale

STOCKHOLM = "Europe/Stockholm"
HOUR_NS = 3_600 * 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(text: str) -> int:
    return int((datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH).total_seconds()) * 10**9


def daily(start_min: int, end_min: int, zone: str = STOCKHOLM) -> Schedule:
    return Schedule(zone, tuple(Window(day, start_min, end_min) for day in range(7)))


def test_no_schedule_is_always_on() -> None:
    assert is_on(None, 5)
    assert (next_on_ns(None, 5), next_change_ns(None, 5), on_ns(None, 5, 9), reached_ns(None, 5, 4)) == (5, None, 4, 9)


def test_a_window_is_on_from_its_first_minute_to_before_its_last_in_local_time() -> None:
    office = Schedule(STOCKHOLM, (Window(0, 8 * 60, 17 * 60),))  # Mondays
    assert [is_on(office, utc(at)) for at in ("2026-01-05T06:59:59", "2026-01-05T07:00:00")] == [False, True]
    assert [is_on(office, utc(at)) for at in ("2026-01-05T15:59:59", "2026-01-05T16:00:00")] == [True, False]
    assert is_on(office, utc("2026-07-06T06:00:00"))  # in summer an hour earlier
    assert next_change_ns(office, utc("2026-01-05T16:00:00")) == utc("2026-01-12T07:00:00")
    assert next_on_ns(office, utc("2026-01-05T09:00:00")) == utc("2026-01-05T09:00:00")


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = Schedule(STOCKHOLM, (Window(4, 22 * 60, 6 * 60),))  # Friday to Saturday
    assert is_on(night, utc("2026-01-10T04:59:00"))
    assert not is_on(night, utc("2026-01-11T02:00:00"))
    assert on_ns(night, utc("2026-01-09T00:00:00"), utc("2026-01-12T00:00:00")) == 8 * HOUR_NS


def test_an_exception_replaces_what_begins_on_its_date() -> None:
    base = daily(8 * 60, 17 * 60)
    holiday = Schedule(STOCKHOLM, base.windows, (DayException("2026-12-24"), DayException("2026-12-31", ((480, 720),))))
    assert not is_on(holiday, utc("2026-12-24T10:00:00"))
    assert on_ns(holiday, utc("2026-12-31T00:00:00"), utc("2027-01-01T00:00:00")) == 4 * HOUR_NS


def test_when_clocks_leap_a_time_left_out_is_the_instant_of_the_leap() -> None:
    # On 2026-03-29 02:00 becomes 03:00 at 01:00 UTC.
    early = daily(2 * 60 + 30, 5 * 60)
    day = (utc("2026-03-29T00:00:00"), utc("2026-03-29T12:00:00"))
    assert next_on_ns(early, day[0]) == utc("2026-03-29T01:00:00")
    assert on_ns(early, *day) == 2 * HOUR_NS
    assert on_ns(daily(2 * 60 + 15, 2 * 60 + 45), *day) == 0


def test_when_clocks_go_back_a_window_begins_with_the_first_and_ends_with_the_last_showing() -> None:
    # On 2026-10-25 03:00 becomes 02:00 at 01:00 UTC.
    day = (utc("2026-10-24T22:00:00"), utc("2026-10-25T12:00:00"))
    assert on_ns(daily(2 * 60 + 30, 5 * 60), *day) == int(3.5 * HOUR_NS)
    assert on_ns(daily(60, 2 * 60 + 30), *day) == int(2.5 * HOUR_NS)
    assert on_ns(daily(0, 24 * 60), utc("2026-10-24T22:00:00"), utc("2026-10-25T23:00:00")) == 25 * HOUR_NS


def test_days_without_end_are_one_stretch() -> None:
    always = daily(0, 24 * 60)
    assert reached_ns(always, utc("2026-01-01T00:00:00"), 48 * HOUR_NS) == utc("2026-01-03T00:00:00")


def test_dwell_time_runs_only_while_it_is_on() -> None:
    hours = daily(8 * 60, 10 * 60, "UTC")
    assert reached_ns(hours, utc("2026-01-01T09:00:00"), 2 * HOUR_NS) == utc("2026-01-02T09:00:00")
    assert reached_ns(Schedule("UTC", ()), 0, 1) is None
    assert next_on_ns(Schedule("UTC", ()), 0) is None


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (Schedule("Europe/Nowhere", ()), "Europe/Nowhere"),
        (Schedule("../etc/passwd", ()), "zone"),
        (Schedule("UTC", (Window(0, 0, 60), Window(7, 0, 60))), "window 2"),
        (Schedule("UTC", (Window(0, 1440, 60),)), "window 1"),
        (Schedule("UTC", (Window(0, 0, 2881),)), "window 1"),
        (Schedule("UTC", (), (DayException("2026-13-01"),)), "exception 1"),
        (Schedule("UTC", (), (DayException("20260101"),)), "exception 1"),
        (Schedule("UTC", (), (DayException("2026-01-01"), DayException("2026-01-01"))), "exception 2"),
        (Schedule("UTC", tuple(Window(0, 0, 1) for _ in range(51))), "at most 50"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_by_name(wrong: Schedule, names: str) -> None:
    with pytest.raises(Invalid, match=names):
        schedule.check(wrong)


WINDOWS = st.builds(
    Window, st.integers(0, 6), st.integers(0, 95).map(lambda q: q * 15), st.integers(0, 192).map(lambda q: q * 15)
)
ZONES = st.sampled_from(
    [STOCKHOLM, "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"]
)


def test_on_off_and_the_times_between_agree(scale: Scale) -> None:
    @settings(max_examples=scale.n(300, 5_000))
    @given(ZONES, st.lists(WINDOWS, max_size=5), st.integers(0, 500 * 24 * 4), st.integers(1, 72 * 4))
    def check(zone: str, windows: list[Window], start: int, quarters: int) -> None:
        one = Schedule(zone, tuple(windows))
        quarter_ns = HOUR_NS // 4
        from_ns = utc("2026-01-01T00:00:00") + start * quarter_ns
        # Every zone above is off UTC by whole quarters, so a quarter is wholly on or off.
        on = [is_on(one, from_ns + n * quarter_ns) for n in range(quarters)]
        assert on_ns(one, from_ns, from_ns + quarters * quarter_ns) == sum(on) * quarter_ns
        change_ns = next_change_ns(one, from_ns)
        changed = next((n for n in range(1, quarters) if on[n] != on[0]), None)
        if changed is not None:
            assert change_ns == from_ns + changed * quarter_ns
        if True in on:
            assert next_on_ns(one, from_ns) == from_ns + on.index(True) * quarter_ns
            assert reached_ns(one, from_ns, quarter_ns) == from_ns + (on.index(True) + 1) * quarter_ns

    check()


def test_away_from_changes_of_clocks_it_is_what_the_wall_clock_says(scale: Scale) -> None:
    @settings(max_examples=scale.n(300, 5_000))
    @given(st.lists(WINDOWS, max_size=5), st.integers(0, 27 * 24 * 4))
    def check(windows: list[Window], quarter: int) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
        wall = at.astimezone(ZoneInfo("America/New_York"))
        minute = wall.hour * 60 + wall.minute
        wanted = any(
            window.start_min
            <= minute + back * 1440
            < (window.end_min if window.end_min > window.start_min else window.end_min + 1440)
            for window in windows
            for back in range(3)
            if window.weekday == (wall.weekday() - back) % 7
        )
        assert is_on(Schedule("America/New_York", tuple(windows)), utc(at.replace(tzinfo=None).isoformat())) == wanted

    check()
