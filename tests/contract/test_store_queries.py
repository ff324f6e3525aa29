"""The contract of `ports/store.py`: queries, scans and indexes, on every adapter."""

from dataclasses import replace

import pytest

from motorcade.domain.errors import Invalid
from motorcade.ports.store import (
    MAX_PAGE,
    Delete,
    Put,
    Query,
    Store,
)
from tests.contract.rigs import OTHERS, THINGS
from tests.contract.store_words import names, put

# Queries.


async def test_a_query_has_one_partition_in_order_of_the_sort_key(store: Store) -> None:
    for sk in ("b", "a", "å", "B", "ab", "\U0001f697"):
        await put(store, sk)
    await put(store, "c", pk="other")
    by_bytes = sorted(("b", "a", "å", "B", "ab", "\U0001f697"), key=str.encode)
    assert await names(store, Query("p")) == by_bytes
    assert await names(store, Query("p", newest_first=True)) == by_bytes[::-1]
    assert await names(store, Query("nobody")) == []


async def test_a_prefix_means_all_sort_keys_that_begin_so(store: Store) -> None:
    keys = ["a", "a\U0010ffff", "a\U0010ffffz", "a\ud7ff", "a\ue000", "ab", "b"]
    for sk in keys:
        await put(store, sk)
    for prefix in ("a", "a\U0010ffff", "a\ud7ff", "b", "c", "ab"):
        assert set(await names(store, Query("p", prefix=prefix))) == {sk for sk in keys if sk.startswith(prefix)}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_have_every_item_once(store: Store, limit: int, newest_first: bool) -> None:
    for number in range(12):
        await put(store, f"{number:02d}")
    expected = [f"{number:02d}" for number in range(12)]
    found = await names(store, Query("p", limit=limit, newest_first=newest_first))
    assert found == (expected[::-1] if newest_first else expected)


async def test_a_last_page_has_no_continuation(store: Store) -> None:
    for sk in "abcd":
        await put(store, sk)
    page = await store.query(THINGS, Query("p", limit=4))
    assert page.next is None
    first = await store.query(THINGS, Query("p", limit=3))
    assert first.next is not None


async def test_paging_misses_nothing_while_items_come_and_go(store: Store, other: Store) -> None:
    stay = [f"{number:03d}" for number in range(0, 100, 2)]
    for sk in stay:
        await put(store, sk)
    found: list[str] = []
    query = Query("p", limit=7)
    for turn in range(200):
        page = await store.query(THINGS, query)
        found += [item.sk for item in page.items]
        if page.next is None:
            break
        query = replace(query, after=page.next)
        await put(other, f"{turn * 5 % 100:03d}x")
        await other.write([Delete(THINGS, "p", f"{turn * 7 % 100:03d}x")])
    assert [sk for sk in found if "x" not in sk] == stay
    assert len(found) == len(set(found))


async def test_a_wrong_limit_index_or_cursor_is_refused(store: Store) -> None:
    for sk in "abc":
        await put(store, sk, colour="red", size="1")
    place = (await store.query(THINGS, Query("p", limit=1))).next
    assert place is not None
    for wrong in (
        Query("p", limit=0),
        Query("p", limit=MAX_PAGE + 1),
        Query("p", index="by_nothing"),
        Query("p", after="nonsense"),
        Query("p", after="%%%"),
        Query("red", after=place, index="by_colour"),
    ):
        with pytest.raises(Invalid):
            await store.query(THINGS, wrong)


async def test_a_scan_has_every_item_of_the_table_once(store: Store) -> None:
    for number in range(10):
        await put(store, f"s{number}", pk=f"p{number % 3}")
    await store.write([Put(OTHERS, "p0", "x", {})])
    found: list[tuple[str, str]] = []
    after: str | None = None
    for _ in range(20):
        page = await store.scan(THINGS, after, 3)
        found += [(item.pk, item.sk) for item in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted((f"p{number % 3}", f"s{number}") for number in range(10))


# Indexes.


async def test_an_index_has_items_by_one_attribute_sorted_by_another(store: Store) -> None:
    await put(store, "a", pk="p1", colour="red", size="2")
    await put(store, "b", pk="p2", colour="red", size="1")
    await put(store, "c", colour="blue", size="1")
    assert await names(store, Query("red", index="by_colour")) == ["b", "a"]
    assert await names(store, Query("red", index="by_colour", newest_first=True)) == ["a", "b"]
    assert await names(store, Query("red", index="by_colour", prefix="2")) == ["a"]


async def test_an_item_without_the_attribute_is_not_in_the_index(store: Store) -> None:
    await put(store, "a", colour="red")
    await put(store, "b", size="1")
    await put(store, "c", colour="red", size=None)
    assert await names(store, Query("red", index="by_colour")) == []


async def test_an_index_follows_every_change(store: Store) -> None:
    await put(store, "a", colour="red", size="1")
    await put(store, "a", colour="blue", size="1")
    assert await names(store, Query("red", index="by_colour")) == []
    assert await names(store, Query("blue", index="by_colour")) == ["a"]
    await store.write([Delete(THINGS, "p", "a")])
    assert await names(store, Query("blue", index="by_colour")) == []


async def test_ties_in_an_index_are_ordered_by_the_item_and_paged_without_loss(store: Store) -> None:
    for number in range(9):
        await put(store, f"s{number}", pk=f"p{number % 2}", colour="red", size="same")
    expected = [f"s{n}" for n in (0, 2, 4, 6, 8, 1, 3, 5, 7)]
    assert await names(store, Query("red", index="by_colour", limit=2)) == expected
    assert await names(store, Query("red", index="by_colour", limit=2, newest_first=True)) == expected[::-1]
