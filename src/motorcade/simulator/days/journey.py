"""The day's weather on the network: which faults strike where, in the order of their causes."""

import math
import random
from collections.abc import Sequence
from typing import Final

from motorcade.domain.record import Topic
from motorcade.simulator.days.collector import Message
from motorcade.simulator.days.faults import Faults
from motorcade.simulator.days.post import MOST_KEPT, CarClock, Gateway, Link, Report, Sent, arrivals, links_of, merged
from motorcade.simulator.days.stage import Stage
from motorcade.simulator.days.truth import Truth
from motorcade.simulator.roads.network import METRES_PER_DEGREE, Place
from motorcade.wire.tesla.entries import entry as encode_entry

_WINDOW_S: Final = (5.0, 30.0)  # without acknowledgements, until the car sends again
_SILENT_S: Final = (60.0, 240.0)
_LOST_SHARE: Final = 0.25  # of those windows: a gateway that died had taken nothing of it
_EDGE_S: Final = 150.0  # a hole without data keeps so far away from a trip's ends
_TELLING_S: Final = 4.0  # around the peak of a harsh event
_LONG_NS: Final = 60 * 1_000_000_000
_LONG_TRIP_S: Final = 600.0
_FARTHEST: Final = 20  # places that a reordered record falls back
_LONGEST_DELAY_S: Final = 2 * 86_400.0
_LAST_LINK_S: Final = 60.0


def deliver(stage: Stage, truth: Truth, begin_ns: int, faults: Faults, chance: random.Random) -> list[Report]:
    """Bring a day's messages to the stream; the reports are in the order in which the stream holds them."""
    messages = sorted(stage.collector.messages, key=lambda message: message.at_s)
    messages = _silenced(messages, truth, begin_ns, faults, chance)
    if faults.stray:
        messages = _strayed(messages, stage, truth, faults, chance)
    holes = _holes(stage, messages, faults, chance)
    links = links_of(_opened(stage, holes), holes, chance)
    events = [(harsh.peak_ns - begin_ns) / 1e9 for harsh in truth.harsh]
    edges = [(at - begin_ns) / 1e9 for trip in truth.trips for at in (trip.start_ns, trip.end_ns)]
    kept, extra = _unacknowledged(messages, links, [*events, *edges], faults, chance)
    carried = arrivals(_kept(kept, events, faults, chance), links, chance)
    gateway = Gateway(begin_ns, CarClock(faults, [link[0] for link in stage.links], chance), stage.car, chance)
    for link, sent in zip(links, carried, strict=True):
        resent = [one for one in extra if link.open_s < one.at_s < link.last_s]
        gateway.carry(link, sorted([*sent, *resent], key=lambda one: one.at_s), faults)
    reports = sorted(gateway.reports, key=lambda report: report.received_at_ns)
    return _shuffled(_doubled(reports, faults, chance), faults, chance)


def _silenced(
    messages: list[Message], truth: Truth, begin_ns: int, faults: Faults, chance: random.Random
) -> list[Message]:
    """Lose everything for some minutes inside some trips."""
    silent: list[tuple[float, float]] = []
    for trip in truth.trips:
        begin, end = (trip.start_ns - begin_ns) / 1e9, (trip.end_ns - begin_ns) / 1e9
        if end - begin < _LONG_TRIP_S or chance.random() >= faults.silence:
            continue
        start = chance.uniform(begin + _EDGE_S, end - _EDGE_S - _SILENT_S[1])
        stop = start + chance.uniform(*_SILENT_S)
        # Silence beside a long standstill would look like the end of the trip, to anybody.
        telling = [(pause.start_ns, pause.end_ns) for pause in trip.pauses if pause.end_ns - pause.start_ns > _LONG_NS]
        telling += [(harsh.start_ns, harsh.end_ns) for harsh in truth.harsh]
        spans = [((since - begin_ns) / 1e9 - _EDGE_S, (until - begin_ns) / 1e9 + _EDGE_S) for since, until in telling]
        if not any(since < stop and until > start for since, until in spans):
            silent.append((start, stop))
    return [
        one
        for one in messages
        if one.topic is not Topic.VEHICLE_DATA or not any(start <= one.at_s < end for start, end in silent)
    ]


def _strayed(
    messages: list[Message], stage: Stage, truth: Truth, faults: Faults, chance: random.Random
) -> list[Message]:
    """Add fixes that lie off while a car stands, and one that is right again before it leaves."""
    added: list[Message] = []
    for rest in truth.parked:
        begin, end = stage.ledger.seconds(rest.start_ns), stage.ledger.seconds(rest.end_ns)
        if end - begin < _LONG_TRIP_S or chance.random() >= faults.stray:
            continue
        place = next(fix.place for fix in truth.track if fix.at_ns >= rest.start_ns)
        awake = [one.at_s for one in messages if begin + 20.0 < one.at_s < end - 200.0]
        if not awake:
            continue
        at_s = chance.choice(awake) + 0.1
        for wrong in [True] * chance.randint(1, 4) + [False]:
            fix = _stray_place(place, chance) if wrong else place
            entry = encode_entry("Location", "location_value", fix, typed=stage.car.typed)
            added.append(Message(at_s, Topic.VEHICLE_DATA, (entry,)))
            at_s += chance.uniform(8.0, 35.0)
    return sorted([*messages, *added], key=lambda one: one.at_s)


