"""The bytes of a live stream: snapshots, changes, resets, signals and beats as server-sent events.

Everything is given as an iterable of pieces. Nearly always that is one shared frame; a large one comes in pieces of
`PART_VEHICLES`, between which the writer lets others work.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from motorcade.api import render
from motorcade.api.fleet import Entry, OrgFleet
from motorcade.api.live_clients import BEAT_S, Client
from motorcade.domain.record import NS_PER_S
from motorcade.ports.clock import Clock

PART_VEHICLES: Final = 200
"""Vehicles rendered without a pause: about 2 ms, so that large snapshots do not stop everyone else."""
BEAT: Final = b": beat\n\n"
RESUMED: Final = b": resumed\n\n"


def first(clock: Clock, client: Client, resume: tuple[str, int] | None) -> Iterable[bytes]:
    """The beginning of a stream.

    Args:
        clock: for the time of the frame.
        client: an admitted stream.
        resume: epoch and number of the last event that the browser has seen; ("", 0) where it sent another text.
    """
    org = client.org
    if resume is None:
        return _snapshot(clock, client)
    if resume[0] == org.epoch and org.reset_n <= resume[1] <= org.n:
        client.n = resume[1]
        return (RESUMED,)
    return _start_over(clock, client, b"unknown_event_id")


def news(clock: Clock, client: Client) -> Iterable[bytes]:
    """What the client has not seen yet; a beat where that is nothing and it has been so for long."""
    org, opened = client.org, client.opened
    fleet: Iterable[bytes] = ()
    if client.n < org.reset_n:
        fleet = _start_over(clock, client, b"fleet_changed")
    elif client.n != org.n:
        fleet = _changes(clock, client)
    if opened is not None and opened.n != client.opened_n:
        return chain(fleet, (_signals(clock, client),))
    if fleet or clock.monotonic_ns() - client.written_ns < BEAT_S * NS_PER_S:
        return fleet
    return (BEAT,)


def _changes(clock: Clock, client: Client) -> Iterable[bytes]:
    org, since = client.org, client.n
    client.n = org.n
    frame = org.frame(since)
    if frame is not None:
        return (frame,)
    entries = org.since(since)
    pieces = _vehicles(clock, b"change", org, entries)
    if len(entries) > PART_VEHICLES:
        return pieces
    frame = b"".join(pieces)
    org.keep_frame(since, frame)
    return (frame,)


def _snapshot(clock: Clock, client: Client) -> Iterable[bytes]:
    client.n = client.org.n
    return _vehicles(clock, b"snapshot", client.org, list(client.org.entries.values()))


def _start_over(clock: Clock, client: Client, reason: bytes) -> Iterable[bytes]:
    return chain((b'event: reset\ndata: {"reason":"%b"}\n\n' % reason,), _snapshot(clock, client))


def _vehicles(clock: Clock, event: bytes, org: OrgFleet, entries: list[Entry]) -> Iterator[bytes]:
    """An event of vehicles in pieces.

    The number is that of now, before the first piece: a vehicle that changes while the pieces are made is newer in
    here than the number says, and comes once more with the next change.
    """
    head = b'event: %b\nid: %b.%d\ndata: {"vehicles":[' % (event, org.epoch.encode(), org.n)
    return _pieces(clock, head, entries)


def _pieces(clock: Clock, head: bytes, entries: list[Entry]) -> Iterator[bytes]:
    yield head
    for start in range(0, len(entries), PART_VEHICLES):
        part = b",".join([entry.document() for entry in entries[start : start + PART_VEHICLES]])
        yield b"," + part if start else part
    yield b'],"at":"%b"}\n\n' % render.time_text(clock.now_ns()).encode()


def _signals(clock: Clock, client: Client) -> bytes:
    """The opened vehicle's signals that differ from what this client was sent; at first all."""
    opened = client.opened
    assert opened is not None
    client.opened_n = opened.n
    fresh = {number: cell for number, cell in opened.fields.items() if client.sent.get(number) != cell}
    client.sent.update(fresh)
    listed = render.encode(render.signals(fresh, clock.now_ns()))
    return b'event: signals\ndata: {"vehicle_id":"%b","signals":%b}\n\n' % (opened.vehicle_id.encode(), listed)
