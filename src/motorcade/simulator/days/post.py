"""From a car's messages to the stream: connections, acknowledgements, clocks, and the gateway's decisions."""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from tesla_protocol.telemetry import vehicle_alert_pb2 as alerts_pb

from motorcade.domain.record import Flag, Frame, Topic, effective_time, time_flags
from motorcade.simulator.days.car import DayCar
from motorcade.simulator.days.collector import Message
from motorcade.simulator.days.faults import Faults
from motorcade.wire.tesla.entries import Entry, payload
from motorcade.wire.tesla.reports import encode_connectivity

MOST_KEPT: Final = 5_000  # messages that a car keeps without a network
_BURST_S: Final = 0.005  # between two messages of a backlog
_NOTICE_S: Final = (20.0, 60.0)  # until the gateway notices that a car has gone without a word
_NS: Final = 1_000_000_000


class Report(NamedTuple):
    """One record as the gateway appends it; times are ns since 1970."""

    topic: Topic
    observed_at_ns: int
    received_at_ns: int
    effective_at_ns: int
    flags: Flag
    connection_id: bytes
    """8 bytes."""
    sequence: int
    payload: bytes
    """Without a VIN, as the gateway stores it."""

    def frame(self, org: bytes, vehicle: bytes) -> Frame:
        """Return it as a record's bare tuple; both ids have 16 bytes."""
        return (
            org,
            vehicle,
            self.connection_id,
            self.sequence,
            int(self.topic),
            int(self.flags),
            self.observed_at_ns,
            self.received_at_ns,
            self.effective_at_ns,
            self.payload,
        )


class Sent(NamedTuple):
    """A message on its way."""

    at_s: float
    """Arrival, in seconds after the day's begin."""
    created_s: float
    """True time of its making."""
    topic: Topic
    entries: tuple[Entry, ...]
    alert: tuple[str, float, float | None] | None
    resend: bool = False


class Link(NamedTuple):
    """One connection: open from, and until the gateway says so."""

    open_s: float
    last_s: float
    """The car's last word."""
    close_s: float


class CarClock:
    """How far a car's clock is off at a moment."""

    def __init__(self, faults: Faults, wakings: Iterable[float], chance: random.Random) -> None:
        """Draw the day's errors: a constant one, and leaps after some wakings that are corrected later."""
        self._skew_s = chance.uniform(-faults.skew_s, faults.skew_s)
        self._leaps: list[tuple[float, float, float]] = []
        for waking in wakings:
            if chance.random() < faults.jump:
                corrected = waking + chance.uniform(60.0, 900.0)
                self._leaps.append((waking, corrected, chance.uniform(0.3, 1.0) * faults.jump_s))

    def error_s(self, at_s: float) -> float:
        """Return by how much the clock is fast."""
        for begin, end, lead in self._leaps:
            if begin - 1.0 <= at_s < end:
                return max(self._skew_s, lead)
        return self._skew_s


