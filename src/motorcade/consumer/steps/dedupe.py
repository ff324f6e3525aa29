"""Step 2: a record that the vehicle's ring remembers ends here."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.record import raw_record_id
from motorcade.wire.tesla.payload_cut import hashed_bytes


def dedupe(work: Work) -> Outcome | None:
    """Give the record its id and end it when the id is among the vehicle's last ones.

    "Older than the watermark" is never by itself a reason to drop: late reports join the state like any other.
    """
    _, vehicle_id, _, _, topic, _, observed, _, effective, payload = work.frame
    record_id = raw_record_id(vehicle_id, topic, observed, hashed_bytes(topic, payload))
    vehicle = work.vehicle
    if vehicle.ring.meets(record_id):
        return Outcome.DUPLICATE
    vehicle.watermark_ns = max(vehicle.watermark_ns, effective)
    work.record_id = record_id
    return None
