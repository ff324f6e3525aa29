"""Step 5: the readings join the vehicle's state."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.state import merge, tiebreak_of


def state(work: Work) -> Outcome | None:
    """Per field the latest reading wins; an invalid reading clears its own field and nothing else."""
    if work.readings:
        work.changed = merge(work.vehicle.fields, work.frame[8], tiebreak_of(work.record_id), work.readings)
    return None
