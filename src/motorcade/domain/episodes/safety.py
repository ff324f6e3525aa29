"""Safety events: speeding, harsh manoeuvres, unbuckled driving, and what the car itself calls a collision.

Of each category at most one spell is under way. It begins with the record that first shows the condition, goes on
through short lapses, and ends, dated back to when the condition last held, once a lapse or a silence is long enough.
"""

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from motorcade.domain.episodes.episode import Episode, earliest, episode_id
from motorcade.domain.episodes.moment import Moment, Notice
from motorcade.domain.episodes.safety_rules import (
    ACCELERATION,
    BRAKING,
    CORNERING,
    SEAT_BELT,
    SPEEDING,
    Grades,
    SafetyRules,
)
from motorcade.domain.episodes.safety_signs import HEADING, LATERAL, LONGITUDINAL, SPEED, Pull, across, along
from motorcade.domain.episodes.safety_spell import CONFIDENCE, ROUNDING_G, SafetyEvent, Spell, row_of
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

LOCATION: Final = by_name("location").number
BELT: Final = by_name("driver_seat_belt").number
OCCUPIED: Final = by_name("driver_seat_occupied").number
MINE: Final = frozenset({SPEED, HEADING, LONGITUDINAL, LATERAL, BELT, OCCUPIED})
CALM: Final = frozenset({BRAKING, ACCELERATION, CORNERING})
"""Categories of which no spell is under way in a calm drive."""
MAX_NOTICES: Final = 16
"""Collision notices remembered so that one listed again is not another: more than a car survives."""

OPEN_BELTS: Final = frozenset({"Unlatched", True})
"""The maker's word, and the flag of some software that is true while the belt is open."""


@dataclass(slots=True)
class SafetyState:
    """What is remembered of a car.

    Attributes:
        vehicle_id: whose.
        spells: category → what is under way.
        due_ns: category → when its spell ends if nothing comes.
        speed_kmh: the last speed, None while unknown.
        speed_ns: when it was reported.
        heading_deg: the last heading.
        heading_ns: when it was reported.
        notices: the newest collision notices, as "name@start".
    """

    vehicle_id: str = ""
    spells: dict[str, Spell] = field(default_factory=dict)
    due_ns: dict[str, int] = field(default_factory=dict)
    speed_kmh: float | None = None
    speed_ns: int = 0
    heading_deg: float | None = None
    heading_ns: int = 0
    notices: list[str] = field(default_factory=list)


def start() -> SafetyState:
    """A car that nothing is known of."""
    return SafetyState()


class _Now(NamedTuple):
    """A record as the categories take it in."""

    moment: Moment
    rules: SafetyRules
    speed_kmh: float | None
    rows: list[Episode]


def step(state: SafetyState, moment: Moment, rules: SafetyRules) -> list[Episode]:
    """Take one record in; see `episode`."""
    rows = _pass(state, moment.at_ns) if state.spells else []
    if not state.spells and not moment.notices and moment.changed.keys().isdisjoint(MINE):
        return rows
    if not state.vehicle_id:
        state.vehicle_id = moment.vehicle_id
    now = _Now(moment, rules, _fresh_speed(moment, rules), rows)
    spells, speed_kmh = state.spells, now.speed_kmh
    # Most records are of a car that does nothing of the kind: what follows is asked only where it could matter.
    if SPEEDING in spells or (speed_kmh is not None and speed_kmh > rules.lowest_limit_kmh):
        _take_speeding(state, now)
    if SEAT_BELT in spells or moment.latest.values.get(BELT) in OPEN_BELTS:
        _take_belt(state, now)
    _take_manoeuvres(state, now)
    for notice in moment.notices:
        _take_notice(state, now, notice)
    if SPEED in moment.changed:
        state.speed_kmh, state.speed_ns = now.speed_kmh, moment.at_ns
    if HEADING in moment.changed:
        state.heading_deg, state.heading_ns = moment.latest.number(HEADING), moment.at_ns
    return rows


def _fresh_speed(moment: Moment, rules: SafetyRules) -> float | None:
    """The speed, if it is not an old value that a car forgot to take back."""
    speed_kmh = moment.latest.number(SPEED)
    if speed_kmh is None or moment.at_ns - moment.latest.since_ns[SPEED] > rules.speed_fresh_s * NS_PER_S:
        return None
    return speed_kmh