def _stray_place(place: Place, chance: random.Random) -> Place:
    """Return a fix that lies 15 to 60 m off."""
    angle, metres = chance.uniform(0.0, math.tau), chance.uniform(15.0, 60.0)
    scale = METRES_PER_DEGREE * math.cos(math.radians(place.latitude))
    north, east = metres * math.cos(angle) / METRES_PER_DEGREE, metres * math.sin(angle) / scale
    return Place(round(place.latitude + north, 6), round(place.longitude + east, 6))


def _kept(messages: Sequence[Message], events: Sequence[float], faults: Faults, chance: random.Random) -> list[Message]:
    """Lose single messages, but none of those that alone tell of something: alerts, and the seconds of harsh events."""
    return [
        one
        for one in messages
        if chance.random() >= faults.loss
        or one.topic is not Topic.VEHICLE_DATA
        or any(abs(one.at_s - at) < _TELLING_S for at in events)
    ]


def _holes(
    stage: Stage, messages: Sequence[Message], faults: Faults, chance: random.Random
) -> list[tuple[float, float]]:
    """Draw the stretches without a network: many short ones, hardly ever one of hours that lasts until days later."""
    end = float(stage.now_s)
    holes = []
    for _ in range(_poisson(faults.dead_zones, chance)):
        start = chance.uniform(0.0, end - 4_000.0)
        holes.append((start, start + min(3_600.0, math.exp(chance.uniform(math.log(20.0), math.log(3_600.0))))))
    if chance.random() < faults.late_hours:
        start = chance.uniform(4 * 3_600.0, end - 3_600.0)
        holes.append((start, start + math.exp(chance.uniform(math.log(3_600.0), math.log(_LONGEST_DELAY_S)))))
    holes = [(start, _bounded(start, stop, messages)) for start, stop in sorted(holes)]
    apart: list[tuple[float, float]] = []
    for start, stop in holes:
        if not apart or start > apart[-1][1] + 120.0:
            apart.append((start, stop))
    return apart


def _bounded(start: float, stop: float, messages: Sequence[Message]) -> float:
    """End a hole before the car would have to forget what it keeps."""
    inside = [one.at_s for one in messages if start <= one.at_s < stop]
    return stop if len(inside) < MOST_KEPT - 100 else inside[MOST_KEPT - 100]


def _opened(stage: Stage, holes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the car's own connections, with a last one for what it would else have kept for ever."""
    opened = [(begin, min(end, float(stage.now_s))) for begin, end in stage.links]
    last = max((stop for _, stop in holes), default=0.0)
    if opened and last >= opened[-1][1]:
        opened.append((last + 1.0, last + _LAST_LINK_S))
    return opened


def _unacknowledged(
    messages: list[Message], links: Sequence[Link], events: Sequence[float], faults: Faults, chance: random.Random
) -> tuple[list[Message], list[Sent]]:
    """Draw windows in which no acknowledgement comes: in some the messages are lost, in all they come again.

    Args:
        messages: of the whole day.
        links: a window lies inside one connection, or nobody would send again.
        events: seconds whose messages are not lost, because they alone tell of a harsh event, or of the last metres
            of a trip.
        faults: how many windows.
        chance: the generator of the faults.
    """
    data = [one for one in messages if one.topic is Topic.VEHICLE_DATA]
    lost: set[int] = set()
    resent: list[Sent] = []
    for _ in range(_poisson(faults.resends, chance) if data else 0):
        start = chance.choice(data).at_s - 0.001
        stop = start + chance.uniform(*_WINDOW_S)
        if not any(link.open_s < start and stop + 1.0 < link.last_s for link in links):
            continue
        window = [one for one in data if start <= one.at_s < stop]
        lossy = chance.random() < _LOST_SHARE and not any(start - _TELLING_S < at < stop + _TELLING_S for at in events)
        if lossy:
            lost.update(id(one) for one in window)
        resent.append(merged(window, stop, stop + 0.3))
    return [one for one in messages if id(one) not in lost], resent


def _doubled(reports: list[Report], faults: Faults, chance: random.Random) -> list[Report]:
    if not faults.duplicate:
        return reports
    doubled: list[Report] = []
    for report in reports:
        doubled.append(report)
        if chance.random() < faults.duplicate:
            doubled.append(report)
    return doubled


def _shuffled(reports: list[Report], faults: Faults, chance: random.Random) -> list[Report]:
    if not faults.reorder:
        return reports
    places = [
        (index + (chance.uniform(1, _FARTHEST) if chance.random() < faults.reorder else 0.0), index)
        for index in range(len(reports))
    ]
    return [reports[index] for _, index in sorted(places)]


def _poisson(mean: float, chance: random.Random) -> int:
    """Draw a count (Knuth's method; means here are small)."""
    count, product, limit = 0, chance.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * chance.random()
    return count
