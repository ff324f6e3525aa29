"""What people say about trips, and the rules by which trips are classified.

Edits are only ever added: they are their own history. How they find their trips is `domain/overlays/overlay.py`.
"""

from dataclasses import replace
from typing import Any, Final

import msgspec

from motorcade.domain.errors import Conflict, Denied, Invalid
from motorcade.domain.ids import id_bytes, new_id
from motorcade.domain.overlays import classification as classifying
from motorcade.domain.overlays.classification import MAX_CLASSIFYING_RULES, ClassifyingRule
from motorcade.domain.overlays.overlay import MAX_SPAN_NS, Edit, EditKind, check
from motorcade.domain.tenant import OrgScope
from motorcade.ports.clock import Clock
from motorcade.ports.store import Absent, Item, Put, Query, Store, VersionIs
from motorcade.repositories.tables import CLASSIFYING, OVERLAYS

PAGE: Final = 1_000


class OverlaysRepository:
    """People's edits in the scope's organisation."""

    def __init__(self, scope: OrgScope, store: Store, clock: Clock) -> None:
        """Bind to whoever edits, and to the clock that says when."""
        self._scope = scope
        self._store = store
        self._clock = clock

    async def add(
        self, vehicle_id: str, kind: EditKind, from_ns: int, to_ns: int, value: str = "", edit_id: str | None = None
    ) -> Edit:
        """Say something about a stretch of a vehicle's time.

        Args:
            vehicle_id: whose time; the caller has seen to it that it is the organisation's.
            kind: what; to take an edit back use `undo`.
            from_ns: see `Edit`.
            to_ns: see `Edit`.
            value: see `Edit`.
            edit_id: chosen by whoever asks, so that a repeated request does it once; None = a new one.

        Raises:
            Invalid: it means nothing.
            Conflict: another edit has this id already.
        """
        if kind is EditKind.UNDO:
            raise Invalid("an edit is taken back by its id")
        return await self._add(vehicle_id, kind, (from_ns, to_ns), value, edit_id)

    async def undo(self, undone_id: str, edit_id: str | None = None) -> Edit:
        """Take an edit back, or take back that it was taken back.

        Raises:
            Denied: the organisation has no such edit.
            Conflict: another edit has this id already.
        """
        undone = await self.get(undone_id)
        if undone is None:
            raise Denied("there is no such edit")
        stretch = (undone.from_ns, undone.to_ns)
        return await self._add(undone.vehicle_id, EditKind.UNDO, stretch, undone_id, edit_id)

    async def get(self, edit_id: str) -> Edit | None:
        """One edit; None where the organisation has none of this id."""
        item = await self._store.get(OVERLAYS, self._scope.org_id, edit_id)
        return None if item is None else _edit(item)

    async def of_vehicle(self, vehicle_id: str, from_ns: int, to_ns: int) -> list[Edit]:
        """All edits, undone ones too, whose stretch meets a stretch of a vehicle's time, in order of their begin."""
        found: list[Edit] = []
        after: str | None = None
        key = f"{self._scope.org_id}.{vehicle_id}"
        while True:
            page = await self._store.query(OVERLAYS, Query(key, "", after, PAGE, newest_first=True, index="by_time"))
            edits = [_edit(item) for item in page.items]
            found += [edit for edit in edits if edit.from_ns <= to_ns and edit.to_ns >= from_ns]
            if page.next is None or edits[-1].from_ns < from_ns - MAX_SPAN_NS:
                return found[::-1]
            after = page.next

    async def _add(
        self, vehicle_id: str, kind: EditKind, stretch: tuple[int, int], value: str, edit_id: str | None
    ) -> Edit:
        edit = Edit(
            id=_id(edit_id),
            vehicle_id=vehicle_id,
            kind=kind,
            from_ns=stretch[0],
            to_ns=stretch[1],
            value=value,
            by=self._scope.user_id,
            at_ns=self._clock.now_ns(),
        )
        check(edit)
        try:
            await self._store.write([Put(OVERLAYS, self._scope.org_id, edit.id, self._data(edit), Absent())])
        except Conflict:
            there = await self.get(edit.id)
            if there is None or replace(there, at_ns=edit.at_ns) != edit:
                raise
            return there
        return edit

    def _data(self, edit: Edit) -> dict[str, Any]:
        return {
            **msgspec.to_builtins(edit),
            "of_vehicle": f"{self._scope.org_id}.{edit.vehicle_id}",
            "begins": f"{edit.from_ns:020d}",
        }


