"""`motorcade verify` and `motorcade replay`: what the archive says, compared with the store or laid beside it."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.app.compose import House, open_house
from motorcade.app.engine import open_rules
from motorcade.app.settings import Settings
from motorcade.domain.errors import Invalid
from motorcade.repositories.consumption import Consumption, Key
from motorcade.repositories.episodes import RowsRepository
from motorcade.repositories.findings import Finding, Findings
from motorcade.repositories.history import HistoryRepository
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.refolds import Refolds
from motorcade.repositories.tables import EPISODES, FOLD_STATES, OUTBOX
from motorcade.worker.replay import ReplayDoors, replay
from motorcade.worker.verify import Verdict, VerifyDoors, verify

Progress = Callable[[int, int], None]
"""Told of vehicles done and vehicles in all."""


@dataclass(slots=True)
class Summary:
    """What a whole run came to.

    Attributes:
        vehicles: how many were folded.
        records: how many records.
        rows: rows by kind (replay), or compared (verify).
        verdicts: those vehicles that have differences, doubts or gaps.
    """

    vehicles: int = 0
    records: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    verdicts: list[Verdict] = field(default_factory=list)


async def verify_fleet(settings: Settings, vehicle_id: str | None, progress: Progress) -> Summary:
    """Compare every vehicle, or one, with its archive.

    Raises:
        Invalid: there is no such vehicle.
        Unavailable: the archive has not come as far as the consumer.
    """
    summary = Summary()
    async with _archive(settings) as (house, reading):
        consumption, manifest = Consumption(house.scope, house.store), Manifest(house.scope, house.store)
        keys = await _keys(consumption, vehicle_id)
        doors = VerifyDoors(
            consumption=consumption,
            rows=RowsRepository(house.scope, house.store),
            refolds=Refolds(house.scope, house.store),
            replay=reading,
            archived=lambda: manifest.reached(0),
        )
        async for verdict in verify(doors, keys):
            summary.vehicles += 1
            summary.records += verdict.records
            summary.rows["compared"] += verdict.rows
            if verdict.differences or verdict.doubtful or verdict.gaps:
                summary.verdicts.append(verdict)
            progress(summary.vehicles, len(keys))
    return summary


async def replay_fleet(
    settings: Settings, from_ns: int, until_ns: int | None, vehicle_id: str | None, progress: Progress
) -> tuple[Summary, Path]:
    """Fold the archive again into a store of its own; nothing is announced and nothing else is changed.

    Args:
        settings: whose archive.
        from_ns: rows that began earlier are left out, though their records are folded.
        until_ns: records from here on are not folded; None is now.
        vehicle_id: only this one; None takes all.
        progress: see `Progress`.

    Returns:
        The summary, and the new store's file.

    Raises:
        Invalid: there is no such vehicle, or the range is empty.
    """
    summary = Summary()
    async with _archive(settings) as (house, reading):
        now_ns = house.clock.now_ns()
        until_ns = now_ns if until_ns is None else until_ns
        if from_ns >= until_ns:
            raise Invalid("the range is empty: --from must be earlier than --to")
        keys = await _keys(Consumption(house.scope, house.store), vehicle_id)
        path = (
            settings.data_dir / "replays" / f"{datetime.fromtimestamp(now_ns // 1_000_000_000, UTC):%Y%m%dT%H%M%SZ}.db"
        )
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = SqliteStore(path, house.clock, (EPISODES, FOLD_STATES, OUTBOX))
        try:
            findings = Findings(house.scope, beside, house.clock)
            for key in keys:
                done = await replay(reading, key, (until_ns - 1, b"\xff" * 16))
                rows = [row for row in done.rows.values() if from_ns <= row.started_at_ns < until_ns]
                await beside.write_batch(await findings.writes([Finding(key, rows)]))
                summary.vehicles += 1
                summary.records += done.records
                summary.rows.update(row.kind for row in rows)
                if done.gaps:
                    summary.verdicts.append(
                        Verdict(key, done.records, len(rows), [], doubtful=False, gaps=len(done.gaps))
                    )
                progress(summary.vehicles, len(keys))
        finally:
            await beside.close()
    return summary, path


@contextlib.asynccontextmanager
async def _archive(settings: Settings) -> AsyncIterator[tuple[House, ReplayDoors]]:
    async with open_house(settings, "command line", None) as house:
        archive, manifest = FileArchive(settings.archive_dir), Manifest(house.scope, house.store)
        try:
            async with open_rules(house) as rules_of:

                def history_of(org_id: str) -> HistoryRepository:
                    return HistoryRepository(house.scope.acting_for(org_id), manifest, archive)

                yield house, ReplayDoors(history_of, rules_of)
        finally:
            await archive.close()


async def _keys(consumption: Consumption, vehicle_id: str | None) -> list[Key]:
    keys = sorted(state.key for state in await consumption.states())
    if vehicle_id is None:
        return keys
    chosen = [key for key in keys if key[1] == vehicle_id]
    if not chosen:
        raise Invalid(f"no vehicle {vehicle_id} has sent anything here")
    return chosen
