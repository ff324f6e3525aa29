"""Step 6: the record waits for its turn in the fold that finds trips, charges and all other episodes."""

from motorcade.consumer.context import Outcome, Work
from motorcade.domain.episodes.moment import Report
from motorcade.domain.turns import Place


def episodes(work: Work) -> Outcome | None:
    """Hand the record to the vehicle's turns; one whose turn has passed marks the vehicle for a re-fold.

    Either way its readings have joined the state already.
    """
    report = Report(work.frame[8], work.record_id, tuple(work.readings), work.notices, work.connection)
    memory = work.vehicle.episodes
    place = memory.turns.offer(report)
    if place is Place.KNOWN:
        return None
    work.report, work.late = report, place is Place.MISSED
    if work.late:
        memory.missed(report)
    return None
