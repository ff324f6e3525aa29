"""What happens to a record, in order. Read this first.

A step gets the record (`Work`) and returns the outcome that ends its way, or None to hand it to the next step.
What a vehicle did (trips, charges, alerts) is found later, when the turn of its records has come: `folding.py`.
"""

from collections.abc import Callable

from motorcade.consumer.context import Outcome, Work
from motorcade.consumer.steps.admit import admit
from motorcade.consumer.steps.decode import decode
from motorcade.consumer.steps.dedupe import dedupe
from motorcade.consumer.steps.episodes import episodes
from motorcade.consumer.steps.presence import presence
from motorcade.consumer.steps.state import state

Step = Callable[[Work], Outcome | None]

PIPELINE: tuple[Step, ...] = (
    admit,  # claim and age: what the gateway decided never to apply ends here
    dedupe,  # seen before: ends here; later duplicates are harmless, the state is a join
    decode,  # payload → readings in metric units, the car's notices, or news of a connection
    presence,  # news of a connection: which are open
    state,  # join the readings into the vehicle's fields; what changed is published live
    episodes,  # wait for the turn in the fold of trips, charges, visits, safety events and alerts
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
