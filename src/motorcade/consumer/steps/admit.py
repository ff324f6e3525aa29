"""Step 1: reports that the gateway decided never to apply end here."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.record import Flag, Topic

# Plain numbers: an operation on an enumeration's member costs ten times that on a number, and each record has six.
_VEHICLE_DATA, _CONNECTIVITY = int(Topic.VEHICLE_DATA), int(Topic.CONNECTIVITY)
_OUTSIDE_CLAIM, _ANCIENT, _SERVER_MADE = int(Flag.OUTSIDE_CLAIM), int(Flag.ANCIENT), int(Flag.SERVER_MADE)
_RESEND, _FUTURE = int(Flag.RESEND), int(Flag.FUTURE)
APPLIED_TOPICS = frozenset({_VEHICLE_DATA, int(Topic.ALERTS), _CONNECTIVITY})
"""Topics that say something about the vehicle. Errors and metrics are about its software: archived, not applied."""


def admit(work: Work) -> Outcome | None:
    """Outside its claim, too old, or of a topic that changes no state: counted, not applied."""
    _, _, _, _, topic, flags, _, received, _, _ = work.frame
    if flags & _OUTSIDE_CLAIM:
        return Outcome.OUTSIDE_CLAIM
    vehicle = work.vehicle
    vehicle.last_seen_ns = max(vehicle.last_seen_ns, received)
    if flags & _ANCIENT:
        return Outcome.LATE
    if topic not in APPLIED_TOPICS:
        return Outcome.FILTERED
    if topic == _CONNECTIVITY and not flags & _SERVER_MADE:
        return Outcome.FILTERED  # a car's own word about connections is no evidence of ours
    if not flags & _RESEND and topic == _VEHICLE_DATA:
        vehicle.clock_suspect = flags & _FUTURE != 0
    return None
