"""Step 4: the payload becomes readings in metric units."""

from motorcade.consumer.context import Outcome, Work
from motorcade.wire.tesla.decode import decode_vehicle_data


def decode(work: Work) -> Outcome | None:
    """Read the payload.

    Raises:
        Invalid: the payload is not what its topic says.
    """
    work.readings = decode_vehicle_data(work.frame[9])
    return None