class Gateway:
    """What the gateway decides about each record: the rules of `domain.record`, with a lead for each connection."""

    def __init__(self, begin_ns: int, clock: CarClock, car: DayCar, chance: random.Random) -> None:
        """Start without a connection."""
        self.reports: list[Report] = []
        self._begin_ns, self._clock, self._car, self._chance = begin_ns, clock, car, chance
        self._id, self._sequence, self._last_ns, self._lead_ns = b"", 0, 0, 0

    def carry(self, link: Link, messages: Iterable[Sent], faults: Faults) -> None:
        """Take one connection's messages, which are in order of arrival, between its opening and its end."""
        self._id, self._sequence, self._last_ns, self._lead_ns = self._chance.randbytes(8), 0, 0, 0
        self._connectivity(link.open_s, open_=True)
        for message in messages:
            self._take(message, _payload(message, self._car_ns))
            if len(message.entries) > 1 and self._chance.random() < faults.reencoded:
                again = message._replace(at_s=message.at_s + 0.2, entries=message.entries[::-1])
                self._take(again, _payload(again, self._car_ns))
        self._connectivity(link.close_s, open_=False)

    def _car_ns(self, at_s: float) -> int:
        return self._begin_ns + round((at_s + self._clock.error_s(at_s)) * 1e9)

    def _stamp(self, at_s: float) -> int:
        """Return our time of arrival, which never goes back or stands still on a connection."""
        self._last_ns = max(self._last_ns + 1, self._begin_ns + round(at_s * 1e9))
        return self._last_ns

    def _take(self, message: Sent, body: bytes) -> None:
        received, observed = self._stamp(message.at_s), self._car_ns(message.created_s)
        effective = effective_time(observed, received, resend=message.resend, lead_ns=self._lead_ns)
        flags = time_flags(observed, received)
        if message.resend:
            flags |= Flag.RESEND
        else:
            self._lead_ns = max(0, observed - received)
        self._append(message.topic, (observed, received, effective), flags, body)

    def _connectivity(self, at_s: float, *, open_: bool) -> None:
        at_ns = self._stamp(at_s)
        body = encode_connectivity(self._id.hex(), open_, at_ns, self._car.network)
        self._append(Topic.CONNECTIVITY, (at_ns, at_ns, at_ns), Flag.SERVER_MADE, body)

    def _append(self, topic: Topic, times: tuple[int, int, int], flags: Flag, body: bytes) -> None:
        self.reports.append(Report(topic, *times, flags, self._id, self._sequence, body))
        self._sequence += 1


def merged(messages: Sequence[Message], at_s: float, arrival_s: float) -> Sent:
    """Merge messages whose acknowledgement did not come: the newest value of each field, under the present time."""
    newest: dict[int, Entry] = {}
    for message in messages:
        for entry in message.entries:
            newest.pop(entry[0], None)
            newest[entry[0]] = entry
    return Sent(arrival_s, at_s, Topic.VEHICLE_DATA, tuple(newest.values()), None, resend=True)


def links_of(
    open_times: Sequence[Sequence[float]], holes: Sequence[tuple[float, float]], chance: random.Random
) -> list[Link]:
    """Cut a car's connections at the stretches without a network."""
    links: list[Link] = []
    for begin, end in open_times:
        at = begin
        for hole_begin, hole_end in holes:
            if hole_end <= at or hole_begin >= end:
                continue
            if hole_begin > at:
                links.append(Link(at, hole_begin, hole_begin + chance.uniform(*_NOTICE_S)))
            at = hole_end
        if at < end:
            links.append(Link(at, end, end + 0.05))
    return links


def arrivals(messages: Sequence[Message], links: Sequence[Link], chance: random.Random) -> list[list[Sent]]:
    """Give each message its connection and its time of arrival; what a car kept leaves when it connects again.

    What is still kept when the last connection ends never arrives: the caller sees to it that there is a later one.
    """
    starts = [link.open_s for link in links]
    carried: list[list[Sent]] = [[] for _ in links]
    free_s = [link.open_s + 0.3 for link in links]
    for message in messages:
        index = bisect_right(starts, message.at_s) - 1
        if index >= 0 and message.at_s <= links[index].last_s:
            at_s = max(message.at_s + chance.uniform(0.06, 0.4), free_s[index])
        else:
            index += 1
            if index >= len(links):
                break
            at_s = free_s[index]
        free_s[index] = at_s + _BURST_S
        carried[index].append(Sent(at_s, message.at_s, message.topic, message.entries, message.alert))
    return carried


def _payload(message: Sent, car_ns: Callable[[float], int]) -> bytes:
    created_ns = car_ns(message.created_s)
    if message.alert is None:
        return payload((data for _, data in message.entries), created_ns, "", resend=message.resend)
    name, start_s, end_s = message.alert
    alert = alerts_pb.VehicleAlert(name=name, audiences=[alerts_pb.Audience.Customer])
    start_ns = car_ns(start_s)
    alert.started_at.seconds, alert.started_at.nanos = divmod(start_ns, _NS)
    if end_s is not None:
        alert.ended_at.seconds, alert.ended_at.nanos = divmod(car_ns(end_s), _NS)
    whole = alerts_pb.VehicleAlerts(alerts=[alert])
    whole.created_at.seconds, whole.created_at.nanos = divmod(created_ns, _NS)
    return whole.SerializeToString()
