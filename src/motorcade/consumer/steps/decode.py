"""Step 3: the payload becomes readings in metric units, the car's notices, or news of a connection."""

from motorcade.consumer.context import Outcome, Work
from motorcade.wire.report import read_payload


def decode(work: Work) -> Outcome | None:
    """Read the payload.

    Raises:
        Invalid: the payload is not what its topic says.
    """
    work.readings, work.notices, work.connection = read_payload(work.frame)
    return None
