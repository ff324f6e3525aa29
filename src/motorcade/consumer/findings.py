"""What a vehicle's fold yielded, handed over to the commit; and re-folds that the worker has laid ready, installed."""

from dataclasses import replace

from motorcade.consumer.context import VehicleMemory
from motorcade.consumer.episode_memory import successors
from motorcade.consumer.telling import tell_refolded
from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.turns import turn_of
from motorcade.ports.store import Write
from motorcade.ports.stream import Position
from motorcade.repositories.episodes import Withdrawal
from motorcade.repositories.findings import FOLD_STATE_KEPT_S, Finding, quiet_delete, quiet_put
from motorcade.repositories.refolds import RefoldResult, mark_put, taken
from motorcade.wire.fold_state import decode_fold, encode_fold

NS_PER_S = 1_000_000_000


def has_finding(vehicle: VehicleMemory) -> bool:
    """Whether there is something to be committed of a vehicle's episodes, beside where its fold is."""
    episodes = vehicle.episodes
    found = episodes.rows or episodes.withdrawals or episodes.quiet or episodes.outbox or episodes.also
    return bool(found) or episodes.dirty != episodes.told


def take_finding(vehicle: VehicleMemory, position: Position) -> Finding | None:
    """Take out what is to be committed of a vehicle's episodes, None where there is nothing.

    Args:
        vehicle: whose.
        position: the entry of the stream for which the commit stands.
    """
    episodes = vehicle.episodes
    also: list[Write] = episodes.also
    if episodes.dirty is not None and episodes.dirty != episodes.told:
        episodes.told = episodes.dirty
        also = [*also, mark_put(vehicle.key, replace(episodes.dirty, position=position))]
    if not (episodes.rows or episodes.withdrawals or episodes.quiet or episodes.outbox or also):
        return None
    finding = Finding(
        key=vehicle.key,
        rows=tuple(episodes.rows.values()),
        quiet=episodes.quiet,
        outbox=tuple(episodes.outbox),
        withdrawals=tuple(one for one in episodes.withdrawals if (one.kind, one.id) not in episodes.rows),
        also=also,
    )
    episodes.rows, episodes.withdrawals, episodes.quiet, episodes.also, episodes.outbox = {}, [], None, [], []
    return finding


def install(vehicle: VehicleMemory, result: RefoldResult, timeline: RuleTimeline, horizon_ns: int) -> bool:
    """Take over what a re-fold found, to be committed with the vehicle.

    Returns:
        Whether it was still worth anything; else the vehicle stays marked and is folded anew.
    """
    episodes = vehicle.episodes
    dirty = episodes.dirty
    asked = (result.count, result.first, result.last)
    if dirty is None or (dirty.count, dirty.first, dirty.last) != asked or episodes.tail_from is None:
        episodes.also += taken(result, installed=dirty is None)
        return False
    if result.state and not episodes.tail_from <= result.until <= episodes.turns.folded:
        episodes.also += taken(result, installed=False)
        return False
    for one in result.withdrawals:
        episodes.rows.pop((one.kind, one.id), None)
    for row in result.rows:
        episodes.rows[row.kind, row.id] = row
    episodes.withdrawals += result.withdrawals
    expires_at_s = horizon_ns // NS_PER_S + FOLD_STATE_KEPT_S
    episodes.also += [
        quiet_put(vehicle.key, (turn, state), expires_at_s) if state else quiet_delete(vehicle.key, turn)
        for turn, state in result.quiet.items()
    ]
    episodes.also += taken(result, installed=True)
    rows = list(result.rows)
    if result.state:
        rows += _catch_up(vehicle, result, timeline, horizon_ns)
    tell_refolded(vehicle, rows, result, horizon_ns)
    episodes.clean()
    return True


def _catch_up(vehicle: VehicleMemory, result: RefoldResult, timeline: RuleTimeline, horizon_ns: int) -> list[Episode]:
    """The re-fold came to the present of its start: fold what came since, and go on from there."""
    episodes = vehicle.episodes
    state = episodes.fold = decode_fold(result.state)
    episodes.encoded, episodes.quiet = b"", None
    rows: list[Episode] = []
    episodes.also += [quiet_delete(vehicle.key, turn) for turn in episodes.doubtful if turn > result.until]
    was_quiet = fold.quiet(state, state.at_ns, timeline)
    for report in episodes.tail:
        if turn_of(report) > result.until:
            rows += fold.step(state, report, vehicle.vehicle_id, timeline)
            quiet = fold.quiet(state, state.at_ns, timeline)
            if quiet and not was_quiet:
                episodes.quiet = (turn_of(report), encode_fold(state))
            was_quiet = quiet
    view = fold.view(state, horizon_ns, timeline)
    episodes.show((*result.rows, *rows), view)
    true = {(row.kind, row.id) for row in (*result.rows, *rows, *view)}
    for kind, name in sorted(episodes.given - true):  # what live has given since the re-fold looked
        episodes.rows.pop((kind, name), None)
        episodes.withdrawals.append(Withdrawal(kind, name, successors(kind, (*rows, *view))))
    episodes.was_quiet = was_quiet
    episodes.due_ns = fold.due_ns(state, horizon_ns, timeline)
    return rows + view
