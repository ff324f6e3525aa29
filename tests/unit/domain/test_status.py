"""The rules of a vehicle's status, one by one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.record import NS_PER_S
from motorcade.domain.status import GRACE_NS, SILENCE_NS, Reason, Status, judge, next_change_ns
from motorcade.domain.summary import Summary

NOW = 1_764_000_000 * NS_PER_S
MINUTE = 60 * NS_PER_S


def car(**more: Any) -> Summary:
    """A parked car with an open connection that reported just now."""
    parked = Summary(
        gear=(NOW - MINUTE, "P"),
        open_connections=1,
        online_changed_at_ns=NOW - MINUTE,
        last_seen_ns=NOW,
        updated_at_ns=NOW,
    )
    return parked._replace(**more)


def gone(since_ns: int, **more: Any) -> Summary:
    """The same without a connection since some time ago."""
    return car(open_connections=0, online_changed_at_ns=NOW - since_ns, last_seen_ns=NOW - since_ns, **more)


@pytest.mark.parametrize(
    "summary, status, reason",
    [
        (Summary(), Status.OFFLINE, Reason.NEVER_REPORTED),
        (car(), Status.PARKED, Reason.IDLE),
        (car(gear=(NOW, "D")), Status.DRIVING, Reason.IN_GEAR),
        (car(gear=(NOW, "D"), speed_kmh=(NOW, 0.0)), Status.DRIVING, Reason.IN_GEAR),
        (car(gear=(NOW, "R")), Status.DRIVING, Reason.IN_GEAR),
        (car(gear=(NOW, "N")), Status.DRIVING, Reason.IN_GEAR),
        (car(gear=(NOW, "P"), speed_kmh=(NOW, 30.0)), Status.PARKED, Reason.IDLE),
        (car(gear=None, speed_kmh=(NOW, 30.0)), Status.DRIVING, Reason.ROLLING),
        (car(gear=(NOW, None), speed_kmh=(NOW, 8.1)), Status.DRIVING, Reason.ROLLING),
        (car(gear=(NOW, "SNA"), speed_kmh=(NOW, 8.0)), Status.PARKED, Reason.IDLE),
        (car(gear=(NOW, "Invalid"), speed_kmh=(NOW, None)), Status.PARKED, Reason.IDLE),
        (car(charge_state=(NOW, "Charging")), Status.CHARGING, Reason.CHARGE_STATE),
        (car(charge_state=(NOW, "Starting")), Status.CHARGING, Reason.CHARGE_STATE),
        (car(charge_state=(NOW, "Complete"), charging_kw=(NOW, 3.0)), Status.PARKED, Reason.IDLE),
        (car(charge_state=(NOW, "Calibrating"), charging_kw=(NOW, 3.0)), Status.CHARGING, Reason.CHARGING_POWER),
        (car(charging_kw=(NOW, 11.0)), Status.CHARGING, Reason.CHARGING_POWER),
        (car(charging_kw=(NOW, 0.2)), Status.PARKED, Reason.IDLE),
        (car(gear=(NOW, "D"), charge_state=(NOW - 1, "Charging")), Status.DRIVING, Reason.IN_GEAR),
        (car(gear=(NOW - 1, "D"), charge_state=(NOW, "Charging")), Status.CHARGING, Reason.CHARGE_STATE),
        (gone(GRACE_NS - 1), Status.PARKED, Reason.IDLE),
        (gone(GRACE_NS), Status.ASLEEP, Reason.CLOSED_WHILE_PARKED),
        (gone(GRACE_NS - 1, gear=(NOW, "D")), Status.DRIVING, Reason.IN_GEAR),
        (gone(GRACE_NS, gear=(NOW, "D")), Status.OFFLINE, Reason.VANISHED),
        (gone(GRACE_NS, charge_state=(NOW, "Charging")), Status.OFFLINE, Reason.VANISHED),
        (gone(SILENCE_NS), Status.ASLEEP, Reason.CLOSED_WHILE_PARKED),
        (gone(SILENCE_NS + 1), Status.OFFLINE, Reason.SILENT),
        (car(last_seen_ns=NOW - SILENCE_NS - 1), Status.OFFLINE, Reason.SILENT),
    ],
)
def test_the_rules(summary: Summary, status: Status, reason: Reason) -> None:
    judged = judge(summary, NOW)
    assert (judged.status, judged.reason) == (status, reason)


def test_a_status_begins_with_what_made_it() -> None:
    assert judge(car(gear=(NOW - 5, "D")), NOW).since_ns == NOW - 5
    assert judge(car(charge_state=(NOW - 6, "Charging")), NOW).since_ns == NOW - 6
    assert judge(car(), NOW).since_ns == NOW - MINUTE
    assert judge(car(gear=None), NOW).since_ns is None
    assert judge(gone(2 * MINUTE), NOW).since_ns == NOW - 2 * MINUTE
    assert judge(gone(SILENCE_NS + 7), NOW).since_ns == NOW - 7


def test_a_car_of_which_no_connection_is_known_counts_from_its_last_report() -> None:
    seen = car(open_connections=0, online_changed_at_ns=0, last_seen_ns=NOW - GRACE_NS)
    assert judge(seen, NOW).status is Status.ASLEEP
    assert judge(seen, NOW - 1).status is Status.PARKED


times = st.integers(min_value=NOW - 3 * SILENCE_NS, max_value=NOW)
numbers = st.none() | st.tuples(times, st.none() | st.floats(min_value=-10, max_value=200))
summaries = st.builds(
    Summary,
    speed_kmh=numbers,
    gear=st.none() | st.tuples(times, st.sampled_from(["P", "R", "N", "D", "SNA", "Invalid", None])),
    charge_state=st.none() | st.tuples(times, st.sampled_from(["Charging", "Starting", "Complete", "Idle", None])),
    charging_kw=numbers,
    open_connections=st.integers(min_value=0, max_value=2),
    online_changed_at_ns=st.just(0) | times,
    last_seen_ns=st.just(0) | times,
    updated_at_ns=times,
)


@given(summaries, times)
def test_between_the_moments_that_are_named_time_changes_nothing(summary: Summary, at_ns: int) -> None:
    following = next_change_ns(summary, at_ns)
    last_ns = following - 1 if following is not None else at_ns + 10 * SILENCE_NS
    assert following is None or following > at_ns
    assert judge(summary, last_ns) == judge(summary, at_ns)


@given(summaries, times)
def test_every_summary_has_one_status_that_began_in_the_past(summary: Summary, at_ns: int) -> None:
    judged = judge(summary, max(at_ns, summary.last_seen_ns, summary.updated_at_ns))
    assert judged.status in set(Status)
    assert judged.since_ns is None or judged.since_ns <= NOW + 10 * SILENCE_NS
