"""Step 1: reports that the gateway decided never to apply end here."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.record import Flag, Topic
from motorcade.wire.report import enters_fold

# Plain numbers: an operation on an enumeration's member costs ten times that on a number, and each record has six.
_VEHICLE_DATA = int(Topic.VEHICLE_DATA)
_OUTSIDE_CLAIM, _ANCIENT = int(Flag.OUTSIDE_CLAIM), int(Flag.ANCIENT)
_RESEND, _FUTURE = int(Flag.RESEND), int(Flag.FUTURE)


def admit(work: Work) -> Outcome | None:
    """Outside its claim, too old, or of a topic that changes no state: counted, not applied."""
    _, _, _, _, topic, flags, _, received, _, _ = work.frame
    if flags & _OUTSIDE_CLAIM:
        return Outcome.OUTSIDE_CLAIM
    vehicle = work.vehicle
    vehicle.last_seen_ns = max(vehicle.last_seen_ns, received)
    if flags & _ANCIENT:
        return Outcome.LATE
    if not enters_fold(work.frame):
        return Outcome.FILTERED
    if not flags & _RESEND and topic == _VEHICLE_DATA:
        vehicle.clock_suspect = flags & _FUTURE != 0
    return None
