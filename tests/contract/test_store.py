"""The contract of `ports/store.py`, on every adapter."""

import pytest

from motorcade.domain.errors import Conflict, Invalid
from motorcade.ports.store import (
    ANY,
    MAX_PAGE,
    MAX_TRANSACTION,
    Absent,
    Delete,
    Exists,
    Item,
    Put,
    Query,
    Store,
    VersionIs,
    Write,
)
from tests.contract.rigs import NS_PER_S, OTHERS, THINGS, EmbeddedStore
from tests.contract.store_words import names, put

# Items and versions.


async def test_an_item_comes_back_with_its_data_and_version_one(store: Store) -> None:
    data = {"text": "å\0x", "bytes": b"\0\xff", "whole": -(2**63), "real": 0.5, "none": None, "list": [1, [True]]}
    await store.write([Put(THINGS, "p", "s", data)])
    assert await store.get(THINGS, "p", "s") == Item("p", "s", data, 1)


async def test_what_is_not_there_is_none(store: Store) -> None:
    await put(store, "s")
    assert await store.get(THINGS, "p", "t") is None
    assert await store.get(THINGS, "q", "s") is None
    assert await store.get(OTHERS, "p", "s") is None


async def test_the_version_grows_by_one_with_every_change_and_begins_anew_after_a_removal(store: Store) -> None:
    for version in (1, 2, 3):
        await put(store, "s")
        item = await store.get(THINGS, "p", "s")
        assert item is not None
        assert item.version == version
    await store.write([Delete(THINGS, "p", "s")])
    await put(store, "s")
    item = await store.get(THINGS, "p", "s")
    assert item is not None
    assert item.version == 1


async def test_a_put_replaces_the_whole_item(store: Store) -> None:
    await put(store, "s", a=1, b=2)
    await put(store, "s", b=3)
    item = await store.get(THINGS, "p", "s")
    assert item is not None
    assert item.data == {"b": 3}


async def test_many_items_come_in_the_order_of_their_keys(store: Store) -> None:
    await put(store, "a", n=1)
    await put(store, "b", n=2)
    found = await store.get_many(THINGS, [("p", "b"), ("p", "x"), ("p", "a"), ("p", "b")])
    assert [None if item is None else item.data["n"] for item in found] == [2, None, 1, 2]
    assert list(await store.get_many(THINGS, [])) == []


async def test_everything_outlives_the_store(rig: EmbeddedStore) -> None:
    first = rig.open()
    await put(first, "s", n=1)
    await first.close()
    second = rig.open()
    assert await second.get(THINGS, "p", "s") == Item("p", "s", {"n": 1}, 1)
    await second.close()


async def test_what_one_store_wrote_another_reads_at_once(store: Store, other: Store) -> None:
    for number in range(20):
        await put(store, "s", n=number)
        item = await other.get(THINGS, "p", "s")
        assert item is not None
        assert item.data["n"] == number


async def test_keys_must_not_be_empty(store: Store) -> None:
    for pk, sk in (("", "s"), ("p", "")):
        with pytest.raises(Invalid):
            await store.write([Put(THINGS, pk, sk, {})])


async def test_a_value_that_cannot_be_stored_is_refused_and_nothing_is_changed(store: Store) -> None:
    with pytest.raises(Invalid):
        await store.write([Put(THINGS, "p", "a", {}), Put(THINGS, "p", "b", {"wrong": object()})])
    assert await store.get(THINGS, "p", "a") is None


# Conditions and transactions.


async def test_absent_holds_only_while_there_is_no_item(store: Store) -> None:
    write = Put(THINGS, "p", "s", {}, Absent())
    await store.write([write])
    with pytest.raises(Conflict):
        await store.write([write])
    await store.write([Delete(THINGS, "p", "s")])
    await store.write([write])


