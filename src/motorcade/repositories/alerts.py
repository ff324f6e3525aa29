"""What people did about alerts, and how what is told of alerts goes into the outbox."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

import msgspec

from motorcade.domain.alerts.life import Act, ActKind, Life, check, check_allowed, lives
from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.alerting.announcement import Announcement
from motorcade.domain.errors import Conflict
from motorcade.domain.tenant import OrgScope
from motorcade.ports.clock import Clock
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import Absent, Item, Put, Query, Store
from motorcade.repositories.outbox import outbox_id
from motorcade.repositories.tables import ALERT_ACTS

PAGE: Final = 1000
SPAN_NS: Final = 60 * 24 * 3_600 * 1_000_000_000
"""How long before an alert's start the stretch of an act about it may have begun: no alert that moved lasted longer."""


class AlertsRepository:
    """People's side of the alerts of the scope's organisation; the rows themselves are episodes."""

    def __init__(self, scope: OrgScope, store: Store, clock: Clock) -> None:
        self._scope = scope
        self._store = store
        self._clock = clock

    async def lives(self, alerts: Sequence[Alert]) -> dict[str, Life]:
        """Where people are with these alerts, by their ids."""
        acts: list[Act] = []
        earliest: dict[str, int] = {}
        for alert in alerts:
            earliest[alert.vehicle_id] = min(alert.started_at_ns, earliest.get(alert.vehicle_id, alert.started_at_ns))
        for vehicle_id, from_ns in earliest.items():
            acts += await self._acts(vehicle_id, from_ns - SPAN_NS)
        return lives(alerts, acts)

    async def acknowledge(self, alert: Alert, act_id: str, text: str = "") -> Life:
        """Say that somebody has seen it.

        Args:
            alert: its row as it stands.
            act_id: chosen by whoever asks: the same id does it once.
            text: a comment, or empty.

        Raises:
            Invalid: the alert is no longer open, or the text is too long.
        """
        return await self._do(alert, act_id, ActKind.ACKNOWLEDGE, text)

    async def assign(self, alert: Alert, act_id: str, assignee: str, text: str = "") -> Life:
        """Say who (a user id) shall see to it; again for somebody else.

        Raises:
            Invalid: the alert is resolved, nobody is named, or the text is too long.
        """
        return await self._do(alert, act_id, ActKind.ASSIGN, text, assignee)

    async def resolve(self, alert: Alert, act_id: str, text: str = "") -> Life:
        """Say that nothing is left to do.

        Raises:
            Invalid: it is resolved already, or the text is too long.
        """
        return await self._do(alert, act_id, ActKind.RESOLVE, text)

    async def comment(self, alert: Alert, act_id: str, text: str) -> Life:
        """Say something about it, at any time.

        Raises:
            Invalid: the text is empty or too long.
        """
        return await self._do(alert, act_id, ActKind.COMMENT, text)

    async def _do(self, alert: Alert, act_id: str, kind: ActKind, text: str, assignee: str = "") -> Life:
        act = Act(
            id=act_id,
            kind=kind,
            by=self._scope.user_id,
            at_ns=self._clock.now_ns(),
            text=text,
            assignee=assignee,
            alert_id=alert.id,
            vehicle_id=alert.vehicle_id,
            rule_id=alert.rule_id,
            started_at_ns=alert.started_at_ns,
            ended_at_ns=alert.ended_at_ns,
        )
        check(act)
        before = (await self.lives([alert]))[alert.id]
        if any(known.id == act_id for known in before.history):
            return before
        check_allowed(before, kind)
        place = f"{act.started_at_ns:020d}.{act.alert_id}.{act.id}"
        try:
            await self._store.write([Put(ALERT_ACTS, self._pk(alert.vehicle_id), place, asdict(act), Absent())])
        except Conflict:  # the same request a second time, at the same instant
            return (await self.lives([alert]))[alert.id]
        return lives([alert], [*before.history, act])[alert.id]

    async def _acts(self, vehicle_id: str, from_ns: int) -> list[Act]:
        found: list[Act] = []
        after: str | None = None
        while True:
            query = Query(self._pk(vehicle_id), after=after, limit=PAGE, newest_first=True)
            page = await self._store.query(ALERT_ACTS, query)
            for item in page.items:
                act = _act_of(item)
                if act.started_at_ns < from_ns:
                    return found
                found.append(act)
            if page.next is None:
                return found
            after = page.next

    def _pk(self, vehicle_id: str) -> str:
        return f"{self._scope.org_id}.{vehicle_id}"


def _act_of(item: Item) -> Act:
    return msgspec.convert(dict(item.data), Act)


def outbox_rows(org_id: str, vehicle_id: str, announcements: Iterable[Announcement]) -> list[OutboxRow]:
    """What is told of a vehicle's alerts, as rows of the outbox: the same ids for the same things."""
    return [
        OutboxRow(
            id=outbox_id(one.kind, vehicle_id.encode(), one.lineage_id.encode()),
            org_id=org_id,
            kind=one.kind,
            vehicle_id=vehicle_id,
            episode_id=one.alert_id,
            created_at_ns=one.at_ns,
            body=msgspec.msgpack.encode(
                {
                    "lineage_id": one.lineage_id,
                    "severity": one.severity,
                    "title": one.title,
                    "end_reason": one.end_reason,
                    "started_at_ns": None if one.alert is None else one.alert.started_at_ns,
                    "evidence": [] if one.alert is None else one.alert.evidence,
                }
            ),
        )
        for one in announcements
    ]
