"""How a car moves along a way, second by second, and what that costs its battery."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from motorcade.simulator.days.car import Body
from motorcade.simulator.days.ways import Way
from motorcade.simulator.roads.network import Place
from motorcade.simulator.roads.route import BRAKING_MS2

GRAVITY_MS2: Final = 9.81
_ROLLING: Final = 0.009  # coefficient of ordinary tyres on asphalt
_AIR_KG_M3: Final = 1.23
_DRIVE_EFFICIENCY: Final = 0.9
_RECUPERATION: Final = 0.65
_REGEN_MAX_KW: Final = 60.0
_BRAKES_MS2: Final = 3.5  # harder than planned, for the rounding of whole seconds, and still under 0.45 g
_CREEP_MS: Final = 0.8  # keeps the last metres from taking for ever
_CALM_SIDE_MS2: Final = 3.4  # an ordinary driver's most, also where whole seconds round badly
_STANDING_KW: Final = 0.4
_STAMP_S: Final = 2  # seconds of hard braking
_BRISK_MS: Final = 8.0  # below this speed nobody notices how one brakes


@dataclass(slots=True)
class Style:
    """How this drive is driven."""

    pace: float
    """Share of the limit that the driver aims at."""
    pull_ms2: float
    """How hard the driver accelerates."""
    halts: list[tuple[float, float]] = field(default_factory=list)
    """Where the car has to stand and for how many seconds, in order: lights, jams, deliveries out of the window."""
    stamps: list[tuple[float, float]] = field(default_factory=list)
    """Where the driver brakes hard, and with how many m/s²."""
    launches: dict[float, float] = field(default_factory=dict)
    """Halts after which the driver accelerates hard, and with how many m/s²."""
    brisk: dict[int, float] = field(default_factory=dict)
    """Knots whose bends are taken fast, with the sideways acceleration in m/s²."""
    rushes: list[tuple[float, float, float]] = field(default_factory=list)
    """From where to where the driver ignores the limit, and for which speed in m/s."""


def draw_style(way: Way, chance: random.Random, *, harsh: float = 0.1, jams: float = 0.1, rush: float = 0.0) -> Style:
    """Draw a driver's way of driving.

    Args:
        way: where.
        chance: the day's generator.
        harsh: probability of each of the three kinds of harsh events.
        jams: probability of standing in a jam for two to four and a half minutes.
        rush: probability of speeding for a few minutes.
    """
    style = Style(chance.uniform(0.88, 1.03), chance.uniform(1.2, 2.2))
    length = way.length_m
    inner = [at for at in way.at_m[1:-1] if 150.0 < at < length - 150.0]
    lights = min(len(inner), int(length / 1_500.0 * chance.uniform(0.3, 1.0)) if length < 40_000 else 3)
    halts = {at: chance.uniform(8.0, 55.0) for at in chance.sample(inner, lights)}
    if inner and chance.random() < jams:
        halts[chance.choice(inner)] = chance.uniform(125.0, 235.0)
    style.halts = sorted(halts.items())
    if inner and chance.random() < harsh:
        style.stamps = [(chance.choice(inner), GRAVITY_MS2 * chance.uniform(0.5, 0.8))]
    if halts and chance.random() < harsh:
        style.launches = {chance.choice(list(halts)): GRAVITY_MS2 * chance.uniform(0.43, 0.55)}
    bends = [knot for knot, bend in enumerate(way.bends) if abs(bend.turn_rad) > 0.6 and bend.reach_m > 18.0]
    if bends and chance.random() < harsh:
        style.brisk = {chance.choice(bends): GRAVITY_MS2 * chance.uniform(0.46, 0.6)}
    if length > 20_000 and chance.random() < rush:
        begin = chance.uniform(0.2, 0.6) * length
        style.rushes = [(begin, begin + chance.uniform(5_000.0, 9_000.0), chance.uniform(146.0, 165.0) / 3.6)]
    return style


def steps(body: Body, way: Way, style: Style, climate_kw: float) -> Iterator[float]:
    """Drive the way; yields after each second with the metres moved in it, and ends in the moment of standstill."""
    at_m, limits, length = way.at_m, _limits(way, style), way.length_m
    caps, halts, stamps = way.caps_ms(limits, style.brisk), list(style.halts), list(style.stamps)
    along, knot, last, swing, launch, stamping = 0.0, 0, len(at_m) - 2, 0.0, 0.0, 0
    while length - along > 0.5:
        swing += 0.11  # one swing a minute: nobody holds a speed exactly
        speed = body.speed_ms
        wish = limits[knot] * style.pace * (1.0 + 0.03 * math.sin(swing))
        wish = min(wish, math.sqrt(caps[knot + 1] ** 2 + 2 * BRAKING_MS2 * max(0.0, at_m[knot + 1] - along)))
        if halts:
            rest = halts[0][0] - along
            if rest < 1.0:
                yield from _stand(body, halts[0][1], climate_kw)
                launch = style.launches.get(halts.pop(0)[0], 0.0)
                continue
            wish = min(wish, math.sqrt(2 * BRAKING_MS2 * rest))
        change = max(-_BRAKES_MS2, min(style.pull_ms2 * max(0.25, 1.0 - speed / 40.0), wish - speed))
        if launch:
            change = launch if wish > speed + launch else change
            launch = launch if wish > speed + 2 * launch else 0.0
        if stamps and not stamping and along >= stamps[0][0] and speed > _BRISK_MS:
            stamping = _STAMP_S
        if stamping:
            change, stamping = -stamps[0][1], stamping - 1
            if not stamping:
                stamps.pop(0)
        body.speed_ms = max(_CREEP_MS, speed + change)
        body.acceleration_ms2 = body.speed_ms - speed
        moved = min(body.speed_ms, length - along)
        if halts:
            moved = min(moved, max(0.1, halts[0][0] - along))
        along += moved
        body.odometer_m += moved
        _drain(body, climate_kw)
        while knot < last and along >= at_m[knot + 1]:
            knot += 1
        _publish(body, way, knot, along, style)
        yield moved
    body.speed_ms = body.acceleration_ms2 = body.lateral_ms2 = 0.0


def _limits(way: Way, style: Style) -> list[float]:
    limits = way.limits_ms
    for begin, end, speed in style.rushes:
        limits = [
            speed / style.pace if begin <= at < end else limit for at, limit in zip(way.at_m, limits, strict=True)
        ]
    return limits


def _stand(body: Body, seconds: float, climate_kw: float) -> Iterator[float]:
    body.speed_ms = body.acceleration_ms2 = body.lateral_ms2 = 0.0
    for _ in range(max(1, round(seconds))):
        body.draw(_STANDING_KW + climate_kw, 1.0)
        yield 0.0


def _drain(body: Body, climate_kw: float) -> None:
    model, speed = body.model, body.speed_ms
    force = model.mass_kg * (body.acceleration_ms2 + GRAVITY_MS2 * _ROLLING)
    force += 0.5 * _AIR_KG_M3 * model.drag_area_m2 * speed * speed
    wheels_kw = force * speed / 1_000.0
    drive_kw = wheels_kw / _DRIVE_EFFICIENCY if wheels_kw > 0 else wheels_kw * _RECUPERATION
    used = body.draw(max(drive_kw, -_REGEN_MAX_KW) + _STANDING_KW + climate_kw, 1.0)
    if used > 0:
        body.lifetime_used_kwh += used


def _publish(body: Body, way: Way, knot: int, along: float, style: Style) -> None:
    """Write place, heading and sideways force into the body."""
    at_m, places = way.at_m, way.places
    start, end = places[knot], places[knot + 1]
    share = (along - at_m[knot]) / (at_m[knot + 1] - at_m[knot])
    body.place = Place(
        start.latitude + (end.latitude - start.latitude) * share,
        start.longitude + (end.longitude - start.longitude) * share,
    )
    nearer = knot if share < 0.5 else knot + 1
    bend = way.bends[nearer]
    offset = along - at_m[nearer]
    heading, side = way.headings_deg[knot], 0.0
    if abs(offset) < bend.reach_m / 2 and bend.turn_rad:
        before = way.headings_deg[nearer - 1] if nearer else heading
        heading = (before + math.degrees(bend.turn_rad) * (0.5 + offset / bend.reach_m)) % 360.0
        side = body.speed_ms**2 * bend.turn_rad / bend.reach_m
        most = style.brisk.get(nearer, _CALM_SIDE_MS2)
        side = max(-most, min(most, side))
    body.heading_deg, body.lateral_ms2 = heading, side