def view(state: SafetyState, horizon_ns: int, rules: SafetyRules) -> list[Episode]:  # noqa: ARG001 - the contract
    """The rows as they stand at a horizon; see `episode`."""
    if not state.spells:
        return []
    ahead = _copy(state)
    rows = _pass(ahead, horizon_ns)
    for category, spell in ahead.spells.items():
        if spell.shown:
            rows.append(row_of(ahead.vehicle_id, category, spell, final=False))
    return rows


def due_ns(state: SafetyState, after_ns: int, rules: SafetyRules) -> int | None:  # noqa: ARG001 - the contract
    """When time alone says something else; see `episode`."""
    return earliest(*(due for due in state.due_ns.values() if due > after_ns))


def quiet(state: SafetyState, at_ns: int, rules: SafetyRules) -> bool:  # noqa: ARG001 - the contract of all reducers
    """Whether no spell is under way."""
    return all(due <= at_ns for due in state.due_ns.values())


def _copy(state: SafetyState) -> SafetyState:
    spells = {category: replace(spell) for category, spell in state.spells.items()}
    return replace(state, spells=spells, due_ns=dict(state.due_ns))


def _pass(state: SafetyState, at_ns: int) -> list[Episode]:
    """End what time ends up to an instant."""
    rows: list[Episode] = []
    for category in [one for one, due in state.due_ns.items() if due <= at_ns]:
        _close(state, category, rows)
    return rows


def _close(state: SafetyState, category: str, rows: list[Episode]) -> None:
    spell = state.spells.pop(category)
    del state.due_ns[category]
    if spell.counts:
        rows.append(row_of(state.vehicle_id, category, spell, final=True))


def _take_speeding(state: SafetyState, now: _Now) -> None:
    spell, speed_kmh = state.spells.get(SPEEDING), now.speed_kmh
    if spell is None and speed_kmh is None:
        return
    limit = now.rules.limit(now.moment.fences, now.moment.at_ns)
    if spell is not None and (spell.limit_kmh, spell.limit_fence) != limit:
        # Another limit is another event, from here on.
        spell.hold(now.moment.at_ns, now.moment.record_id, now.speed_kmh)
        _close(state, SPEEDING, now.rows)
        spell = None
    least_kmh = limit[0]
    if spell is not None and spell.holds:
        least_kmh -= now.rules.speeding_back_kmh
    if speed_kmh is not None and speed_kmh > least_kmh:
        _feed(state, now, SPEEDING, "speed_signal", speed_kmh)
    else:
        _lapse(state, now, SPEEDING)


def _take_belt(state: SafetyState, now: _Now) -> None:
    values = now.moment.latest.values
    if (
        values.get(BELT) in OPEN_BELTS
        and values.get(OCCUPIED) is not False
        and now.speed_kmh is not None
        and now.speed_kmh >= now.rules.belt_moving_kmh
    ):
        _feed(state, now, SEAT_BELT, "belt_signal", now.speed_kmh)
    else:
        _lapse(state, now, SEAT_BELT)


def _take_manoeuvres(state: SafetyState, now: _Now) -> None:
    moment, rules = now.moment, now.rules
    # A stop from speed is harsh although the car stands after it.
    before_kmh = state.speed_kmh if SPEED in moment.changed else None
    moving = max(now.speed_kmh or 0.0, before_kmh or 0.0) >= rules.harsh_moving_kmh
    pull = None
    if not _calm(state, moment, LONGITUDINAL, rules):
        pull = along(moment, state.speed_kmh, state.speed_ns, rules)
    if pull is not None:
        value_g = pull.value_g if moving else 0.0
        _take_pull(state, now, BRAKING, rules.braking_g, Pull(-value_g, pull.source))
        _take_pull(state, now, ACCELERATION, rules.acceleration_g, Pull(value_g, pull.source))
    side = None
    if not _calm(state, moment, LATERAL, rules):
        side = across(moment, now.speed_kmh, state.heading_deg, state.heading_ns, rules)
    if side is not None:
        _take_pull(state, now, CORNERING, rules.cornering_g, side if moving else Pull(0.0, side.source))


