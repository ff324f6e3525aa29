"""Step 3: connectivity reports of our own gateway open and close connections."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.errors import Invalid
from motorcade.domain.record import Topic
from motorcade.wire.tesla.reports import decode_connectivity

_CONNECTIVITY = int(Topic.CONNECTIVITY)  # a plain number is faster than an enumeration's member


def presence(work: Work) -> Outcome | None:
    """Apply a connectivity report; anything else goes on.

    Raises:
        Invalid: the report says neither open nor closed.
    """
    if work.frame[4] != _CONNECTIVITY:
        return None
    report = decode_connectivity(work.frame[9])
    if report.connected is None:
        raise Invalid("a connectivity report says neither open nor closed")
    connections, at_ns = work.vehicle.connections, work.frame[8]
    change = connections.opened if report.connected else connections.close
    work.changed = change(report.connection_id, at_ns)
    return Outcome.APPLIED
