"""The consumer's loop: read the stream, run the pipeline, publish what changed, commit what was read.

One loop per partition. Reading and folding run in the event loop; commits run beside them in the store's thread.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, replace

from structlog.stdlib import BoundLogger

from motorcade.consumer.commits import CommitDoors, Commits, Stretch
from motorcade.consumer.context import Outcome, Tick, VehicleMemory, Work
from motorcade.consumer.dead_letters import PARK_AFTER, Brakes, place_of
from motorcade.consumer.dues import Dues
from motorcade.consumer.findings import has_finding, install, take_finding
from motorcade.consumer.folding import Folding, RulesOf
from motorcade.consumer.garbage import few_collections
from motorcade.consumer.memory import FleetMemory, stored_form, summary_of
from motorcade.consumer.pipeline import run
from motorcade.consumer.progress import RETRY_FIRST_S, RETRY_LAST_S, Progress, other_stream
from motorcade.domain.errors import Corrupt, CorruptEntry, Invalid, Trimmed, Unavailable
from motorcade.domain.record import NS_PER_S, Frame, Topic
from motorcade.domain.turns import Place as TurnPlace
from motorcade.observability.crash_points import crashpoint
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.live import LivePublisher
from motorcade.ports.stream import Entry, Stream
from motorcade.repositories.consumption import Checkpoint, Consumption, DeadLetter, Key, StoredState
from motorcade.repositories.findings import Findings
from motorcade.repositories.refolds import Refolds
from motorcade.wire.live_event import encode_live
from motorcade.wire.report import record_id_of, report_of

READ_ENTRIES = 64
"""Entries per read: a group commit each, so a few ten milliseconds of work before the loop turns."""
PUBLISH_EVERY_NS = 20_000_000
"""Longest time between a change and its publishing: well inside the 50 ms that the live path promises."""
SILENT_AFTER_NS = 90 * NS_PER_S
"""Without any appender's heartbeat for so long no connection can be open (three lease times of a gateway)."""
REFOLDS_EVERY_NS = NS_PER_S
"""How often results of re-folds are looked for."""
HORIZON_LAG_NS = 5 * NS_PER_S
"""How far the horizon stays behind the heartbeats."""
WAIT_BUSY_S, WAIT_IDLE_S = 0.02, 0.25
"""Longest wait for the next entry while something is unpublished or uncommitted, and while nothing is."""
BRAKED_S = 60.0
"""Pause of a partition whose brakes closed, before it reads on."""
_HEARTBEAT = int(Topic.HEARTBEAT)  # looking a member up costs more than the comparison with it
_OUTSIDE_CLAIM = Outcome.OUTSIDE_CLAIM


@dataclass(frozen=True, slots=True)
class Doors:
    """What the room works through."""

    stream: Stream
    consumption: Consumption
    findings: Findings
    refolds: Refolds
    rules_of: RulesOf
    live: LivePublisher
    clock: Clock
    metrics: Metrics
    log: BoundLogger


