"""The fleet in memory: whoever follows its numbers knows its newest state."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from motorcade.api.fleet import Entry, OrgFleet, continued
from motorcade.domain.status import Judgement, Reason, Status
from motorcade.domain.vehicle import Vehicle
from tests.unit.api.rig import summary

NOW = 1_764_000_000_000_000_000
names = st.sampled_from([f"v{number}" for number in range(6)])


def document(entry: Entry) -> dict[str, Any]:
    """A vehicle as a client decodes it."""
    decoded: dict[str, Any] = msgspec.json.decode(entry.document())
    return decoded


class Followers(RuleBasedStateMachine):
    """Clients that look now and then at a fleet that changes in any way."""

    def __init__(self) -> None:
        super().__init__()
        self.org = OrgFleet()
        self.clients: list[dict[str, dict[str, Any]]] = [{}, {}, {}]
        self.seen = [0, 0, 0]

    @rule(name=names, label=st.sampled_from(["One", "Two"]))
    def name(self, name: str, label: str) -> None:
        self.org.put(Vehicle(name, label, None, 0))

    @rule(name=names)
    def drop(self, name: str) -> None:
        self.org.drop(name)

    @rule(name=names, speed=st.floats(0, 100))
    def report(self, name: str, speed: float) -> None:
        entry = self.org.entries.get(name)
        if entry is not None:
            self.org.update(entry, summary(NOW, speed), NOW)

    @rule(seconds=st.integers(0, 3 * 86_400))
    def time(self, seconds: int) -> None:
        self.org.sweep(NOW + seconds * 1_000_000_000)

    @rule(which=st.integers(0, 2))
    def look(self, which: int) -> None:
        known = self.clients[which]
        if self.seen[which] < self.org.reset_n:
            known.clear()
            known.update({name: document(entry) for name, entry in self.org.entries.items()})
        else:
            known.update({entry.identity[0]: document(entry) for entry in self.org.since(self.seen[which])})
        self.seen[which] = self.org.n
        assert known == {name: document(entry) for name, entry in self.org.entries.items()}

    @invariant()
    def pages_hold_the_fleet(self) -> None:
        listed: list[str] = []
        after = ""
        while True:
            entries, last = self.org.page(after, 2)
            listed += [entry.identity[0] for entry in entries]
            if last is None:
                break
            after = last
        assert listed == sorted(self.org.entries)


Followers.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestFollowers = Followers.TestCase


def test_a_status_that_stays_keeps_its_earlier_beginning() -> None:
    first = Judgement(Status.PARKED, Reason.IDLE, 10)
    later = Judgement(Status.PARKED, Reason.IDLE, 20)
    unknown = Judgement(Status.PARKED, Reason.IDLE, None)
    driving = Judgement(Status.DRIVING, Reason.ROLLING, None)
    never = Judgement(Status.OFFLINE, Reason.NEVER_REPORTED, None)
    assert continued(first, later, 30).since_ns == 10
    assert continued(unknown, later, 30).since_ns == 20
    assert continued(first, driving, 30).since_ns == 30  # seen to begin
    assert continued(never, driving, 30).since_ns is None  # not seen to begin