class ClassifyingRepository:
    """The organisation's rules that say what trips were for."""

    def __init__(self, scope: OrgScope, store: Store, clock: Clock) -> None:
        """Bind to an organisation, and to the clock from which changes hold."""
        self._org_id = scope.org_id
        self._store = store
        self._clock = clock

    async def rules(self) -> list[ClassifyingRule]:
        """All rules, in the order in which they are asked; those that hold no longer still judge older trips."""
        items = (await self._store.query(CLASSIFYING, Query(self._org_id, limit=PAGE))).items
        ordered = sorted(items, key=lambda item: (item.data["place"], item.data["effective_from_ns"], item.sk))
        return [_rule(item) for item in ordered]

    async def add(self, rule: ClassifyingRule, place: int = 0) -> ClassifyingRule:
        """Make a rule that holds from now on; id and times of the given one are not used.

        Args:
            rule: what it says.
            place: rules with a smaller one are asked before it.

        Raises:
            Invalid: it means nothing, or there are too many.
        """
        classifying.check(rule)
        there = await self.rules()
        if sum(one.effective_until_ns is None for one in there) >= MAX_CLASSIFYING_RULES or len(there) >= PAGE:
            raise Invalid(f"an organisation has at most {MAX_CLASSIFYING_RULES} classifying rules; end some first")
        made = replace(rule, id=new_id(), effective_from_ns=self._clock.now_ns(), effective_until_ns=None)
        await self._store.write([Put(CLASSIFYING, self._org_id, made.id, _rule_data(made, place), Absent())])
        return made

    async def change(self, rule_id: str, rule: ClassifyingRule) -> ClassifyingRule:
        """Let another rule take a rule's place from now on; trips that began before keep what they were.

        Raises:
            Invalid: the new one means nothing.
            Denied: there is no such rule, or it has ended.
            Conflict: somebody else changed it meanwhile.
        """
        classifying.check(rule)
        item, old = await self._holding(rule_id)
        now_ns = self._clock.now_ns()
        made = replace(rule, id=new_id(), effective_from_ns=now_ns, effective_until_ns=None)
        place = item.data["place"]
        ended = _rule_data(replace(old, effective_until_ns=now_ns), place)
        await self._store.write(
            [
                Put(CLASSIFYING, self._org_id, rule_id, ended, VersionIs(item.version)),
                Put(CLASSIFYING, self._org_id, made.id, _rule_data(made, place), Absent()),
            ]
        )
        return made

    async def end(self, rule_id: str) -> None:
        """Let a rule hold no longer from now on.

        Raises:
            Denied: there is no such rule, or it has ended.
            Conflict: somebody else changed it meanwhile.
        """
        item, old = await self._holding(rule_id)
        ended = _rule_data(replace(old, effective_until_ns=self._clock.now_ns()), item.data["place"])
        await self._store.write([Put(CLASSIFYING, self._org_id, rule_id, ended, VersionIs(item.version))])

    async def _holding(self, rule_id: str) -> tuple[Item, ClassifyingRule]:
        item = await self._store.get(CLASSIFYING, self._org_id, rule_id)
        if item is None or item.data["effective_until_ns"] is not None:
            raise Denied("there is no such rule, or it has ended")
        return item, _rule(item)


def _id(asked: str | None) -> str:
    if asked is None:
        return new_id()
    id_bytes(asked)  # raises Invalid where it is none
    return asked


def _edit(item: Item) -> Edit:
    return msgspec.convert(item.data, Edit)


def _rule(item: Item) -> ClassifyingRule:
    return msgspec.convert(item.data, ClassifyingRule)


def _rule_data(rule: ClassifyingRule, place: int) -> dict[str, Any]:
    return {**msgspec.to_builtins(rule), "place": place}