class ConsumerLoop:
    """Consumes one partition until it is stopped."""

    def __init__(self, doors: Doors, partition: int = 0) -> None:
        """Bind the room's doors; `start` takes the partition over."""
        self._doors = doors
        self._clock, self._metrics, self._log = doors.clock, doors.metrics, doors.log
        self._partition = partition
        self.memory = FleetMemory()
        self.progress = Progress(0)
        self._tick = Tick()
        self._brakes = Brakes()
        self._dead: list[DeadLetter] = []
        self._stop = asyncio.Event()
        self._silent = False
        self._published_at_ns = self._refolds_at_ns = 0
        commit_doors = CommitDoors(doors.consumption, doors.findings, self._unstored)
        self._commits = Commits(commit_doors, Checkpoint(partition, 0, 0, {}, 0))
        self._dues = Dues(0)
        self._folding = Folding(doors.rules_of, doors.clock, self._folded, self._fold_failed)
        self._told: set[object] = set()

    async def start(self) -> None:
        """Take the partition over, restore every vehicle and publish it.

        Raises:
            Corrupt: a stored state is unreadable; refusing is better than starting from nothing.
            Conflict: another consumer takes over at the same moment.
            Invalid: the stream is not the one that was consumed until now.
        """
        checkpoint = await self._doors.consumption.take_over(self._partition)
        self._commits.checkpoint = checkpoint
        self.progress = Progress(checkpoint.read_from, Counter(), 0, self._clock.monotonic_ns())
        self._dues = Dues(checkpoint.read_from)
        with contextlib.suppress(Unavailable):  # known vehicles are shown also while the stream cannot be read
            await self._recognise()
        for stored in await self._doors.consumption.states():
            vehicle = self.memory.restore(stored, checkpoint.stream)
            self._folding.waits(vehicle)
            self._tick.to_publish.add(stored.key)
            self.progress.counts.update(vehicle.counts)
            self.progress.counts["received"] += sum(vehicle.counts.values())
        self._publish()
        self._metrics.read("motorcade_consumer_vehicles", lambda: float(len(self.memory.vehicles)))
        self._log.info("consumer_started", vehicles=len(self.memory.vehicles), position=self.progress.position)

    def stop(self) -> None:
        """Ask the loop to end; safe in a signal handler of the event loop."""
        self._stop.set()

    async def run(self) -> None:
        """Consume until `stop`; the last thing is a commit of everything folded.

        Raises:
            Conflict: another consumer has taken over.
            Invalid: the stream is not the one that was consumed until now; nothing more is committed.
        """
        with few_collections():
            await self._until_stopped()
        await self._finish()

    async def _until_stopped(self) -> None:
        while not self._stop.is_set():
            try:
                await self._once()
            except CorruptEntry as error:
                self._log.error("stream_entry_unreadable", position=error.position)
                self._metrics.count("motorcade_consumer_corrupt_entries_total").add()
                self.progress.position = error.position
                await self._turn()
            except Trimmed as error:
                self._log.error("stream_gap", after=self.progress.position, oldest=error.oldest)
                self._metrics.count("motorcade_consumer_gaps_total").add()
                self.progress.position = error.oldest - 1
                await self._turn()
            except Unavailable as error:
                await self._back_off(error)

    async def _back_off(self, error: Unavailable) -> None:
        """Wait for a stream that does not answer or is damaged as a whole. Nothing of it is skipped."""
        told = self._log.error if isinstance(error, Corrupt) else self._log.warning
        told("consumer_retries", reason=str(error), after_s=self.progress.retry_s)
        self.progress.stream = ""  # what comes back may be another one
        await self._turn()
        await self._sleep(self.progress.retry_s)
        self.progress.retry_s = min(2 * self.progress.retry_s, RETRY_LAST_S)

    async def _recognise(self) -> None:
        """Make sure that the place reached is one in this very stream.

        Raises:
            Invalid: it is not: going on from there would leave out records without a word.
        """
        stream, known = await self._doors.stream.identity(), self._commits.checkpoint
        if known.position and known.stream not in ("", stream):
            raise other_stream(f"is not the one that the checkpoint in store.db is about (entry {known.position})")
        await self._check_end()
        self.progress.stream = stream

    async def _check_end(self) -> None:
        end = await self._doors.stream.end(self._partition)
        position = max(self.progress.position, self._commits.checkpoint.position)
        if end < position:
            raise other_stream(f"ends at entry {end}, before the checkpoint in store.db (entry {position})")

    async def _once(self) -> None:
        if not self.progress.stream:
            await self._recognise()
        entries = await self._doors.stream.read(self._partition, self.progress.position, READ_ENTRIES)
        self.progress.retry_s = RETRY_FIRST_S
        for entry in entries:
            dead = len(self._dead)
            self.take(entry)
            crashpoint("consumer.taken")
            must_stop = len(self._dead) > dead and self._brakes.must_stop(entry.appended_at_ns)
            await self._turn()
            if must_stop:
                self._log.error("partition_braked", partition=self._partition, position=entry.position)
                self._metrics.count("motorcade_consumer_braked_total").add()
                await self._commit()
                await self._sleep(BRAKED_S)
        self._watch_gateways()
        await self._install_refolds()
        await self._turn()
        if not entries:
            await self._check_end()
            owes = self._tick.to_publish or self._dues or self._folding.owes
            wait_s = WAIT_BUSY_S if owes else WAIT_IDLE_S
            await self._doors.stream.wait(self._partition, self.progress.position, wait_s)

    async def _install_refolds(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._refolds_at_ns or not self.progress.horizon_ns:
            return
        self._refolds_at_ns = now_ns + REFOLDS_EVERY_NS
        for result in await self._doors.refolds.ready():
            vehicle = self.memory.vehicles.get(result.key)
            if vehicle is None or vehicle.episodes.also:  # what was installed last is not committed yet
                continue
            timeline = self._doors.rules_of(vehicle.org_id)
            outcome = "installed" if install(vehicle, result, timeline, self.progress.horizon_ns) else "outdated"
            self._metrics.count("motorcade_consumer_refolds_total", outcome).add()
            self._folded(vehicle)
            self._folding.waits(vehicle)

    async def _turn(self) -> None:
        """Fold, publish and commit when due, and let the loop turn."""
        self._folding.work()
        while self._folding.behind:
            await self._publish_and_commit()
            self._folding.work()
        if not self._folding.owes:
            self._dues.folded_until(self._folding.horizon_ns)
        await self._publish_and_commit()

    async def _publish_and_commit(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._published_at_ns >= PUBLISH_EVERY_NS:
            self._publish()
        if self._uncommitted and await self._commits.due(now_ns):
            self._begin_commit()
        await asyncio.sleep(0)

    @property
    def _uncommitted(self) -> bool:
        return bool(self._dues) or self.progress.position > self._commits.checkpoint.position

    def _folded(self, vehicle: VehicleMemory) -> None:
        if has_finding(vehicle):
            self._dues.hurry(vehicle)
        else:
            self._dues.touch(vehicle)

    def _fold_failed(self, vehicle: VehicleMemory, error: Exception) -> None:
        reason = self._tell_fault(error)
        self._metrics.count("motorcade_consumer_fold_faults_total").add()
        if (vehicle.key, "fold") not in self._told:
            self._told.add((vehicle.key, "fold"))
            self._log.error("fold_failed", org_id=vehicle.org_id, vehicle_id=vehicle.vehicle_id, reason=reason)

    def take(self, entry: Entry) -> None:
        """Run every record of an entry through the pipeline; one that was folded before is passed over.

        A stream may deliver again. A place in it counts once, and the checkpoint never goes back.
        """
        if entry.position <= self.progress.position:
            return
        counts, active, at_ns = self.progress.counts, self._brakes.active, entry.appended_at_ns
        vehicle_of, touch, to_publish = self.memory.of, self._dues.touch, self._tick.to_publish
        took, position = self._folding.took, entry.position
        for index, frame in enumerate(entry.frames):
            if frame[4] == _HEARTBEAT:
                self.progress.horizon_ns = max(self.progress.horizon_ns, frame[7] - HORIZON_LAG_NS)
                self.progress.heard_at_ns = self._clock.monotonic_ns()
                continue
            vehicle = vehicle_of(frame)
            key = vehicle.key
            if position <= vehicle.at:
                self._take_again(vehicle, frame)
                continue
            active[key] = at_ns
            work = Work(frame, vehicle)
            try:
                outcome = run(work)
            except Invalid as error:
                outcome = self._set_aside(entry, index, vehicle, str(error))
            except Exception as error:  # noqa: BLE001 - one record must not hold up all others; the brakes notice many
                outcome = self._set_aside(entry, index, vehicle, self._tell_fault(error))
            counts["received"] += 1
            counts[outcome] += 1
            vehicle.counts[outcome] = vehicle.counts.get(outcome, 0) + 1
            touch(vehicle)
            if outcome is not _OUTSIDE_CLAIM:
                to_publish.add(key)
            if work.report is not None:
                took(vehicle, work.report, late=work.late)
        self.progress.position = position
        self._dues.taken(entry)
        self._folding.horizon_ns = self.progress.horizon_ns
        if entry.frames:
            lag_ns = max(0, self._clock.now_ns() - entry.frames[-1][7])
            self._metrics.count("motorcade_consumer_lag_seconds").n = lag_ns / NS_PER_S

    def _take_again(self, vehicle: VehicleMemory, frame: Frame) -> None:
        """A record that the vehicle's stored state knows of: it may still have to wait for its turn."""
        report = report_of(frame, record_id_of(frame))
        if report is not None and vehicle.episodes.turns.offer(report) is TurnPlace.WAITS:
            self._folding.waits(vehicle)

    def _set_aside(self, entry: Entry, index: int, vehicle: VehicleMemory, reason: str) -> Outcome:
        key, frame = vehicle.key, entry.frames[index]
        self._dead.append(DeadLetter(key, entry.position, index, frame[4], frame[7], frame[9], reason))
        bad = self._brakes.failed(key, entry.appended_at_ns)
        if bad == PARK_AFTER:
            self._log.error("vehicle_unreadable", org_id=key[0], vehicle_id=key[1], bad=bad, reason=reason)
        return Outcome.DEAD

    def _tell_fault(self, error: Exception) -> str:
        """A step failed in a way that it does not know: log each such place once; gives the dead letter's reason."""
        kind, way = place_of(error)
        if kind not in self._told:
            self._told.add(kind)
            self._log.error("pipeline_fault", kind=kind, traceback=way)
        return f"a fault of this program: {kind}"

    def _watch_gateways(self) -> None:
        silent = self._clock.monotonic_ns() - self.progress.heard_at_ns > SILENT_AFTER_NS
        if silent != self._silent:
            self._silent = silent
            self._tick.to_publish.update(self.memory.vehicles)
            self._log.warning("gateway_silent" if silent else "gateway_heard")

    def _publish(self) -> None:
        self._published_at_ns = self._clock.monotonic_ns()
        if not self._tick.to_publish:
            return
        keys, self._tick.to_publish = self._tick.to_publish, set()
        vehicles = self.memory.vehicles
        self._doors.live.publish(
            {key: encode_live(summary_of(vehicles[key], gateway_silent=self._silent)) for key in keys}
        )

    def _begin_commit(self) -> None:
        dead, self._dead = self._dead, []
        vehicles, reached = self._dues.next(lambda: (self.progress.position, dict(self.progress.counts)))
        states = [self._stored_form(vehicle) for vehicle in vehicles]
        findings = [finding for vehicle in vehicles if (finding := take_finding(vehicle, self.progress.position))]
        for vehicle in vehicles:
            vehicle.version += 1
        place = replace(self._commits.checkpoint, stream=self._stream)
        if reached is not None:
            position = max(place.position, reached.position)
            place = replace(place, position=position, read_from=reached.read_from, counts=reached.counts)
        for outcome, count in self.progress.counts.items():
            self._metrics.count("motorcade_consumer_records_total", outcome).n = count
        stretch = Stretch(place, states, dead, findings, self.progress.position)
        self._commits.begin(self._clock.monotonic_ns(), stretch, self._log)

    @property
    def _stream(self) -> str:
        return self.progress.stream or self._commits.checkpoint.stream

    def _stored_form(self, vehicle: VehicleMemory) -> StoredState:
        before = len(vehicle.fields)
        state = stored_form(vehicle, self.progress.position, self._stream)
        dropped = before - len(vehicle.fields)
        if dropped:
            self._metrics.count("motorcade_consumer_readings_dropped_total").add(dropped)
            if vehicle.key not in self._told:
                self._told.add(vehicle.key)
                self._log.error("state_too_large", org_id=vehicle.org_id, vehicle_id=vehicle.vehicle_id, lost=dropped)
        return state

    def _unstored(self, key: Key) -> None:
        """The store could not hold a vehicle's state: it still has the one before."""
        self._metrics.count("motorcade_consumer_states_unstored_total").add()
        self.memory.vehicles[key].version -= 1

    async def _commit(self) -> None:
        """Make everything folded so far durable."""
        await self._commits.settle()
        while self._uncommitted:
            self._begin_commit()
            await self._commits.settle()

    async def _finish(self) -> None:
        self._publish()
        await self._commit()
        self._log.info("consumer_stopped", position=self._commits.checkpoint.position)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
