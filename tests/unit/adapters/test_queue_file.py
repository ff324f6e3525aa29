"""The queue's file under any sequence of operations: nothing is lost, shared out twice, early, or beyond its share."""

from collections import Counter
from typing import Any

import apsw
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from motorcade.adapters.embedded import queue_file as file
from motorcade.adapters.embedded.queue_file import NS_PER_S, QUEUE_FILE
from motorcade.ports.queue import Held, Message

LINE, LEASE_S, PER_GROUP = "line", 10.0, 2
GROUPS = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from([None, None, "k", "l"])
DELAYS = st.sampled_from([0.0, 0.0, 3.0, 12.0])


class QueueFile(RuleBasedStateMachine):
    """Two workers' worth of operations on one line, in time that only grows."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = apsw.Connection(":memory:")
        self.connection.execute(QUEUE_FILE.schema)
        self.now_ns = 1_000 * NS_PER_S
        self.added = self.done = self.merged = 0
        self.handed: list[tuple[Held, int]] = []  # with the end of its lease
        self.earliest: dict[bytes, int] = {}  # body → when it may be handed out; keys make one of several
        self.latest: dict[str, int] = {}  # id → receives of its last handing out
        self.number = 0

    def teardown(self) -> None:
        self.connection.close()

    def held_now(self) -> list[Held]:
        return [held for held, until_ns in self.handed if until_ns > self.now_ns]

    def forget(self, held: Held) -> None:
        self.handed = [each for each in self.handed if each[0] != held]

    def is_current(self, held: Held) -> bool:
        return self.latest[held.id] == held.receives

    @rule(group=GROUPS, key=KEYS, delay_s=DELAYS)
    def send(self, group: str, key: str | None, delay_s: float) -> None:
        self.number += 1
        body = f"{self.number}".encode()
        added = file.send(self.connection, self.now_ns, LINE, [Message(group, body, key, delay_s)])
        waits = self.waiting_keys()
        assert key is None or waits[key] == 1
        self.added += added
        if added:
            self.earliest[body] = self.now_ns + int(delay_s * NS_PER_S)

    @rule(limit=st.integers(1, 5))
    def receive(self, limit: int) -> None:
        before = self.held_now()
        busy_keys = {held.message.key for held in before if held.message.key is not None}
        found = file.receive(self.connection, self.now_ns, LINE, limit, LEASE_S, PER_GROUP)
        assert len(found) <= limit
        for held in found:
            assert held.id not in {each.id for each in before}, "somebody holds it"
            assert self.earliest[held.message.body] <= self.now_ns, "it was not due"
            assert held.message.key not in busy_keys, "somebody works on its key"
            if held.message.key is not None:
                busy_keys.add(held.message.key)
            self.handed.append((held, self.now_ns + int(LEASE_S * NS_PER_S)))
            self.latest[held.id] = held.receives
        shares = Counter(held.message.group for held in self.held_now())
        # A lease that had ended and was lengthened before anybody followed may stand beside its group's share.
        assert all(shares[held.message.group] <= PER_GROUP for held in found)

    @rule(seconds=st.sampled_from([1, 4, 11]))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_S

    @precondition(lambda self: self.handed)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        held, _ = data.draw(st.sampled_from(self.handed))
        current = self.is_current(held)
        assert file.done(self.connection, self.now_ns, held) == current
        self.done += current
        self.forget(held)

    @precondition(lambda self: self.handed)
    @rule(data=st.data(), delay_s=DELAYS)
    def release(self, data: st.DataObject, delay_s: float) -> None:
        held, _ = data.draw(st.sampled_from(self.handed))
        current, rows = self.is_current(held), self.rows()
        assert file.release(self.connection, self.now_ns, held, delay_s) == current
        if current:
            self.merged += rows - self.rows()
            self.earliest[held.message.body] = self.now_ns + int(delay_s * NS_PER_S)
        self.forget(held)

    @precondition(lambda self: self.handed)
    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        held, _ = data.draw(st.sampled_from(self.handed))
        current = self.is_current(held)
        assert file.extend(self.connection, self.now_ns, held, LEASE_S) == current
        self.forget(held)
        if current:
            self.handed.append((held, self.now_ns + int(LEASE_S * NS_PER_S)))

    @precondition(lambda self: self.handed)
    @rule(data=st.data())
    def bury(self, data: st.DataObject) -> None:
        held, _ = data.draw(st.sampled_from(self.handed))
        assert file.bury(self.connection, self.now_ns, held, "no") == self.is_current(held)
        self.forget(held)

    @rule(limit=st.integers(1, 3))
    def redrive(self, limit: int) -> None:
        back = file.dead(self.connection, LINE, 1_000)[::-1][:limit]
        before = self.rows() + self.dead()
        assert file.redrive(self.connection, self.now_ns, LINE, limit) == len(back)
        self.merged += before - self.rows() - self.dead()
        for dead in back:
            self.earliest[dead.message.body] = self.now_ns

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.rows() + self.dead() == self.added - self.done - self.merged

    @invariant()
    def of_a_key_one_waits(self) -> None:
        assert all(count == 1 for count in self.waiting_keys().values())

    @invariant()
    def the_depth_adds_up(self) -> None:
        depth = file.depth(self.connection, self.now_ns, LINE)
        assert (depth.waiting + depth.held, depth.dead) == (self.rows(), self.dead())
        assert depth.held == len([held for held in self.held_now() if self.is_current(held)])

    def rows(self) -> int:
        return self.counted("SELECT count(*) FROM messages")

    def dead(self) -> int:
        return self.counted("SELECT count(*) FROM dead")

    def counted(self, statement: str) -> int:
        found: Any = self.connection.execute(statement).fetchall()[0][0]
        return int(found)

    def waiting_keys(self) -> Counter[str]:
        waiting = "SELECT key FROM messages WHERE held = 0 AND key IS NOT NULL"
        return Counter(row[0] for row in self.connection.execute(waiting))


TestQueueFile = QueueFile.TestCase
TestQueueFile.settings = settings(stateful_step_count=40)
