"""Step 3: the payload becomes readings in metric units, the car's notices, or news of a connection."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.episodes.moment import Notice
from motorcade.domain.errors import Invalid
from motorcade.domain.record import Topic
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.reports import decode_alerts, decode_connectivity

_VEHICLE_DATA, _ALERTS = int(Topic.VEHICLE_DATA), int(Topic.ALERTS)  # a plain number is faster than a member


def decode(work: Work) -> Outcome | None:
    """Read the payload.

    Raises:
        Invalid: the payload is not what its topic says.
    """
    topic, payload = work.frame[4], work.frame[9]
    if topic == _VEHICLE_DATA:
        work.readings = decode_vehicle_data(payload)
    elif topic == _ALERTS:
        work.notices = _notices(payload, work.frame[8])
    else:
        work.connection = _connection(payload)
    return None


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
