"""Keeps the truth of a day while it happens, second by second, and puts it into lists at the end."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from motorcade.simulator.days.car import Body
from motorcade.simulator.days.motion import GRAVITY_MS2
from motorcade.simulator.days.truth import (
    PAUSE_NS,
    CarAlert,
    Charge,
    Fix,
    Harsh,
    HarshKind,
    Idling,
    Leak,
    Parked,
    Pause,
    Trip,
    Truth,
    Unbelted,
)
from motorcade.simulator.roads.network import Place

HARSH_G: Final[dict[HarshKind, float]] = {"braking": 0.45, "acceleration": 0.40, "cornering": 0.40}
LEAST_IDLE_S: Final = 120
_LEAST_PAUSE_NS: Final = 10 * 1_000_000_000


class _Snapshot(NamedTuple):
    at_ns: int
    energy_kwh: float
    soc_pct: float
    odometer_m: float
    place: Place
    gear: str


class _Move(NamedTuple):
    """Movement without any standstill."""

    ready: _Snapshot
    """Just before, or at the shift into a driving gear that led to it."""
    start_ns: int
    end: _Snapshot
    top_kmh: float


class Ledger:
    """Everything that is true of one day."""

    def __init__(self, begin_ns: int) -> None:
        """Start empty; seconds of the day count from ``begin_ns``."""
        self._begin_ns = begin_ns
        self._moves: list[_Move] = []
        self._ready: _Snapshot | None = None
        self._start_ns: int | None = None
        self._top_ms = 0.0
        self._harsh: list[Harsh] = []
        self._runs: dict[HarshKind, list[tuple[int, float]]] = {}
        self._parked: list[Parked] = []
        self._rest: tuple[_Snapshot, bool] | None = None
        self._causes: dict[str, float] = {}
        self._idle_s: int | None = None
        self.charges: list[Charge] = []
        self.idlings: list[Idling] = []
        self.unbelted: list[Unbelted] = []
        self.leak: Leak | None = None
        self.alerts: list[CarAlert] = []
        self.asleep: list[tuple[int, int]] = []
        self.track: list[Fix] = []

    def ns(self, at_s: float) -> int:
        """Return a second of the day as nanoseconds since 1970."""
        return self._begin_ns + round(at_s * 1e9)

    def seconds(self, at_ns: int) -> float:
        """Return nanoseconds since 1970 as a second of the day."""
        return (at_ns - self._begin_ns) / 1e9

    def _snapshot(self, now_s: int, body: Body) -> _Snapshot:
        gear = body.gear or "P"
        return _Snapshot(self.ns(now_s), body.energy_kwh, body.soc_pct, body.odometer_m, body.place, gear)

    # -- driving --------------------------------------------------------------------------------------------------

    def ready(self, now_s: int, body: Body) -> None:
        """Note the shift into a driving gear."""
        self._ready = self._snapshot(now_s, body)
        self._fix(now_s, body)

    def second(self, now_s: int, body: Body, moved_m: float) -> None:
        """Note one second of a drive, which ends at ``now_s``; a second without movement is a standstill."""
        if moved_m <= 0:
            self.halt(now_s - 1, body)
            self._ready = self._snapshot(now_s, body)
            return
        if self._start_ns is None:
            self._start_ns, self._top_ms = self.ns(now_s - 1), 0.0
            self._no_idling(now_s - 1, body.place)
        self._top_ms = max(self._top_ms, body.speed_ms)
        self._fix(now_s, body)
        self._force("braking", now_s, -body.acceleration_ms2)
        self._force("acceleration", now_s, body.acceleration_ms2)
        self._force("cornering", now_s, abs(body.lateral_ms2))

    def halt(self, now_s: int, body: Body) -> None:
        """Note that the car stands since ``now_s``."""
        if self._start_ns is None:
            return
        assert self._ready is not None, "a drive begins with a gear"
        for kind in HARSH_G:
            self._force(kind, now_s + 1, 0.0)
        self.idle(now_s, body)
        self._moves.append(_Move(self._ready, self._start_ns, self._snapshot(now_s, body), self._top_ms * 3.6))
        self._start_ns = None

    def _fix(self, now_s: int, body: Body) -> None:
        self.track.append(Fix(self.ns(now_s), body.place, body.speed_ms * 3.6))

    def _force(self, kind: HarshKind, now_s: int, value_ms2: float) -> None:
        value_g = value_ms2 / GRAVITY_MS2
        run = self._runs.get(kind)
        if value_g >= HARSH_G[kind]:
            self._runs.setdefault(kind, []).append((now_s, value_g))
        elif run:
            peak_s, peak_g = max(run, key=lambda second: second[1])
            first, last = self.ns(run[0][0] - 1), self.ns(run[-1][0])
            self._harsh.append(Harsh(kind, first, last, self.ns(peak_s), peak_g))
            del self._runs[kind]

    # -- standing -------------------------------------------------------------------------------------------------

    def park(self, now_s: int, body: Body) -> None:
        """Note the begin of an interval without movement and without charging; ends the one before."""
        self.unpark(now_s, body)
        self._rest = self._snapshot(now_s, body), body.plugged is not None
        self._fix(now_s, body)

    def drain(self, cause: str, energy_kwh: float) -> None:
        """Note energy that a standing car used for ``sentry``, ``cabin``, ``climate`` or ``other``."""
        self._causes[cause] = self._causes.get(cause, 0.0) + energy_kwh

    def unpark(self, now_s: int, body: Body) -> None:
        """Note the end of such an interval."""
        if self._rest is not None and self._rest[0].at_ns < self.ns(now_s):
            begin, plugged = self._rest
            end = self._snapshot(now_s, body)
            spent = self._causes
            self._parked.append(
                Parked(
                    start_ns=begin.at_ns,
                    end_ns=end.at_ns,
                    soc_start_pct=begin.soc_pct,
                    soc_end_pct=end.soc_pct,
                    sentry_kwh=spent.get("sentry", 0.0),
                    cabin_kwh=spent.get("cabin", 0.0),
                    climate_kwh=spent.get("climate", 0.0),
                    other_kwh=spent.get("other", 0.0),
                    plugged=plugged,
                )
            )
        self._rest = None
        self._causes.clear()

    def idle(self, now_s: int, body: Body) -> None:
        """Look whether the standing car idles: in gear, or ready to drive."""
        if not (body.in_gear or body.ready):
            self._no_idling(now_s, body.place)
        elif self._idle_s is None:
            self._idle_s = now_s

    def _no_idling(self, now_s: int, place: Place) -> None:
        if self._idle_s is not None and now_s - self._idle_s >= LEAST_IDLE_S:
            self.idlings.append(Idling(self.ns(self._idle_s), self.ns(now_s), place))
        self._idle_s = None

    # -- the end --------------------------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """Return the day."""
        trips = _trips(self._moves)
        return Truth(
            trips=tuple(trip for trip in trips if not trip.is_manoeuvre),
            manoeuvres=tuple(trip for trip in trips if trip.is_manoeuvre),
            charges=tuple(self.charges),
            parked=tuple(self._parked),
            idlings=tuple(self.idlings),
            harsh=tuple(sorted(self._harsh, key=lambda event: event.start_ns)),
            unbelted=tuple(self.unbelted),
            leak=self.leak,
            alerts=tuple(self.alerts),
            asleep=tuple(self.asleep),
            track=tuple(self.track),
        )


def _trips(moves: Sequence[_Move]) -> list[Trip]:
    groups: list[list[_Move]] = []
    for move in moves:
        if groups and move.start_ns - groups[-1][-1].end.at_ns < PAUSE_NS:
            groups[-1].append(move)
        else:
            groups.append([move])
    return [_trip(group) for group in groups]


def _trip(moves: Sequence[_Move]) -> Trip:
    begin, end = moves[0].ready, moves[-1].end
    pauses = (
        Pause(before.end.at_ns, after.start_ns, before.end.place, after.ready.gear)
        for before, after in pairwise(moves)
        if after.start_ns - before.end.at_ns >= _LEAST_PAUSE_NS
    )
    return Trip(
        start_ns=begin.at_ns,
        end_ns=end.at_ns,
        distance_m=end.odometer_m - begin.odometer_m,
        energy_kwh=begin.energy_kwh - end.energy_kwh,
        soc_start_pct=begin.soc_pct,
        soc_end_pct=end.soc_pct,
        odometer_start_m=begin.odometer_m,
        odometer_end_m=end.odometer_m,
        top_speed_kmh=max(move.top_kmh for move in moves),
        start_place=begin.place,
        end_place=end.place,
        pauses=tuple(pauses),
    )
