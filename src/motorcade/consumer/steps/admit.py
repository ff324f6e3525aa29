"""Step 1: reports that the gateway decided never to apply end here."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.record import Flag, Topic

APPLIED_TOPICS = frozenset({Topic.VEHICLE_DATA, Topic.CONNECTIVITY})
"""Topics that change state today. Alerts, errors and metrics stay in the stream for the rooms that come later."""


def admit(work: Work) -> Outcome | None:
    """Outside its claim, too old, or of a topic that changes no state: counted, not applied."""
    topic, flags = work.frame[4], work.frame[5]
    if flags & Flag.OUTSIDE_CLAIM:
        return Outcome.OUTSIDE_CLAIM
    vehicle = work.vehicle
    vehicle.last_seen_ns = max(vehicle.last_seen_ns, work.frame[7])
    if flags & Flag.ANCIENT:
        return Outcome.LATE
    if topic not in APPLIED_TOPICS:
        return Outcome.FILTERED
    if topic == Topic.CONNECTIVITY and not flags & Flag.SERVER_MADE:
        return Outcome.FILTERED  # a car's own word about connections is no evidence of ours
    if not flags & Flag.RESEND and topic == Topic.VEHICLE_DATA:
        vehicle.clock_suspect = bool(flags & Flag.FUTURE)
    return None
