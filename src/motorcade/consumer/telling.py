"""What is told of a vehicle's alerts: into the outbox, in the commit of the rows that it is about."""

from collections.abc import Container, Iterable

from motorcade.consumer.context import VehicleMemory
from motorcade.domain.episodes.alert import Alert, emergencies
from motorcade.domain.episodes.alerting.announcement import IN_TURN, News, Refolded, early, live, refolded
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.state import Value
from motorcade.repositories.alerts import outbox_rows
from motorcade.repositories.refolds import RefoldResult


def tell(vehicle: VehicleMemory, rows: Iterable[Episode]) -> None:
    """Tell of the alerts among the rows that a fold in turn has changed."""
    episodes = vehicle.episodes
    alerts = _alerts(rows)
    if alerts or any(one.awaits == IN_TURN for one in episodes.announced):
        _keep(vehicle, live(episodes.announced, alerts, episodes.turns.folded))


def tell_early(vehicle: VehicleMemory, report: Report, timeline: RuleTimeline, *, late: bool) -> bool:
    """Tell of an emergency in a report that has just come, long before its turn; whether there was one."""
    watch = timeline.alerts.at(report.effective_at_ns).watch(vehicle.vehicle_id)
    if not watch.emergencies:
        return False
    signals = watch.emergency_signals
    if not report.notices and not _mentions(report, signals):
        return False
    episodes = vehicle.episodes
    state = episodes.fold.alerts
    rows = emergencies(state, vehicle.vehicle_id, report, _values_before(vehicle, report), timeline.alerts)
    if not rows:
        return False
    _keep(vehicle, early(episodes.announced, rows, late=late))
    return bool(episodes.outbox)


def tell_refolded(vehicle: VehicleMemory, rows: Iterable[Episode], result: RefoldResult, horizon_ns: int) -> None:
    """Tell what late data has changed."""
    found = Refolded(_alerts(rows), set(result.standing), set(result.seen), horizon_ns)
    _keep(vehicle, refolded(vehicle.episodes.announced, found))


def _mentions(report: Report, signals: Container[int]) -> bool:
    for number, _ in report.readings:  # noqa: SIM110 - half the time of a generator, and asked with every record
        if number in signals:
            return True
    return False


def _alerts(rows: Iterable[Episode]) -> list[Alert]:
    """The alerts among rows; of one that is there twice the later word."""
    return list({row.id: row for row in rows if isinstance(row, Alert)}.values())


def _values_before(vehicle: VehicleMemory, report: Report) -> dict[int, Value]:
    """The newest value of every signal by all reports before this one, folded or waiting."""
    episodes = vehicle.episodes
    values = dict(episodes.fold.latest.values)
    for waiting in episodes.turns.waiting:
        if waiting[:2] >= report[:2]:
            break
        values.update(waiting.readings)
    return values


def _keep(vehicle: VehicleMemory, news: News) -> None:
    episodes = vehicle.episodes
    episodes.announced = news.told
    episodes.outbox += outbox_rows(vehicle.org_id, vehicle.vehicle_id, news.announcements)
