"""The reducer of alerts against brute force, and against itself in other ways of getting there."""

from hypothesis import given, settings

from motorcade.domain.episodes import alert
from tests.conditions import is_long
from tests.unit.domain.episodes.alert_cases import TAPES, Feeding, Tape, decode, encode, story, versions
from tests.unit.domain.episodes.alert_oracle import Entry, Oracle, Version

S = 1_000_000_000
Case = tuple[tuple[Entry, ...], tuple[Version, ...], int]


def case_of(tape: Tape) -> Case:
    entries, horizon_ns = story(tape)
    return entries, versions(tape, horizon_ns), horizon_ns


CASES = TAPES.map(case_of)


def count(short: int) -> settings:
    return settings(max_examples=short * 10 if is_long() else short)


@count(2_000)
@given(CASES)
def test_alerts_are_what_brute_force_finds(case: Case) -> None:
    entries, made, horizon_ns = case
    feeding = Feeding(made)
    for entry in entries:
        feeding.feed(entry)
    assert feeding.seen(horizon_ns) == {row.id: row for row in Oracle(entries, made, horizon_ns).alerts()}


@count(500)
@given(CASES)
def test_views_between_records_change_nothing_and_states_survive_being_written_down(case: Case) -> None:
    entries, made, horizon_ns = case
    plain, disturbed = Feeding(made), Feeding(made)
    for entry, following in zip(entries, (*entries[1:], None), strict=True):
        plain.feed(entry)
        disturbed.feed(entry)
        until_ns = horizon_ns if following is None else following.at_ns
        before = encode(disturbed.state)
        disturbed.seen((entry.at_ns + until_ns) // 2, following)
        alert.due_ns(disturbed.state, entry.at_ns, disturbed.timeline, disturbed.latest)
        alert.quiet(disturbed.state, until_ns, disturbed.timeline, disturbed.latest)
        assert encode(disturbed.state) == before
        disturbed.state = decode(before)
    assert encode(disturbed.state) == encode(plain.state)
    assert disturbed.rows == plain.rows


@count(500)
@given(CASES)
def test_a_view_shows_what_the_next_record_makes_final(case: Case) -> None:
    entries, made, _ = case
    feeding = Feeding(made)
    for entry, following in zip(entries, (*entries[1:], None), strict=True):
        feeding.feed(entry)
        if following is None:
            break
        seen = feeding.seen(following.at_ns, following)
        looker = Feeding(made)
        looker.state, looker.latest = decode(encode(feeding.state)), feeding.latest
        nothing_new = Entry(
            following.at_ns, b"\xff" * 16, {}, *standing_facts(entry, following), online=entry.online,
            turns=following.turns,
        )  # fmt: skip
        for row in looker.feed(nothing_new):
            if row.started_at_ns < following.at_ns and row.last_record != nothing_new.record_id:
                assert seen[row.id] == row


def standing_facts(entry: Entry, following: Entry) -> tuple[tuple[str, ...], bool, bool]:
    return following.turns[-1][1:] if following.turns else (entry.fences, entry.trip, entry.charge)


@count(500)
@given(CASES)
def test_between_two_due_times_no_view_says_anything_else(case: Case) -> None:
    entries, made, horizon_ns = case
    feeding = Feeding(made)
    for entry in entries:
        feeding.feed(entry)
    at_ns = entries[-1].at_ns
    shown = feeding.seen(at_ns)
    for _ in range(30):
        due_ns = alert.due_ns(feeding.state, at_ns, feeding.timeline, feeding.latest)
        until_ns = horizon_ns if due_ns is None else min(due_ns - 1, horizon_ns)
        assert feeding.seen(max(at_ns, until_ns)) == shown
        if due_ns is None or due_ns > horizon_ns:
            break
        assert due_ns > at_ns
        at_ns = due_ns
        shown = feeding.seen(at_ns)


@count(500)
@given(CASES)
def test_alerts_of_a_rule_never_overlap_and_open_and_close_alternate(case: Case) -> None:
    entries, made, horizon_ns = case
    feeding = Feeding(made)
    for entry in entries:
        feeding.feed(entry)
    ended: dict[str, int] = {}
    rows = sorted(feeding.seen(horizon_ns).values(), key=lambda row: (row.started_at_ns, row.ended_at_ns or horizon_ns))
    for row in rows:
        assert row.condition_since_ns <= row.started_at_ns
        assert row.ended_at_ns is None or row.started_at_ns <= row.ended_at_ns
        if row.subject:
            continue
        assert ended.get(row.rule_id, 0) <= row.started_at_ns
        ended[row.rule_id] = 1 << 62 if row.ended_at_ns is None else row.ended_at_ns


@count(300)
@given(CASES)
def test_an_equal_reading_again_changes_nothing(case: Case) -> None:
    entries, made, horizon_ns = case
    once, again = Feeding(made), Feeding(made)
    values: dict[str, object] = {}
    for entry in entries:
        once.feed(entry)
        values |= entry.readings
        again.feed(Entry(entry.at_ns, entry.record_id, dict(values), *(  # type: ignore[arg-type]  # values are Values
            entry.fences, entry.trip, entry.charge, entry.online, entry.notices, entry.rows, entry.turns
        )))  # fmt: skip
    assert again.seen(horizon_ns) == once.seen(horizon_ns)
    assert encode(again.state) == encode(once.state)
