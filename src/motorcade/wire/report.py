"""From a record's bytes to what the fold takes: the same for the consumer, the re-fold and the replay."""

from motorcade.domain.episodes.moment import Notice, Report
from motorcade.domain.errors import Invalid
from motorcade.domain.record import Flag, Frame, Topic, raw_record_id
from motorcade.domain.state import Value
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.payload_cut import hashed_bytes
from motorcade.wire.tesla.reports import decode_alerts, decode_connectivity

# Plain numbers: an operation on an enumeration's member costs ten times that on a number, and each record has six.
_VEHICLE_DATA, _ALERTS, _CONNECTIVITY = int(Topic.VEHICLE_DATA), int(Topic.ALERTS), int(Topic.CONNECTIVITY)
_NEVER, _SERVER_MADE = int(Flag.OUTSIDE_CLAIM | Flag.ANCIENT), int(Flag.SERVER_MADE)
TOPICS = frozenset({_VEHICLE_DATA, _ALERTS, _CONNECTIVITY})
"""Topics that say something about the vehicle. Errors and metrics are about its software: archived, not applied."""

Readings = list[tuple[int, Value]]


def enters_fold(frame: Frame) -> bool:
    """Whether a record is one that changes anything; a car's own word about connections is no evidence of ours."""
    topic, flags = frame[4], frame[5]
    return topic in TOPICS and not flags & _NEVER and (topic != _CONNECTIVITY or bool(flags & _SERVER_MADE))


def read_payload(frame: Frame) -> tuple[Readings, tuple[Notice, ...], tuple[str, bool] | None]:
    """A payload's readings in metric units, the car's notices, and the news of a connection.

    Raises:
        Invalid: the payload is not what its topic says.
    """
    topic, payload = frame[4], frame[9]
    if topic == _VEHICLE_DATA:
        return decode_vehicle_data(payload), (), None
    if topic == _ALERTS:
        return [], _notices(payload, frame[8]), None
    return [], (), _connection(payload)


def record_id_of(frame: Frame) -> bytes:
    """A record's id; that of a payload which cannot even be walked is made of all its bytes."""
    topic, payload = frame[4], frame[9]
    try:
        hashed = hashed_bytes(topic, payload)
    except Invalid:
        hashed = payload
    return raw_record_id(frame[1], topic, frame[6], hashed)


def report_of(frame: Frame, record_id: bytes) -> Report | None:
    """The report of an archived record; None where the record changes nothing or cannot be read."""
    if not enters_fold(frame):
        return None
    try:
        readings, notices, connection = read_payload(frame)
    except Invalid:  # a dead letter when it came, and it still is
        return None
    return Report(frame[8], record_id, tuple(readings), notices, connection)


def _notices(payload: bytes, effective_at_ns: int) -> tuple[Notice, ...]:
    return tuple(
        Notice(alert.name, alert.audiences, alert.started_at_ns or effective_at_ns, alert.ended_at_ns)
        for alert in decode_alerts(payload)
    )


def _connection(payload: bytes) -> tuple[str, bool]:
    report = decode_connectivity(payload)
    if report.connected is None:
        raise Invalid("a connectivity report says neither open nor closed")
    return report.connection_id, report.connected
