"""What people do about alerts: in order, with who and when, and never lost when late data moves the alert."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.alerts.life import Act, ActKind, Status, life_of, lives
from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.alerting.announcement import live
from motorcade.domain.errors import Invalid
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.repositories.alerts import AlertsRepository, outbox_rows
from motorcade.repositories.outbox import Outbox, outbox_put
from tests.contract.rigs import TestClock

S = 1_000_000_000
HOUR = 3_600 * S
T0 = 1_760_000_000 * S


def alert(began_h: float, ended_h: float | None = None, *, vehicle: str = "v", rule: str = "r") -> Alert:
    start_ns = T0 + round(began_h * HOUR)
    return Alert(
        id=f"{vehicle}{rule}{began_h:g}",
        vehicle_id=vehicle,
        started_at_ns=start_ns,
        ended_at_ns=None if ended_h is None else T0 + round(ended_h * HOUR),
        rule_version=1,
        first_record=b"r" * 16,
        last_record=None,
        rule_id=rule,
        lineage=f"{rule}.1",
        severity="warning",
        title="Low",
        evidence=(("battery_pct", 12.5),),
        condition_since_ns=start_ns,
    )


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock)

    def of(self, user: str = "ann", org_id: str = "a") -> AlertsRepository:
        return AlertsRepository(OrgScope(org_id, user, "manager"), self.store, self.clock)


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    yield one
    await one.store.close()


async def test_an_alert_goes_from_open_to_resolved_with_who_and_when(rig: Rig) -> None:
    row = alert(0)
    assert (await rig.of().lives([row]))[row.id].status is Status.OPEN
    await rig.of("ann").acknowledge(row, "1", "seen")
    await rig.of("ann").assign(row, "2", "ben")
    await rig.of("ben").comment(row, "3", "on my way")
    life = await rig.of("ben").resolve(row, "4", "charged")
    assert (await rig.of().lives([row]))[row.id] == life
    assert (life.status, life.assignee) == (Status.RESOLVED, "ben")
    assert [(step.status, step.by) for step in life.steps] == [
        (Status.ACKNOWLEDGED, "ann"),
        (Status.ASSIGNED, "ann"),
        (Status.RESOLVED, "ben"),
    ]
    assert [act.text for act in life.history] == ["seen", "", "on my way", "charged"]
    assert [step.at_ns for step in life.steps] == sorted(step.at_ns for step in life.steps)


async def test_what_makes_no_sense_is_refused(rig: Rig) -> None:
    row, repository = alert(0), rig.of()
    await repository.assign(row, "1", "ben")
    with pytest.raises(Invalid, match="must be open; it is assigned"):
        await repository.acknowledge(row, "2")
    await repository.assign(row, "3", "cleo")
    life = await repository.resolve(row, "4")
    assert life.assignee == "cleo"
    with pytest.raises(Invalid, match="must be not resolved; it is resolved"):
        await repository.resolve(row, "5")
    with pytest.raises(Invalid, match="names who shall see to it"):
        await repository.assign(alert(1), "6", "")
    with pytest.raises(Invalid, match="a comment says something"):
        await repository.comment(row, "7", "  ")
    with pytest.raises(Invalid, match="at most 2000"):
        await repository.comment(row, "8", "x" * 2_001)
    await repository.comment(row, "9", "still talking")


async def test_asking_twice_does_it_once(rig: Rig) -> None:
    row = alert(0)
    first = await rig.of().acknowledge(row, "1")
    assert await rig.of().acknowledge(row, "1") == first


async def test_nobody_sees_what_another_organisation_did(rig: Rig) -> None:
    row = alert(0)
    await rig.of(org_id="a").acknowledge(row, "1")
    assert (await rig.of(org_id="b").lives([row]))[row.id].history == ()


async def test_what_people_did_follows_the_alert_when_late_data_moves_it(rig: Rig) -> None:
    await rig.of().acknowledge(alert(2), "1")
    moved, other, rule, vehicle = alert(1.5), alert(0, 1), alert(2, rule="s"), alert(2, vehicle="w")
    found = await rig.of().lives([moved, other, rule, vehicle])
    assert {row_id: life.status for row_id, life in found.items()} == {
        moved.id: Status.ACKNOWLEDGED,
        other.id: Status.OPEN,
        rule.id: Status.OPEN,
        vehicle.id: Status.OPEN,
    }


async def test_of_alerts_that_late_data_joins_everything_said_stays(rig: Rig) -> None:
    first, second = alert(0, 1), alert(2, 3)
    await rig.of().comment(first, "1", "one")
    await rig.of().acknowledge(second, "2")
    joined = alert(-0.5, 3)
    life = (await rig.of().lives([joined]))[joined.id]
    assert [act.id for act in life.history] == ["1", "2"]
    assert life.status is Status.ACKNOWLEDGED


def test_of_an_alert_that_late_data_parts_the_greater_part_keeps_what_was_done() -> None:
    act = of(ActKind.ACKNOWLEDGE, "1", alert(0, 10))
    parts = [alert(0.5, 2), alert(3, 10)]
    assert [life.status for life in lives(parts, [act]).values()] == [Status.OPEN, Status.ACKNOWLEDGED]


def of(kind: ActKind, act_id: str, about: Alert, at_ns: int = 0) -> Act:
    return Act(
        id=act_id,
        kind=kind,
        by="ann",
        at_ns=at_ns,
        alert_id=about.id,
        vehicle_id=about.vehicle_id,
        rule_id=about.rule_id,
        started_at_ns=about.started_at_ns,
        ended_at_ns=about.ended_at_ns,
    )


def test_of_two_people_at_once_the_first_in_time_counts_and_both_are_in_the_history() -> None:
    row = alert(0)
    acts = [of(ActKind.RESOLVE, "2", row, 2), of(ActKind.ACKNOWLEDGE, "3", row, 3), of(ActKind.RESOLVE, "1", row, 1)]
    life = life_of([*acts, acts[0]])
    assert [act.id for act in life.history] == ["1", "2", "3"]
    assert [(step.status, step.at_ns) for step in life.steps] == [(Status.RESOLVED, 1)]


async def test_what_is_told_of_an_alert_is_one_row_of_the_outbox_however_often_it_is_found(rig: Rig) -> None:
    scope = OrgScope("a", "system:fold", "owner")
    row = replace(alert(0, 1), end_reason="cleared")
    told = outbox_rows(scope.org_id, "v", live((), [row], (T0 + HOUR, b"")).announcements)
    again = outbox_rows(scope.org_id, "v", live((), [row], (T0 + HOUR, b"")).announcements)
    assert told == again
    assert [(one.kind, one.created_at_ns) for one in told] == [("alert_opened", T0), ("alert_ended", T0 + HOUR)]
    assert msgspec.msgpack.decode(told[1].body)["end_reason"] == "cleared"
    outbox = Outbox(SystemScope("test"), rig.store)
    await rig.store.write([outbox_put(one) for one in await outbox.unseen(told)])
    assert await outbox.unseen(again) == []
