"""Jobs: done at least once, tried again with pauses, given up in bounded attempts, never held by a dead worker."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import apsw
import pytest

from motorcade.adapters.embedded import sqlite_engine
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.domain.errors import Denied, Invalid, Unavailable
from motorcade.ports.queue import Depth, Message
from motorcade.worker import attempt, line
from motorcade.worker.job import Handler, Job, JobKind
from tests.unit.worker.rig import Rig, running, until

KIND = "work"


def message(body: str = "", org: str = "org", key: str | None = None) -> Message:
    return Message(org, body.encode(), key)


def kind(handle: Handler, *, at_once: int = 8, per_org: int = 8, limit_s: float = 30.0, attempts: int = 3) -> JobKind:
    return JobKind(KIND, handle, at_once, per_org, limit_s, attempts)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(attempt, "pause_s", lambda _: 0.0)
    monkeypatch.setattr(line, "pause_s", lambda *_, **__: 0.05)
    return iter(())


async def test_a_job_is_told_all_about_itself_and_is_gone_when_done(rig: Rig) -> None:
    done: list[Job] = []

    async def handle(job: Job) -> None:
        done.append(job)

    before_ns = rig.clock.now_ns()
    await rig.queue.send(KIND, [Message("org", b"body", "key")])
    async with running(rig.worker(kinds=[kind(handle)])):
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)
    assert await rig.queue.depth(KIND) == Depth(0, 0, 0)
    (job,) = done
    assert (job.kind, job.org_id, job.key, job.body, job.attempt) == (KIND, "org", "key", b"body", 1)
    assert before_ns <= job.sent_at_ns <= rig.clock.now_ns()


@pytest.mark.parametrize("error", [Invalid("the wheel is missing"), Denied("it may not")])
async def test_what_can_never_be_done_becomes_a_dead_letter_at_once(rig: Rig, error: Exception) -> None:
    tried = Counter[str]()

    async def handle(job: Job) -> None:
        tried["it"] += 1
        raise error

    await rig.queue.send(KIND, [message()])
    async with running(rig.worker(kinds=[kind(handle)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
    (dead,) = await rig.queue.dead(KIND, 10)
    assert tried["it"] == 1
    assert dead.reason == f"{type(error).__name__}: {error}"


async def test_a_failing_job_is_tried_again_and_ends_after_its_attempts(rig: Rig, no_pause: None) -> None:
    attempts: list[int] = []

    async def handle(job: Job) -> None:
        attempts.append(job.attempt)
        raise Unavailable("the garage is closed")

    await rig.queue.send(KIND, [message()])
    async with running(rig.worker(kinds=[kind(handle, attempts=4)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
    assert attempts == [1, 2, 3, 4]
    assert rig.metrics.value("motorcade_worker_jobs_total", "retried") == 3
    (dead,) = await rig.queue.dead(KIND, 10)
    assert (dead.reason, dead.receives) == ("Unavailable: the garage is closed", 4)


async def test_a_redriven_dead_letter_has_all_its_attempts_again(rig: Rig, no_pause: None) -> None:
    broken = True
    attempts: list[int] = []

    async def handle(job: Job) -> None:
        attempts.append(job.attempt)
        if broken:
            raise Unavailable("closed")

    await rig.queue.send(KIND, [message()])
    async with running(rig.worker(kinds=[kind(handle, attempts=2)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
        broken = False
        assert await rig.queue.redrive(KIND, 10) == 1
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)
    assert attempts == [1, 2, 1]


async def test_a_poison_job_holds_up_nobody_and_its_words_are_not_kept(rig: Rig, no_pause: None) -> None:
    done: list[bytes] = []

    async def handle(job: Job) -> None:
        if job.body == b"poison":
            raise ZeroDivisionError("something secret")
        done.append(job.body)

    await rig.queue.send(KIND, [message("poison"), message("good")])
    async with running(rig.worker(kinds=[kind(handle, at_once=1)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
        await until(lambda: done == [b"good"])
    (dead,) = await rig.queue.dead(KIND, 10)
    assert "ZeroDivisionError in handle" in dead.reason
    assert "secret" not in dead.reason


async def test_a_job_that_was_begun_too_often_is_not_begun_again(rig: Rig) -> None:
    """A job that ends its worker never fails; only the times that it was handed out tell of it."""
    begun: list[Job] = []

    async def handle(job: Job) -> None:
        begun.append(job)

    await rig.queue.send(KIND, [message()])
    for _ in range(3):
        await rig.queue.receive(KIND, 1, lease_s=1, per_group=1)
        rig.clock.skipped_s += 1
    async with running(rig.worker(kinds=[kind(handle, attempts=3)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
    assert begun == []
    (dead,) = await rig.queue.dead(KIND, 10)
    assert "never ended" in dead.reason


async def test_a_hanging_job_is_ended_after_its_time(rig: Rig, no_pause: None) -> None:
    cancelled = Counter[str]()

    async def handle(job: Job) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled["it"] += 1
            raise

    await rig.queue.send(KIND, [message()])
    async with running(rig.worker(kinds=[kind(handle, limit_s=0.1, attempts=2)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
    assert cancelled["it"] == 2
    (dead,) = await rig.queue.dead(KIND, 10)
    assert dead.reason == "TimeoutError: it took longer than 0.1 s"


async def test_a_job_that_does_not_even_end_when_cancelled_is_left_to_itself(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "CANCEL_S", 0.1)
    let_go = asyncio.Event()
    begun: list[bytes] = []

    async def handle(job: Job) -> None:
        begun.append(job.body)
        while job.body == b"stubborn" and not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    await rig.queue.send(KIND, [message("stubborn"), message("good")])
    async with running(rig.worker(kinds=[kind(handle, at_once=1, limit_s=0.1, attempts=1)])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", KIND) == 1)
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)
    let_go.set()
    assert begun == [b"stubborn", b"good"]


async def test_a_long_job_keeps_its_lease(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "BEAT_S", 0.1)
    monkeypatch.setattr(attempt, "LEASE_S", 0.5)
    monkeypatch.setattr(line, "LEASE_S", 0.5)
    runs = Counter[str]()

    async def handle(job: Job) -> None:
        runs["it"] += 1
        await asyncio.sleep(1.5)

    await rig.queue.send(KIND, [message()])
    async with running(*(rig.worker(kinds=[kind(handle)]) for _ in range(2))):
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)
    assert runs["it"] == 1


async def test_a_worker_that_lost_its_lease_stops_working(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "BEAT_S", 0.1)
    cancelled = asyncio.Event()

    async def handle(job: Job) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await rig.queue.send(KIND, [message()])
    async with running(rig.worker(kinds=[kind(handle, at_once=1)])):
        await until(lambda: rig.metrics.value("motorcade_worker_running") == 1)
        while not (other := await rig.queue.receive(KIND, 1, lease_s=600, per_group=9)):  # as another worker, later
            rig.clock.skipped_s += attempt.LEASE_S
        await asyncio.wait_for(cancelled.wait(), 10)
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "lost") == 1)
        assert await rig.queue.done(other[0]), "the one who has it may end it"


async def test_a_stopping_worker_finishes_what_is_quick_and_gives_back_the_rest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "FINISH_S", 0.5)
    begun: list[bytes] = []

    async def handle(job: Job) -> None:
        begun.append(job.body)
        await asyncio.sleep(3600 if job.body == b"slow" else 0.2)

    await rig.queue.send(KIND, [message("slow"), message("quick")])
    async with running(rig.worker(kinds=[kind(handle)])):
        await until(lambda: len(begun) == 2)
    assert (await rig.queue.depth(KIND)).held == 0, "nothing is held after the end"
    held = await rig.queue.receive(KIND, 10, lease_s=60, per_group=10)
    assert {one.message.body for one in held} == {b"slow"}, "what was given back is due at once"
    assert rig.metrics.value("motorcade_worker_jobs_total", "done") == 1


async def test_an_organisation_has_no_more_than_its_share_under_way(rig: Rig) -> None:
    now, most = Counter[str](), Counter[str]()

    async def handle(job: Job) -> None:
        now[job.org_id] += 1
        most[job.org_id] = max(most[job.org_id], now[job.org_id])
        await asyncio.sleep(0.02)
        now[job.org_id] -= 1

    await rig.queue.send(KIND, [message(org=f"org{n % 3}") for n in range(90)])
    workers = [rig.worker(kinds=[kind(handle, per_org=2)]) for _ in range(2)]
    async with running(*workers):
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 90)
    assert set(most.values()) == {2}


async def test_two_workers_share_and_double_nothing(rig: Rig) -> None:
    done = Counter[bytes]()

    async def handle(job: Job) -> None:
        await asyncio.sleep(0)
        done[job.body] += 1

    for start in range(0, 300, 100):
        await rig.queue.send(KIND, [message(f"{n}") for n in range(start, start + 100)])
    async with running(*(rig.worker(kinds=[kind(handle)]) for _ in range(2))):
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 300)
    assert len(done) == 300
    assert set(done.values()) == {1}


async def test_a_queue_that_is_away_is_waited_out(rig: Rig, no_pause: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "SETTLE_PAUSE_S", 0.2)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(job: Job) -> None:
        begun.set()
        await go_on.wait()

    await rig.queue.send(KIND, [message()])
    await rig.queue.close()
    hidden, shown = rig.folder / "hidden", rig.folder / "queue.db"
    async with running(rig.worker(kinds=[kind(handle)])):
        await begun.wait()
        for queue in rig.queues:
            queue._drop_reader()
            queue._writer.close()
        shown.rename(hidden)
        shown.write_bytes(b"")  # unusable, and no new one is made in its place
        go_on.set()
        await until(lambda: rig.metrics.value("motorcade_worker_faults_total", "line") > 0)
        hidden.replace(shown)
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)


async def test_a_queue_that_another_process_locks_is_waited_out(
    rig: Rig, no_pause: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_engine, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(attempt, "SETTLE_PAUSE_S", 0.3)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(job: Job) -> None:
        begun.set()
        await go_on.wait()

    await rig.queue.send(KIND, [message()])
    locker = apsw.Connection(str(rig.folder / "queue.db"))
    async with running(rig.worker(kinds=[kind(handle)])):
        await begun.wait()
        locker.execute("BEGIN IMMEDIATE")
        go_on.set()
        with pytest.raises(Unavailable, match="locked"):
            await SqliteQueue(rig.folder / "queue.db", rig.clock).send(KIND, [message()])
        await asyncio.sleep(0.2)
        locker.execute("COMMIT")
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 1)
    locker.close()
    assert await rig.queue.depth(KIND) == Depth(0, 0, 0)


async def test_pauses_grow_to_their_limit_and_are_spread(rig: Rig) -> None:
    from motorcade.worker.retry import FIRST_S, MOST_S, pause_s

    for failures in (1, 2, 5, 10, 40, 4000):
        bound = min(MOST_S, FIRST_S * 2 ** min(failures - 1, 60))
        pauses = [pause_s(failures) for _ in range(300)]
        assert 0 <= min(pauses) < 0.1 * bound
        assert 0.9 * bound < max(pauses) <= bound
