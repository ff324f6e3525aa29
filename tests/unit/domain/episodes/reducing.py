"""Feeds records to one reducer as the fold does, and holds it to what every reducer promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment, Notice
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value

VEHICLE: Final = "V"
BEGIN_NS: Final = 1_700_000_000 * NS_PER_S
FAR_NS: Final = 400 * 86_400 * NS_PER_S


class Reducer(Protocol):
    """A module of `domain.episodes`."""

    def start(self) -> Any: ...
    def step(self, state: Any, moment: Moment, rules: Any) -> list[Episode]: ...
    def view(self, state: Any, horizon_ns: int, rules: Any) -> list[Episode]: ...
    def due_ns(self, state: Any, after_ns: int, rules: Any) -> int | None: ...
    def quiet(self, state: Any, at_ns: int, rules: Any) -> bool: ...


@dataclass(frozen=True)
class Told:
    """One record of a story."""

    at_ns: int
    record_id: bytes
    readings: tuple[tuple[int, Value], ...] = ()
    notices: tuple[Notice, ...] = ()
    fences: tuple[str, ...] = ()
    trip_id: str | None = None


def at(seconds: float) -> int:
    """A time of a story."""
    return BEGIN_NS + round(seconds * NS_PER_S)


def told(seconds: float, *, fences: tuple[str, ...] = (), trip_id: str | None = None, **readings: Value) -> Told:
    """A record with readings by our names."""
    return record(seconds, readings, fences, trip_id)


def record(
    seconds: float, readings: Mapping[str, Value], fences: tuple[str, ...] = (), trip_id: str | None = None
) -> Told:
    """The same of a mapping."""
    values = tuple((by_name(name).number, value) for name, value in readings.items())
    at_ns = at(seconds)
    return Told(at_ns, at_ns.to_bytes(16, "big"), values, fences=fences, trip_id=trip_id)


RulesAt = Callable[[int], Any]


def fold(
    reducer: Reducer,
    story: Sequence[Told],
    rules_at: RulesAt,
    *,
    coded: type[Any] | None = None,
    watch: Callable[[Any, int, int, Any], None] | None = None,
) -> tuple[dict[str, Episode], Any]:
    """All rows of a story by id, as they stand in the end, and the last state.

    Args:
        reducer: the module.
        story: records in order.
        rules_at: the rules in force at a time.
        coded: type of the state, to write it down and read it again between any two records.
        watch: called between any two records with the state, the two times and the rules of the first.
    """
    state, latest, rows, before_ns = reducer.start(), Latest(), dict[str, Episode](), 0
    decoder = None if coded is None else msgspec.msgpack.Decoder(coded)
    for number, one in enumerate(story):
        changed = latest.take(one.readings, one.at_ns)
        moment = Moment(
            VEHICLE,
            one.at_ns,
            one.record_id,
            before_ns,
            latest,
            changed,
            notices=one.notices,
            fences=one.fences,
            trip_id=one.trip_id,
        )
        rows |= {row.id: row for row in reducer.step(state, moment, rules_at(one.at_ns))}
        before_ns = one.at_ns
        if decoder is not None:
            state = decoder.decode(msgspec.msgpack.encode(state))
        if watch is not None:
            until_ns = story[number + 1].at_ns if number + 1 < len(story) else one.at_ns + FAR_NS
            watch(state, one.at_ns, until_ns, rules_at)
    end_ns = before_ns + FAR_NS
    return rows | {row.id: row for row in reducer.view(state, end_ns, rules_at(end_ns))}, state


def keeps_promises(
    reducer: Reducer, story: Sequence[Told], rules_at: RulesAt, state_type: type[Any], shares: Sequence[float]
) -> dict[str, Episode]:
    """Fold a story in several ways, and see that all say the same.

    Args:
        reducer: the module.
        story: records in order.
        rules_at: the rules in force at a time.
        state_type: of its state.
        shares: where between two records to look, 0 … 1.
    """
    truth, end = fold(reducer, story, rules_at)

    def watch(state: Any, from_ns: int, until_ns: int, rules_at: RulesAt) -> None:
        before = msgspec.msgpack.encode(state)
        seen: dict[str, Episode] = {}
        for share in (0.0, *sorted(shares), 1.0):
            horizon_ns = from_ns + int((until_ns - from_ns) * share)
            rules = rules_at(horizon_ns)
            now = {row.id: row for row in reducer.view(state, horizon_ns, rules)}
            for row in now.values():
                assert row.id in truth, row
                assert row.ended_at_ns is None or row == truth[row.id], (row, truth[row.id])
            if reducer.quiet(state, horizon_ns, rules) and not hasattr(state, "inside"):
                assert all(row.ended_at_ns is not None for row in now.values()), now
            ended = {name for name, row in seen.items() if row.ended_at_ns is not None}
            assert ended <= now.keys(), "a row that ended is said again until a record confirms it"
            seen = now
            due_ns = reducer.due_ns(state, horizon_ns, rules)
            still_ns = until_ns if due_ns is None else min(due_ns - 1, until_ns)
            if still_ns > horizon_ns and rules_at(still_ns) is rules:
                assert {row.id: row for row in reducer.view(state, still_ns, rules)} == now
        assert msgspec.msgpack.encode(state) == before, "a view changes nothing"

    watched, _ = fold(reducer, story, rules_at, watch=watch)
    written, written_end = fold(reducer, story, rules_at, coded=state_type)
    assert watched == truth == written
    assert written_end == end
    return truth
