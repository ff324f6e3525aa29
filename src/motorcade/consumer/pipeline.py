"""What happens to a record, in order. Read this first.

A step gets the record (`Work`) and returns the outcome that ends its way, or None to hand it to the next step.
Episodes (trips, charges, alerts) will stand between state and live.
"""

from collections.abc import Callable

from motorcade.consumer.context import Outcome, Work
from motorcade.consumer.steps.admit import admit
from motorcade.consumer.steps.decode import decode
from motorcade.consumer.steps.dedupe import dedupe
from motorcade.consumer.steps.presence import presence
from motorcade.consumer.steps.state import state

Step = Callable[[Work], Outcome | None]

PIPELINE: tuple[Step, ...] = (
    admit,  # claim and age: what the gateway decided never to apply ends here
    dedupe,  # seen before: ends here; later duplicates are harmless, the state is a join
    presence,  # connectivity reports: which connections are open
    decode,  # payload → readings in metric units
    state,  # join the readings into the vehicle's fields; what changed is published live
)


def run(work: Work) -> Outcome:
    """Send one record through the steps.

    Raises:
        Invalid: a step cannot read the record; the loop sets it aside as a dead letter.
    """
    for step in PIPELINE:
        outcome = step(work)
        if outcome is not None:
            return outcome
    return Outcome.APPLIED