async def test_exists_holds_only_while_there_is_an_item(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.write([Put(THINGS, "p", "s", {}, Exists())])
    with pytest.raises(Conflict):
        await store.write([Delete(THINGS, "p", "s", Exists())])
    await put(store, "s")
    await store.write([Delete(THINGS, "p", "s", Exists())])
    assert await store.get(THINGS, "p", "s") is None


async def test_a_version_holds_only_for_exactly_that_version(store: Store) -> None:
    await put(store, "s", n=1)
    for wrong in (0, 2, -1):
        with pytest.raises(Conflict):
            await store.write([Put(THINGS, "p", "s", {"n": 9}, VersionIs(wrong))])
    await store.write([Put(THINGS, "p", "s", {"n": 2}, VersionIs(1))])
    with pytest.raises(Conflict):
        await store.write([Delete(THINGS, "p", "s", VersionIs(1))])
    await store.write([Delete(THINGS, "p", "s", VersionIs(2))])
    with pytest.raises(Conflict):
        await store.write([Put(THINGS, "p", "s", {}, VersionIs(2))])


async def test_removing_what_is_not_there_is_no_error(store: Store) -> None:
    await store.write([Delete(THINGS, "p", "s", ANY)])
    await store.write([Delete(THINGS, "p", "s", Absent())])


async def test_a_transaction_happens_as_a_whole_or_not_at_all(store: Store, other: Store) -> None:
    await put(store, "there", n=1)
    good: list[Write] = [Put(THINGS, "p", f"new{number}", {}) for number in range(50)]
    bad = Put(OTHERS, "p", "x", {}, Exists())
    with pytest.raises(Conflict):
        await store.write([*good, Delete(THINGS, "p", "there"), bad])
    assert await names(other, Query("p")) == ["there"]
    await store.write([*good, Delete(THINGS, "p", "there")])
    assert len(await names(other, Query("p"))) == 50


async def test_a_transaction_has_a_limit_and_no_item_twice(store: Store) -> None:
    most: list[Write] = [Put(THINGS, "p", f"{number}", {}) for number in range(MAX_TRANSACTION)]
    with pytest.raises(Invalid):
        await store.write([*most, Put(THINGS, "p", "more", {})])
    with pytest.raises(Invalid):
        await store.write([Put(THINGS, "p", "a", {}), Delete(THINGS, "p", "a")])
    assert await names(store, Query("p")) == []
    await store.write(most)
    await store.write([Put(THINGS, "p", "a", {}), Put(OTHERS, "p", "a", {})])


async def test_a_batch_leaves_out_only_the_writes_whose_condition_failed(store: Store) -> None:
    await put(store, "old")
    writes: list[Write] = [
        Put(THINGS, "p", "a", {}, Absent()),
        Put(THINGS, "p", "old", {"n": 2}, Absent()),
        Put(OTHERS, "p", "b", {}, Exists()),
        Put(THINGS, "p", "old", {"n": 3}, VersionIs(1)),
        Delete(THINGS, "p", "none", Exists()),
    ]
    failed = await store.write_batch(writes)
    assert list(failed) == [writes[1], writes[2], writes[4]] or set(map(id, failed)) == {
        id(writes[1]),
        id(writes[2]),
        id(writes[4]),
    }
    item = await store.get(THINGS, "p", "old")
    assert item is not None
    assert (item.data, item.version) == ({"n": 3}, 2)
    assert await store.get(OTHERS, "p", "b") is None
    assert list(await store.write_batch([])) == []


async def test_a_batch_behind_a_fence_changes_nothing_once_the_fence_has_moved(store: Store) -> None:
    await put(store, "lease")
    writes: list[Write] = [Put(THINGS, "p", "a", {}), Put(OTHERS, "p", "b", {})]
    assert list(await store.write_batch(writes, Put(THINGS, "p", "lease", {"n": 2}, VersionIs(1)))) == []
    later: list[Write] = [Put(THINGS, "p", "c", {}), Put(OTHERS, "p", "b", {"n": 9})]
    with pytest.raises(Conflict):
        await store.write_batch(later, Put(THINGS, "p", "lease", {"n": 3}, VersionIs(1)))
    assert await store.get(THINGS, "p", "c") is None
    item, lease = await store.get(OTHERS, "p", "b"), await store.get(THINGS, "p", "lease")
    assert item is not None
    assert lease is not None
    assert (item.version, lease.data) == (1, {"n": 2})


async def test_a_fence_stays_where_it_was_when_another_condition_fails(store: Store) -> None:
    await put(store, "lease")
    writes: list[Write] = [Put(THINGS, "p", "a", {}, Absent()), Put(OTHERS, "p", "b", {}, VersionIs(4))]
    with pytest.raises(Conflict):
        await store.write_batch(writes, Put(THINGS, "p", "lease", {"n": 2}, VersionIs(1)))
    lease = await store.get(THINGS, "p", "lease")
    assert lease is not None
    assert lease.version == 1


async def test_a_batch_may_be_large(store: Store) -> None:
    writes: list[Write] = [Put(THINGS, "p", f"{number:05d}", {"n": number}) for number in range(1500)]
    assert list(await store.write_batch(writes)) == []
    assert await names(store, Query("p", limit=MAX_PAGE)) == [write.sk for write in writes]
    again: list[Write] = [Put(THINGS, "p", write.sk, {}, VersionIs(1)) for write in writes]
    assert list(await store.write_batch(again)) == []


# Expiry.


async def test_an_expired_item_is_never_returned(rig: EmbeddedStore, store: Store) -> None:
    now_s = rig.clock.now_ns() // NS_PER_S
    await store.write([Put(THINGS, "p", "s", {"colour": "red", "size": "1"}, ANY, now_s + 100)])
    assert await store.get(THINGS, "p", "s") is not None
    rig.clock.skipped_s += 101
    assert await store.get(THINGS, "p", "s") is None
    assert await names(store, Query("p")) == []
    assert await names(store, Query("red", index="by_colour")) == []
    assert (await store.scan(THINGS)).items == []


async def test_an_expired_item_counts_as_absent(rig: EmbeddedStore, store: Store) -> None:
    now_s = rig.clock.now_ns() // NS_PER_S
    await store.write([Put(THINGS, "p", "s", {}, ANY, now_s + 100)])
    rig.clock.skipped_s += 101
    for condition in (Exists(), VersionIs(1)):
        with pytest.raises(Conflict):
            await store.write([Put(THINGS, "p", "s", {}, condition)])
    await store.write([Put(THINGS, "p", "s", {"n": 2}, Absent())])
    item = await store.get(THINGS, "p", "s")
    assert item is not None
    assert item.version == 1


async def test_a_put_without_expiry_makes_an_item_lasting(rig: EmbeddedStore, store: Store) -> None:
    await store.write([Put(THINGS, "p", "s", {}, ANY, rig.clock.now_ns() // NS_PER_S + 100)])
    await put(store, "s")
    rig.clock.skipped_s += 1000
    assert await store.get(THINGS, "p", "s") is not None


# The change feed.


async def test_changes_after_a_cursor_come_in_order(store: Store, other: Store) -> None:
    await put(store, "before")
    cursor = await store.change_cursor(THINGS)
    await put(store, "a", n=1)
    await put(other, "b", n=2)
    await store.write([Put(OTHERS, "p", "elsewhere", {})])
    changes = await store.changes(THINGS, cursor, 100)
    assert [(change.sk, change.item and change.item.data) for change in changes] == [("a", {"n": 1}), ("b", {"n": 2})]
    assert [change.cursor for change in changes] == sorted(change.cursor for change in changes)
    assert list(await store.changes(THINGS, changes[-1].cursor, 100)) == []


async def test_the_feed_ends_with_every_keys_newest_state(store: Store) -> None:
    cursor = await store.change_cursor(THINGS)
    for number in range(30):
        await put(store, f"s{number % 3}", n=number)
    await store.write([Delete(THINGS, "p", "s0")])
    state: dict[str, int | None] = {}
    while changes := await store.changes(THINGS, cursor, 2):
        for change in changes:
            state[change.sk] = None if change.item is None else change.item.data["n"]
        cursor = changes[-1].cursor
    assert state == {"s0": None, "s1": 28, "s2": 29}


async def test_a_removal_is_a_change_without_an_item(store: Store) -> None:
    await put(store, "s")
    cursor = await store.change_cursor(THINGS)
    await store.write([Delete(THINGS, "p", "s")])
    (change,) = await store.changes(THINGS, cursor, 10)
    assert (change.pk, change.sk, change.item) == ("p", "s", None)


async def test_a_refused_write_is_no_change(store: Store) -> None:
    cursor = await store.change_cursor(THINGS)
    with pytest.raises(Conflict):
        await store.write([Put(THINGS, "p", "a", {}), Put(THINGS, "p", "s", {}, Exists())])
    assert list(await store.changes(THINGS, cursor, 10)) == []


async def test_without_a_cursor_there_are_no_changes_and_a_wrong_one_is_refused(store: Store) -> None:
    await put(store, "s")
    assert list(await store.changes(THINGS, None, 10)) == []
    with pytest.raises(Invalid):
        await store.changes(THINGS, "nonsense", 10)


async def test_the_end_of_an_expired_item_becomes_a_change(rig: EmbeddedStore, store: Store) -> None:
    await store.write([Put(THINGS, "p", "s", {}, ANY, rig.clock.now_ns() // NS_PER_S + 10)])
    cursor = await store.change_cursor(THINGS)
    rig.clock.skipped_s += 3600  # the removal may come later than the expiry
    await put(store, "other")
    await put(store, "other")
    removed = [change.sk for change in await store.changes(THINGS, cursor, 10) if change.item is None]
    assert removed == ["s"]


async def test_closing_twice_is_no_error(rig: EmbeddedStore) -> None:
    store = rig.open()
    await put(store, "s")
    await store.close()
    await store.close()
