"""Each lineage of an alert is told to have opened once, and to have ended once, whatever late data does to its rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings

from motorcade.domain.episodes import alert
from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.alerting.announcement import (
    MAX_TOLD,
    TOLD_KEPT_NS,
    Announcement,
    News,
    Refolded,
    Told,
    early,
    live,
    refolded,
)
from motorcade.domain.episodes.moment import Report
from motorcade.domain.signal import by_name
from tests.conditions import is_long
from tests.unit.domain.episodes.alert_cases import START_NS, TAPES, Feeding, S, Tape, story, versions
from tests.unit.domain.episodes.alert_oracle import VEHICLE, Entry, Version


def row(began_s: float, ended_s: float | None = None, *, name: str = "", rule: str = "r", reason: str = "") -> Alert:
    ended_ns = None if ended_s is None else START_NS + round(ended_s * S)
    return Alert(
        id=name or f"{rule}@{began_s:g}",
        vehicle_id=VEHICLE,
        started_at_ns=START_NS + round(began_s * S),
        ended_at_ns=ended_ns,
        rule_version=1,
        first_record=round(began_s).to_bytes(16, "big"),
        last_record=None,
        rule_id=rule,
        lineage=f"{rule}.1",
        severity="warning",
        title="Rule",
        evidence=(),
        condition_since_ns=START_NS + round(began_s * S),
        end_reason="" if ended_ns is None else reason or "cleared",
    )


def turn(at_s: float) -> tuple[int, bytes]:
    return START_NS + round(at_s * S), b"\xff" * 16


def words(news: News) -> list[tuple[str, str, str]]:
    return [(one.kind.removeprefix("alert_"), one.lineage_id, one.end_reason) for one in news.announcements]


def everything(*rows: Alert, until_s: float = 1_000, standing: Sequence[str] = ()) -> Refolded:
    return Refolded(
        rows, standing, {second.to_bytes(16, "big") for second in range(1_000)}, START_NS + round(until_s * S)
    )


# --- in turn -----------------------------------------------------------------------------------------------------


def test_an_alert_is_told_when_it_opens_and_when_it_ends_and_not_in_between() -> None:
    opened = live((), [row(10)], turn(10))
    assert words(opened) == [("opened", "r@10", "")]
    assert words(live(opened.told, [row(10)], turn(20))) == []
    ended = live(opened.told, [row(10, 30)], turn(30))
    assert words(ended) == [("ended", "r@10", "cleared")]
    assert words(live(ended.told, [row(10, 30)], turn(40))) == []


def test_what_opens_and_ends_at_once_is_told_both() -> None:
    news = live((), [row(10, 10, reason="moment")], turn(10))
    assert words(news) == [("opened", "r@10", ""), ("ended", "r@10", "moment")]
    assert news.announcements[1].at_ns == START_NS + 10 * S


def test_a_second_alert_at_the_instant_of_the_first_ones_end_is_a_second_one() -> None:
    first = live((), [row(10, 20)], turn(20))
    assert words(live(first.told, [row(20, 20, name="b")], turn(20))) == [
        ("opened", "b", ""),
        ("ended", "b", "cleared"),
    ]


# --- late data ---------------------------------------------------------------------------------------------------


def test_an_alert_whose_id_changed_by_late_data_is_not_told_again() -> None:
    told = live((), [row(10)], turn(10)).told
    moved = refolded(told, everything(row(7)))
    assert words(moved) == []
    ended = live(moved.told, [row(7, 50)], turn(50))
    assert words(ended) == [("ended", "r@10", "cleared")]
    assert ended.announcements[0].alert_id == "r@7"


def test_an_alert_that_late_data_ends_earlier_is_told_to_have_ended() -> None:
    told = live((), [row(10)], turn(10)).told
    assert words(refolded(told, everything(row(10, 20)))) == [("ended", "r@10", "cleared")]


def test_an_alert_that_is_no_more_ends_as_withdrawn_once() -> None:
    told = live((), [row(10)], turn(10)).told
    gone = refolded(told, everything())
    assert words(gone) == [("ended", "r@10", "withdrawn")]
    assert gone.announcements[0].alert is None
    assert words(refolded(gone.told, everything())) == []
    assert words(refolded(gone.told, everything(row(10)))) == []


def test_an_alert_that_had_ended_and_is_no_more_is_not_told_again() -> None:
    told = live((), [row(10, 20)], turn(20)).told
    assert words(refolded(told, everything())) == []


def test_a_refold_tells_of_the_past_only_what_is_still_open_at_the_horizon() -> None:
    news = refolded((), everything(row(10, 20), row(30)))
    assert words(news) == [("opened", "r@30", "")]
    assert words(live(news.told, [row(30, 60)], turn(60))) == [("ended", "r@30", "cleared")]


def test_of_two_that_late_data_joins_one_goes_on_and_the_other_ends_as_withdrawn() -> None:
    first = live((), [row(10, 20)], turn(20))
    second = live(first.told, [row(30)], turn(30))
    joined = refolded(second.told, everything(row(10)))
    assert words(joined) == [("ended", "r@30", "withdrawn")]
    renamed = refolded(second.told, everything(row(9)))  # what lasts has the greater share in what is open now
    assert words(renamed) == []
    assert [(one.id, one.alert_id) for one in renamed.told] == [("r@30", "r@9"), ("r@10", "r@10")]


def test_of_one_that_late_data_parts_the_greater_part_goes_on() -> None:
    told = live((), [row(10)], turn(10)).told
    news = refolded(told, everything(row(10, 20), row(30)))
    assert words(news) == [("ended", "r@10", "cleared"), ("opened", "r@30", "")]
    shifted = refolded(told, everything(row(11, 20), row(30)))
    assert words(shifted) == []  # what is open since 30 is the alert that was told
    assert shifted.told[0].alert_id == "r@30"


def test_rules_and_their_versions_are_lineages_of_their_own() -> None:
    told = live((), [row(10)], turn(10)).told
    other = replace(row(7), lineage="r.2")
    assert words(refolded(told, everything(other))) == [("opened", "r@7", ""), ("ended", "r@10", "withdrawn")]


def test_what_a_refold_does_not_speak_of_stays() -> None:
    told = live((), [row(10)], turn(10)).told
    assert refolded(told, Refolded((), (), {b"other"}, START_NS)).announcements == ()
    assert refolded(told, everything(standing=("r@10",))).announcements == ()


def test_a_name_that_was_given_away_is_not_given_twice() -> None:
    told = refolded(live((), [row(10)], turn(10)).told, everything(row(7))).told
    news = refolded(told, everything(row(7, 8), row(10)))
    names = [one.id for one in news.told]
    assert len(names) == len(set(names))


# --- emergencies -------------------------------------------------------------------------------------------------


def test_an_emergency_told_early_is_not_told_again_in_its_turn() -> None:
    told = early((), [row(10)], late=False)
    assert words(told) == [("opened", "r@10", "")]
    assert words(early(told.told, [row(10)], late=False)) == []
    assert words(early(told.told, [row(12)], late=False)) == []
    assert words(live(told.told, [], turn(9))) == []
    assert words(live(told.told, [row(10)], turn(10))) == []
    assert words(live(told.told, [row(9)], turn(10))) == []


def test_an_emergency_told_early_that_its_turn_does_not_yield_ends_as_withdrawn() -> None:
    told = early((), [row(10)], late=False).told
    assert words(live(told, [], turn(10))) == [("ended", "r@10", "withdrawn")]


def test_an_emergency_that_came_late_waits_for_the_refold() -> None:
    told = early((), [row(10)], late=True).told
    assert words(live(told, [], turn(100))) == []
    assert words(live(told, [row(200)], turn(200))) == [("opened", "r@200", "")]
    assert words(refolded(told, everything(row(10, 20)))) == [("ended", "r@10", "cleared")]
    assert words(refolded(told, everything())) == [("ended", "r@10", "withdrawn")]


# --- bounds ------------------------------------------------------------------------------------------------------


def test_what_ended_long_ago_is_forgotten_and_what_lasts_is_not() -> None:
    told = live((), [row(0, 1), row(5, rule="s")], turn(5)).told
    kept = live(told, [], (START_NS + TOLD_KEPT_NS + 2 * S, b"")).told
    assert [one.id for one in kept] == ["s@5"]


def test_what_is_remembered_is_bounded_and_what_lasts_is_kept_first() -> None:
    rows = [row(number, number, rule=f"x{number}") for number in range(1, MAX_TOLD + 50)]
    told = live((), [row(0, rule="s"), *rows], turn(MAX_TOLD + 60)).told
    assert len(told) == MAX_TOLD
    assert told[0].id == "s@0"


# --- any story ---------------------------------------------------------------------------------------------------


@dataclass
class Teller:
    """A vehicle whose records partly come late, and who is told what."""

    made: tuple[Version, ...]
    horizon_ns: int = 0
    told: tuple[Told, ...] = ()
    said: list[Announcement] = field(default_factory=list)
    arrived: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feeding = Feeding(self.made)

    def takes(self, entry: Entry) -> None:
        self.arrived.append(entry)
        late = entry.at_ns < self.horizon_ns or (entry.at_ns, entry.record_id) < self.folded
        self.hear_early(entry, late)
        if not late:
            self.hear(entry)
            return
        self.arrived.sort(key=lambda one: (one.at_ns, one.record_id))
        self.feeding = Feeding(self.made)
        for one in self.arrived:
            self.feeding.feed(one)
        rows = tuple(self.feeding.seen(self.horizon_ns).values())
        news = refolded(self.told, Refolded(rows, (), {one.record_id for one in self.arrived}, self.horizon_ns))
        for told in news.announcements:
            assert told.kind == "alert_ended" or (told.alert is not None and told.alert.ended_at_ns is None)
        self.take(news)

    @property
    def folded(self) -> tuple[int, bytes]:
        return self.feeding.previous_ns, self.feeding.state.record_id

    def hear_early(self, entry: Entry, late: bool) -> None:
        readings = tuple((by_name(name).number, value) for name, value in entry.readings.items())
        report = Report(entry.at_ns, entry.record_id, readings, entry.notices)
        state, latest, timeline = self.feeding.state, self.feeding.latest, self.feeding.timeline
        self.take(early(self.told, alert.emergencies(state, VEHICLE, report, latest.values, timeline), late=late))

    def hear(self, entry: Entry) -> None:
        rows = {one.id: one for one in self.feeding.feed(entry)}
        self.horizon_ns = max(self.horizon_ns, entry.at_ns)
        self.look(rows)

    def look(self, rows: dict[str, Alert]) -> None:
        view = alert.view(self.feeding.state, self.horizon_ns, self.feeding.timeline, self.feeding.latest)
        self.take(live(self.told, (rows | {one.id: one for one in view}).values(), self.folded))

    def take(self, news: News) -> None:
        self.told = news.told
        self.said += news.announcements


def with_emergencies(tape: Tape, made: tuple[Version, ...]) -> tuple[Version, ...]:
    """Some of the rules as emergencies, where they may be."""
    which = tape.below(8)
    return tuple(
        version._replace(
            rules=tuple(
                replace(rule, severity="emergency", hold_s=0, cool_down_s=0, schedule=None)
                if which >> number & 1 and not rule.asks_silence
                else rule
                for number, rule in enumerate(version.rules)
            )
        )
        for version in made
    )


@settings(max_examples=20_000 if is_long() else 1_200)
@given(TAPES)
def test_whatever_comes_late_a_lineage_opens_once_and_ends_once(tape: Tape) -> None:
    entries, _ = story(tape)
    # without what other reducers' time-outs say: a re-fold hears of it at other records than the first fold did
    entries = tuple(replace(entry, turns=(), rows=()) for entry in entries)
    teller = Teller(with_emergencies(tape, versions(tape, entries[-1].at_ns)))
    waiting: list[Entry] = []
    for entry in entries:
        if tape.below(4) == 3:
            waiting.append(entry)
            continue
        teller.takes(entry)
        if waiting and tape.below(3) == 2:
            teller.takes(waiting.pop(tape.below(len(waiting))))
    for entry in waiting:
        teller.takes(entry)
    teller.horizon_ns += tape.below(2) * 700 * S
    teller.look({})

    opened = Counter(one.lineage_id for one in teller.said if one.kind == "alert_opened")
    ended = Counter(one.lineage_id for one in teller.said if one.kind == "alert_ended")
    assert set(opened.values()) <= {1}
    assert set(ended.values()) <= {1}
    assert set(ended) <= set(opened)
    order = [(one.kind, one.lineage_id) for one in teller.said]
    assert all(order.index(("alert_opened", name)) < order.index(("alert_ended", name)) for name in ended)

    lasting = {one.id for one in teller.feeding.seen(teller.horizon_ns).values() if one.ended_at_ns is None}
    told_of = {one.alert_id for one in teller.told if one.ended_at_ns is None}
    assert lasting == told_of
    assert {one.id for one in teller.told if not one.ended_told} == set(opened) - set(ended)
    assert all(one.alert_id in lasting for one in teller.told if not one.ended_told)
