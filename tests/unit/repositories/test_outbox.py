"""The outbox: once for ever per id, whatever is folded again; and the leases beside it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Conflict, Invalid
from motorcade.domain.ids import id_text
from motorcade.domain.tenant import SystemScope
from motorcade.ports.notify import MAX_BODY_BYTES, OutboxRow
from motorcade.repositories.inbox import KEPT_S, Inbox
from motorcade.repositories.leases import LONGEST_S, Leases
from motorcade.repositories.outbox import TOMBSTONE_KEPT_S, Outbox, Waiting, outbox_id, outbox_put
from motorcade.repositories.tables import ALL, OUTBOX
from tests.contract.rigs import TestClock

SCOPE = SystemScope("test")
AT_NS = 1_700_000_000_000_000_000


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def store(data_dir: Path, clock: TestClock) -> AsyncIterator[SqliteStore]:
    one = SqliteStore(data_dir / "store.db", clock, ALL)
    yield one
    await one.close()


def row(number: int, org_id: str = "org", at_ns: int | None = None) -> OutboxRow:
    made = outbox_id("alert_opened", number.to_bytes(4, "big"))
    when_ns = AT_NS + number if at_ns is None else at_ns
    return OutboxRow(made, org_id, "alert_opened", "vehicle", f"episode{number}", when_ns, b"\x81\xa1a\x01")


def test_an_id_is_that_of_kind_and_subject_alone() -> None:
    assert outbox_id("a", b"b", b"c") == outbox_id("a", b"b", b"c")
    made = [outbox_id("a", b"b", b"c"), outbox_id("a", b"bc"), outbox_id("ab", b"c"), outbox_id("a", b"", b"bc")]
    made += [outbox_id("a", b"c", b"b"), outbox_id("abc")]
    assert len(set(made)) == len(made)
    assert len(outbox_id("a")) == 16


async def test_a_row_comes_back_as_it_was_and_the_oldest_first(store: SqliteStore) -> None:
    outbox = Outbox(SCOPE, store)
    await store.write([outbox_put(row(n)) for n in (3, 1, 2)])
    await store.write([outbox_put(row(1, "other"))])
    assert await outbox.waiting("org", 2) == [Waiting(row(1), 1), Waiting(row(2), 1)]
    assert [one.row for one in await outbox.waiting("other", 10)] == [row(1, "other")]


async def test_of_rows_to_write_only_the_unseen_are_left(store: SqliteStore, clock: TestClock) -> None:
    outbox = Outbox(SCOPE, store)
    await store.write([outbox_put(row(1)), outbox_put(row(2))])
    await outbox.handed_over(await outbox.waiting("org", 1), clock.now_ns())
    asked = [row(1), row(2), row(3), row(3), row(1, "other"), row(4)]
    assert await outbox.unseen(asked) == [row(3), row(1, "other"), row(4)]
    assert await outbox.unseen([]) == []


async def test_writing_a_known_id_undoes_its_transaction(store: SqliteStore) -> None:
    await store.write([outbox_put(row(1))])
    with pytest.raises(Conflict):
        await store.write([outbox_put(row(2)), outbox_put(replace(row(1), body=b"\x80"))])
    assert [one.row for one in await Outbox(SCOPE, store).waiting("org", 10)] == [row(1)]


async def test_a_row_handed_over_stays_as_a_tombstone_for_its_time(store: SqliteStore, clock: TestClock) -> None:
    outbox = Outbox(SCOPE, store)
    await store.write([outbox_put(row(1))])
    assert await outbox.handed_over(await outbox.waiting("org", 10), clock.now_ns()) == 0
    assert await outbox.waiting("org", 10) == []
    item = await store.get(OUTBOX, "org", id_text(row(1).id))
    assert item is not None
    assert "body" not in item.data
    clock.skipped_s += TOMBSTONE_KEPT_S - 10
    assert await outbox.unseen([row(1)]) == []
    clock.skipped_s += 20
    assert await outbox.unseen([row(1)]) == [row(1)]


async def test_a_row_that_waits_never_expires(store: SqliteStore, clock: TestClock) -> None:
    await store.write([outbox_put(row(1))])
    clock.skipped_s += 10 * TOMBSTONE_KEPT_S
    await store.write([outbox_put(row(2))])
    assert [one.row for one in await Outbox(SCOPE, store).waiting("org", 10)] == [row(1), row(2)]


async def test_what_another_worker_noted_before_is_told(store: SqliteStore) -> None:
    outbox = Outbox(SCOPE, store)
    await store.write([outbox_put(row(n)) for n in range(3)])
    mine, theirs = await outbox.waiting("org", 3), await outbox.waiting("org", 1)
    assert await outbox.handed_over(theirs, AT_NS) == 0
    assert await outbox.handed_over(mine, AT_NS) == 1
    assert await outbox.waiting("org", 3) == []


async def test_news_name_who_got_rows_and_not_who_was_served(store: SqliteStore) -> None:
    outbox = Outbox(SCOPE, store)
    await store.write([outbox_put(row(1, "before"))])
    cursor = await outbox.cursor()
    assert await outbox.news(cursor) == (set(), cursor)
    await store.write([outbox_put(row(2, "a")), outbox_put(row(3, "b"))])
    fresh, after = await outbox.news(cursor)
    assert fresh == {"a", "b"}
    await outbox.handed_over(await outbox.waiting("a", 1), AT_NS)
    fresh, later = await outbox.news(after)
    assert fresh == set()
    assert later > after


async def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(Invalid):
        outbox_put(replace(row(1), id=b"short"))
    with pytest.raises(Invalid):
        outbox_put(replace(row(1), body=b"x" * (MAX_BODY_BYTES + 1)))


# The inbox.


async def test_an_inbox_is_told_once_and_shows_the_latest_first(store: SqliteStore, clock: TestClock) -> None:
    inbox, other = (Inbox(SCOPE.acting_for(org_id), store) for org_id in ("org", "other"))
    for number in (2, 1, 3):
        assert await inbox.tell(row(number), clock.now_ns())
    assert not await inbox.tell(row(1), clock.now_ns())
    page = await inbox.page(limit=2)
    assert [entry.id for entry in page.entries] == [id_text(row(n).id) for n in (3, 2)]
    page = await inbox.page(page.next)
    (entry,) = page.entries
    assert (entry.kind, entry.vehicle_id, entry.episode_id) == ("alert_opened", "vehicle", "episode1")
    assert (entry.at_ns, entry.body) == (row(1).created_at_ns, row(1).body)
    assert page.next is None
    assert (await other.page()).entries == []


async def test_an_inbox_forgets_what_is_old(store: SqliteStore, clock: TestClock) -> None:
    inbox = Inbox(SCOPE.acting_for("org"), store)
    await inbox.tell(row(1), clock.now_ns())
    clock.skipped_s += KEPT_S + 1
    assert (await inbox.page()).entries == []


# Leases.


async def test_a_lease_has_one_holder_until_it_ends_or_is_given_back(store: SqliteStore) -> None:
    mine, theirs = Leases(SCOPE, store, "me"), Leases(SCOPE, store, "they")
    first = await mine.take("work", 10, AT_NS)
    assert first is not None
    assert await theirs.take("work", 10, AT_NS + 9_999_999_999) is None
    assert await theirs.take("other work", 10, AT_NS) is not None
    second = await theirs.take("work", 10, AT_NS + 10_000_000_000)
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert await mine.renew(first, 10, AT_NS + 10_000_000_000) is None
    await mine.give_back(first)
    assert await mine.take("work", 10, AT_NS + 10_000_000_001) is None, "what is lost is not given back"
    await theirs.finish(second, 77)
    third = await mine.take("work", 10, AT_NS + 10_000_000_001)
    assert third is not None
    assert (third.epoch, third.done_at_ns) == (first.epoch + 2, 77)
    assert await mine.done_at_ns("work") == 77
    assert await mine.done_at_ns("nothing") == 0


async def test_what_was_begun_is_known_ever_after(store: SqliteStore) -> None:
    leases = Leases(SCOPE, store, "me")
    assert not await leases.begun("queue", AT_NS)
    assert await leases.begun("queue", AT_NS)
    assert await Leases(SCOPE, store, "they").begun("queue", AT_NS + 1)
    assert not await leases.begun("other", AT_NS)


async def test_a_lease_longer_than_any_may_be_is_refused(store: SqliteStore) -> None:
    with pytest.raises(Invalid, match="longer"):
        await Leases(SCOPE, store, "me").take("work", LONGEST_S + 1, AT_NS)


async def test_a_renewed_lease_goes_on(store: SqliteStore) -> None:
    mine, theirs = Leases(SCOPE, store, "me"), Leases(SCOPE, store, "they")
    lease = await mine.take("work", 10, AT_NS)
    for second in range(1, 40, 8):
        assert lease is not None
        assert await theirs.take("work", 10, AT_NS + second * 1_000_000_000) is None
        lease = await mine.renew(lease, 10, AT_NS + second * 1_000_000_000)