def _calm(state: SafetyState, moment: Moment, sensor: int, rules: SafetyRules) -> bool:
    """Whether a sensor has just said that nothing harsh is going on, and nothing was: most records of a drive."""
    if sensor not in moment.changed or not CALM.isdisjoint(state.spells):
        return False
    value_ms2 = moment.latest.values[sensor]
    return isinstance(value_ms2, float) and -rules.calm_ms2 < value_ms2 < rules.calm_ms2


def _take_pull(state: SafetyState, now: _Now, category: str, grades: Grades, pull: Pull) -> None:
    spell = state.spells.get(category)
    least_g = grades.mild
    if spell is not None and spell.holds:
        least_g *= now.rules.harsh_back
    if pull.value_g >= least_g - ROUNDING_G:
        _feed(state, now, category, pull.source, pull.value_g)
    elif spell is not None:
        _lapse(state, now, category)


def _take_notice(state: SafetyState, now: _Now, notice: Notice) -> None:
    moment, rules = now.moment, now.rules
    category = rules.notice_category(notice.name)
    if category is None or moment.at_ns - notice.started_at_ns > rules.notice_max_age_s * NS_PER_S:
        return
    seen = f"{notice.name}@{notice.started_at_ns}"
    if seen in state.notices:
        return
    state.notices = [*state.notices, seen][-MAX_NOTICES:]
    at_ns = min(notice.started_at_ns, moment.at_ns)
    now.rows.append(
        SafetyEvent(
            id=episode_id(SafetyEvent.kind, f"{category}:{seen}", rules.version, moment.vehicle_id, moment.record_id),
            vehicle_id=moment.vehicle_id,
            started_at_ns=at_ns,
            ended_at_ns=at_ns,
            rule_version=rules.version,
            first_record=moment.record_id,
            last_record=moment.record_id,
            category=category,
            severity="severe",
            trip_id=moment.trip_id,
            place=moment.latest.place(LOCATION),
            source="car_notice",
            notice=notice.name,
        )
    )


def _feed(state: SafetyState, now: _Now, category: str, source: str, value: float) -> None:
    """A category's condition holds."""
    moment = now.moment
    spell = state.spells.get(category)
    if spell is None:
        spell = state.spells[category] = _spell(now, category, source)
    else:
        spell.hold(now.moment.at_ns, now.moment.record_id, now.speed_kmh)
    spell.holds, spell.last_ns, spell.last_record = True, moment.at_ns, moment.record_id
    spell.peak = max(spell.peak, value)
    if spell.trip_id is None:
        spell.trip_id = moment.trip_id
    if CONFIDENCE.get(source, 1.0) > CONFIDENCE.get(spell.source, 1.0):
        spell.source = source
    state.due_ns[category] = moment.at_ns + int(spell.spans.silence_s * NS_PER_S)
    _show(state, now, category)


def _lapse(state: SafetyState, now: _Now, category: str) -> None:
    """A category's condition does not hold."""
    spell = state.spells.get(category)
    if spell is not None and spell.holds:
        spell.hold(now.moment.at_ns, now.moment.record_id, now.speed_kmh)
        spell.holds = False
        state.due_ns[category] = spell.last_ns + int(spell.spans.merge_s * NS_PER_S)
        _show(state, now, category)


def _show(state: SafetyState, now: _Now, category: str) -> None:
    spell = state.spells[category]
    if not spell.shown and spell.counts:
        spell.shown = True
        now.rows.append(row_of(state.vehicle_id, category, spell, final=False))


def _spell(now: _Now, category: str, source: str) -> Spell:
    moment = now.moment
    limit_kmh, limit_fence = now.rules.limit(moment.fences, moment.at_ns) if category == SPEEDING else (0.0, "")
    return Spell(
        rule_version=now.rules.version,
        grades=now.rules.grades(category),
        spans=now.rules.spans(category),
        began_ns=moment.at_ns,
        first_record=moment.record_id,
        place=moment.latest.place(LOCATION),
        trip_id=moment.trip_id,
        source=source,
        holds=True,
        last_ns=moment.at_ns,
        last_record=moment.record_id,
        speed_kmh=now.speed_kmh,
        first_kmh=now.speed_kmh,
        limit_kmh=limit_kmh,
        limit_fence=limit_fence,
    )
