"""What the embedded store promises beyond the contract: several processes, damage, a failing disk, new indexes."""

import asyncio
import contextlib
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from motorcade.adapters.embedded import store_file
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Corrupt, Invalid, Unavailable
from motorcade.ports.store import ANY, MAX_PAGE, Absent, Delete, Put, Query, Table, VersionIs, Write
from tests.conditions import ROOT, Proof, Scale
from tests.contract.rigs import NS_PER_S, OTHERS, THINGS, TestClock
from tests.unit.adapters.faults import killed, no_writing

COUNTER = "tests.unit.adapters.counter"


def open_store(folder: Path, clock: TestClock | None = None) -> SqliteStore:
    return SqliteStore(folder / "store.db", clock or TestClock(), (THINGS, OTHERS))


def counter(folder: Path, steps: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", COUNTER, str(folder / "store.db"), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


async def test_processes_that_write_at_once_lose_no_step(data_dir: Path, scale: Scale) -> None:
    steps = scale.n(50, 2000)
    processes = [counter(data_dir, steps) for _ in range(2)]
    for process in processes:
        await asyncio.to_thread(process.communicate)
        assert process.returncode == 0
    store = open_store(data_dir)
    item = await store.get(THINGS, "p", "counter")
    assert item is not None
    assert item.data["count"] == item.version == 2 * steps
    await store.close()


async def test_a_killed_process_loses_no_reported_write_and_leaves_no_half_transaction(
    data_dir: Path, scale: Scale, proof: Proof
) -> None:
    kills = scale.n(4, 100)
    dice = random.Random(3)
    reported = 0
    for _ in range(kills):
        told = await asyncio.to_thread(killed, dice.random() * 0.1, COUNTER, str(data_dir / "store.db"), str(10**9))
        reported += len(told)
    store = open_store(data_dir)
    item = await store.get(THINGS, "p", "counter")
    assert item is not None
    assert reported <= item.data["count"] <= reported + kills
    steps = 0
    query = Query("steps", limit=MAX_PAGE)
    while True:
        page = await store.query(OTHERS, query)
        steps += len(page.items)
        if page.next is None:
            break
        query = replace(query, after=page.next)
    assert steps == item.data["count"]
    await store.close()
    proof("killed-store-writer", count=kills, result=f"0 of {reported} reported transactions lost, none half done")


async def test_a_store_opened_by_many_at_once_is_made_once(data_dir: Path) -> None:
    stores = [open_store(data_dir) for _ in range(8)]
    await asyncio.gather(*(store.write([Put(THINGS, "p", f"{n}", {})]) for n, store in enumerate(stores)))
    assert len((await stores[0].query(THINGS, Query("p"))).items) == 8
    for store in stores:
        await store.close()


async def test_a_damaged_item_is_noticed_and_the_others_stay_readable(data_dir: Path) -> None:
    store = open_store(data_dir)
    for sk in "abc":
        await store.write([Put(THINGS, "p", sk, {"text": "x" * 100})])
    await store.close()
    connection = apsw.Connection(str(data_dir / "store.db"))
    connection.execute("UPDATE t_things SET data = CAST(replace(data, 'xxx', 'xyx') AS BLOB) WHERE sk = 'b'")
    connection.execute("UPDATE t_things SET version = 7 WHERE sk = 'c'")
    connection.close()
    for sk in "bc":
        with pytest.raises(Corrupt):
            await store.get(THINGS, "p", sk)
    assert (await store.get_many(THINGS, [("p", "a")]))[0] is not None
    await store.close()


async def test_flipped_bits_never_give_wrong_data(data_dir: Path, scale: Scale, proof: Proof) -> None:
    store = open_store(data_dir)
    for number in range(30):
        await store.write([Put(THINGS, "p", f"{number}", {"n": number, "text": "x" * 300})])
    await store.close()
    content = (data_dir / "store.db").read_bytes()
    dice = random.Random(4)
    trials = scale.n(200, 10_000)
    noticed = 0
    for trial in range(trials):
        folder = data_dir / f"{trial}"
        folder.mkdir()
        damaged = bytearray(content)
        damaged[dice.randrange(100, len(content))] ^= 1 << dice.randrange(8)
        (folder / "store.db").write_bytes(damaged)
        one = open_store(folder)
        for number in range(30):
            try:
                item = await one.get(THINGS, "p", f"{number}")
            except Unavailable:
                noticed += 1
                continue
            assert item is None or item.data == {"n": number, "text": "x" * 300}
        for asked in (one.change_cursor(THINGS), one.scan(THINGS), one.write([Put(THINGS, "p", "30", {"n": 30})])):
            with contextlib.suppress(Unavailable):  # and nothing else is raised
                await asked
        await one.close()
        shutil.rmtree(folder)
    assert noticed
    proof("flipped-store-bits", count=trials, result=f"none gave wrong data, {noticed} reads were refused")


async def test_damage_that_makes_a_text_unreadable_is_damage(data_dir: Path) -> None:
    store = open_store(data_dir)
    await store.write([Put(THINGS, "p", "s", {"n": 1})])
    await store.close()
    path = data_dir / "store.db"
    content = path.read_bytes()
    assert b"expires_at_s" in content
    path.write_bytes(content.replace(b"expires_at_s", b"\xa0xpires_at_s"))  # a column's name, no text any more
    store = open_store(data_dir)
    with pytest.raises(Corrupt):
        await store.get(THINGS, "p", "s")
    with pytest.raises(Corrupt):
        await store.write([Put(THINGS, "p", "s", {"n": 2})])
    await store.close()


async def test_a_lost_count_of_changes_is_damage(data_dir: Path) -> None:
    store = open_store(data_dir)
    await store.write([Put(THINGS, "p", "s", {"n": 1})])
    other = apsw.Connection(str(data_dir / "store.db"))
    other.execute("DELETE FROM feeds")
    other.close()
    with pytest.raises(Corrupt):
        await store.change_cursor(THINGS)
    with pytest.raises(Corrupt):
        await store.write([Put(THINGS, "p", "s", {"n": 2})])
    await store.close()


@pytest.mark.parametrize("content", [b"", b"x", b"not a database at all" * 1000])
async def test_an_unreadable_file_is_refused_and_left_alone(data_dir: Path, content: bytes) -> None:
    path = data_dir / "store.db"
    path.write_bytes(content)
    store = open_store(data_dir)
    with pytest.raises(Corrupt):
        await store.get(THINGS, "p", "s")
    with pytest.raises(Corrupt):
        await store.write([Put(THINGS, "p", "s", {})])
    await store.close()
    assert path.read_bytes() == content


async def test_while_the_disk_fails_writes_are_unavailable_and_reads_go_on(data_dir: Path) -> None:
    store = open_store(data_dir)
    await store.write([Put(THINGS, "p", "s", {"n": 1})])
    assert await store.get(THINGS, "p", "other") is None
    with no_writing():
        for _ in range(3):
            with pytest.raises(Unavailable):
                await store.write([Put(THINGS, "p", "s", {"n": 2}), Put(OTHERS, "p", "s", {})])
        item = await store.get(THINGS, "p", "s")
        assert item is not None
        assert item.data == {"n": 1}
    await store.write([Put(THINGS, "p", "s", {"n": 3}, VersionIs(1))])
    assert await store.get(OTHERS, "p", "s") is None
    await store.close()


async def test_another_process_that_holds_the_lock_delays_a_write_and_no_read(data_dir: Path) -> None:
    store = open_store(data_dir)
    await store.write([Put(THINGS, "p", "s", {"n": 1})])
    other = apsw.Connection(str(data_dir / "store.db"))
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(store.write([Put(THINGS, "p", "s", {"n": 2})]))
    await asyncio.sleep(0.1)
    item = await store.get(THINGS, "p", "s")
    assert item is not None
    assert item.data == {"n": 1}
    assert not writing.done()
    other.execute("ROLLBACK")
    await writing
    other.close()
    await store.close()


async def test_a_lock_that_is_never_released_is_unavailable_and_not_for_ever(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motorcade.adapters.embedded.sqlite_engine.BUSY_TIMEOUT_MS", 50)
    store = open_store(data_dir)
    await store.write([Put(THINGS, "p", "s", {"n": 1})])
    other = apsw.Connection(str(data_dir / "store.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        await store.write([Put(THINGS, "p", "s", {"n": 2})])
    other.execute("ROLLBACK")
    await store.write([Put(THINGS, "p", "s", {"n": 3}, VersionIs(1))])
    other.close()
    await store.close()


async def test_an_index_that_is_declared_later_has_the_older_items_as_well(data_dir: Path) -> None:
    clock = TestClock()
    before = Table("things")
    old = SqliteStore(data_dir / "store.db", clock, (before,))
    await old.write([Put(before, "p", "a", {"colour": "red", "size": "1"}), Put(before, "p", "b", {"colour": "red"})])
    await old.close()
    new = open_store(data_dir, clock)
    page = await new.query(THINGS, Query("red", index="by_colour"))
    assert [item.sk for item in page.items] == ["a"]
    await new.close()


async def test_an_undeclared_table_is_refused(data_dir: Path) -> None:
    store = open_store(data_dir)
    for wrong in (Table("nothing"), Table("things")):
        with pytest.raises(Invalid):
            await store.get(wrong, "p", "s")
        with pytest.raises(Invalid):
            await store.write([Put(wrong, "p", "s", {})])
    await store.close()


async def test_old_removals_leave_the_file_and_a_cursor_from_before_is_refused(data_dir: Path) -> None:
    clock = TestClock()
    store = open_store(data_dir, clock)
    cursor = await store.change_cursor(THINGS)
    await store.write([Put(THINGS, "p", "s", {}, ANY, clock.now_ns() // NS_PER_S + 10)])
    await store.write([Put(THINGS, "p", "t", {})])
    await store.write([Delete(THINGS, "p", "t")])
    for _ in range(3):
        clock.skipped_s += store_file.FEED_RETENTION_S + store_file.SWEEP_EVERY_S
        await store.write([Put(OTHERS, "p", "s", {})])
    connection = apsw.Connection(str(data_dir / "store.db"))
    assert connection.execute("SELECT count(*) FROM t_things").fetchall() == [(0,)]
    connection.close()
    with pytest.raises(Invalid, match="older"):
        await store.changes(THINGS, cursor, 10)
    assert list(await store.changes(THINGS, await store.change_cursor(THINGS), 10)) == []
    await store.close()


async def test_two_thousand_states_are_written_without_holding_the_lock_for_long(data_dir: Path) -> None:
    store = open_store(data_dir)
    await store.write([Put(OTHERS, "p", "s", {})])
    writes: list[Write] = [
        Put(THINGS, f"o{number % 10}", f"{number}", {"snapshot": random.Random(number).randbytes(2500)}, Absent())
        for number in range(2000)
    ]
    begun = time.process_time()
    assert list(await store.write_batch(writes)) == []
    assert time.process_time() - begun < 1.0  # about 30 ms; processor time, because the machine is shared
    await store.close()
