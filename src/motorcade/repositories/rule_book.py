"""All organisations' rules in the memory of a program that folds, fresh within seconds.

A new version takes effect later than such a copy can be old, so every program judges a record alike.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from motorcade.domain.errors import Corrupt, Invalid, Unavailable
from motorcade.domain.geofence import VisitRules
from motorcade.domain.geofence.timeline import FenceTimeline, FenceVersion
from motorcade.domain.rules import Rules, RuleTimeline
from motorcade.domain.tenant import SystemScope
from motorcade.ports.clock import Clock
from motorcade.ports.store import Store
from motorcade.repositories.geofences import AllGeofences, GeofencesRepository
from motorcade.repositories.rules import AllRules, RulesRepository

REFRESH_S: Final = 1.0
"""Between two looks: a copy may be 5 s old when a new version takes effect, and a look may take a while."""

Fault = Callable[[Exception], None]


class RuleBook:
    """The rules, kept fresh.

    Args:
        scope: the platform's.
        store: where rules and fences live.
        clock: for rows that are written, and for the copy's age.
        on_fault: told of an error that is not the store's absence, once of each kind; refreshing goes on.
    """

    def __init__(self, scope: SystemScope, store: Store, clock: Clock, on_fault: Fault) -> None:
        self._scope = scope
        self._store = store
        self._clock = clock
        self._on_fault = on_fault
        self._rules, self._fences = AllRules(scope, store), AllGeofences(scope, store)
        self._standard = RuleTimeline()
        self._books: dict[str, RuleTimeline] = {}
        self._fence_parts: dict[str, tuple[list[FenceVersion], dict[VisitRules, FenceTimeline]]] = {}
        self._asked: set[str] = set()
        self._cursors = ("", "")
        self._refreshed_at_ns = clock.monotonic_ns()
        self._told: set[type[Exception]] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self, organisations: Iterable[str]) -> None:
        """Read what these organisations have, and keep everything fresh.

        Raises:
            Unavailable: the store does not answer, or a version is unreadable.
        """
        self._cursors = (await self._rules.cursor(), await self._fences.cursor())
        for org_id in organisations:
            await self._read(org_id)
        self._refreshed_at_ns = self._clock.monotonic_ns()
        self._task = asyncio.create_task(self._follow(), name="rule-book")

    def timeline(self, org_id: str) -> RuleTimeline:
        """The rules of an organisation, from memory; one that was never heard of has the defaults.

        They are what its first version is going to say: nobody's own version can be in force so soon.
        """
        found = self._books.get(org_id)
        if found is None:
            self._asked.add(org_id)
            return self._standard
        return found

    @property
    def age_s(self) -> float:
        """Since when nothing was heard from the store; versions made since are not known here."""
        return (self._clock.monotonic_ns() - self._refreshed_at_ns) / 1_000_000_000

    async def refresh(self) -> None:
        """Take over what changed since the last time.

        Raises:
            Unavailable: the store does not answer; what was known stays, as it does where a version is unreadable.
        """
        try:
            ruled, rules_at = await self._rules.changed(self._cursors[0])
            fenced, fences_at = await self._fences.changed(self._cursors[1])
        except Invalid:  # the feeds no longer reach back so far
            rules_at, fences_at = await self._rules.cursor(), await self._fences.cursor()
            ruled = fenced = frozenset(self._books)
        for org_id in fenced:
            self._fence_parts.pop(org_id, None)
        for org_id in sorted(ruled | fenced | self._asked):
            try:
                await self._read(org_id)
            except Corrupt as error:  # one organisation's row must not keep the others' changes away
                self._tell(error)
            self._asked.discard(org_id)
        self._cursors = (rules_at, fences_at)
        self._refreshed_at_ns = self._clock.monotonic_ns()

    async def close(self) -> None:
        """Stop refreshing. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.refresh()
            except Unavailable as error:
                self._tell(error)  # what is in memory serves until the store is back; its age is exported
            except Exception as error:  # noqa: BLE001 - whatever it is, a program that stops following is worse
                self._tell(error)

    def _tell(self, error: Exception) -> None:
        if type(error) not in self._told:
            self._told.add(type(error))
            self._on_fault(error)

    async def _read(self, org_id: str) -> None:
        scope = self._scope.acting_for(org_id)
        rules = RulesRepository(scope, self._store, self._clock)
        await rules.begin()
        versions = await rules.versions()
        self._books[org_id] = RuleTimeline(versions, await self._fences_of(org_id, versions))

    async def _fences_of(self, org_id: str, versions: tuple[Rules, ...]) -> dict[VisitRules, FenceTimeline]:
        """The fences for each way of counting visits; kept while no fence changes, for their index is dear."""
        kept = self._fence_parts.get(org_id)
        if kept is None:
            fences = GeofencesRepository(self._scope.acting_for(org_id), self._store, self._clock)
            kept = self._fence_parts[org_id] = (await fences.versions(), {})
        found, timelines = kept
        if not found:
            return {}
        for rules in versions:
            if rules.visits not in timelines:
                timelines[rules.visits] = FenceTimeline(found, rules.visits)
        return timelines
