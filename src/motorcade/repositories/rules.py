"""An organisation's rules: every version for ever, each with the time from which it is in force."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from motorcade.domain.alerts.numbering import numbered
from motorcade.domain.alerts.rule_form import read_rule, write_rule
from motorcade.domain.episodes.charge import ChargeRules
from motorcade.domain.episodes.parked import ParkedRules
from motorcade.domain.episodes.safety_rules import SafetyRules
from motorcade.domain.episodes.trip import TripRules
from motorcade.domain.errors import Conflict, Corrupt, Invalid
from motorcade.domain.geofence import VisitRules
from motorcade.domain.ids import id_bytes, id_text
from motorcade.domain.rules import Rules, check_rules
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.ports.clock import Clock
from motorcade.ports.store import Absent, Item, Put, Query, Store
from motorcade.repositories.geofences import TAKES_EFFECT_NS
from motorcade.repositories.tables import RULES

PAGE: Final = 1000
MAX_BYTES: Final = 350_000
"""Of one version as stored: an item of the smallest engine holds 400 kB with its keys."""
_ID_BYTES: Final = 16


class RulesRepository:
    """The rules of the scope's organisation."""

    def __init__(self, scope: OrgScope, store: Store, clock: Clock) -> None:
        self._scope = scope
        self._store = store
        self._clock = clock

    async def versions(self) -> tuple[Rules, ...]:
        """All versions, the oldest first, without the fences; of a fresh organisation the defaults.

        Raises:
            Corrupt: a stored version is unreadable.
        """
        found: list[Rules] = []
        after: str | None = None
        while True:
            page = await self._store.query(RULES, Query(self._scope.org_id, after=after, limit=PAGE))
            found += [rules_of(item) for item in page.items]
            if page.next is None:
                return tuple(found) or (Rules(),)
            after = page.next

    async def newest(self) -> Rules:
        """The version made last, in force or not yet."""
        return (await self.versions())[-1]

    async def begin(self) -> None:
        """Write the defaults down as the first version, unless there is one: a later program may have others."""
        await self._put_first(Rules())

    async def change(self, draft: Rules, seen_version: int, effective_from_ns: int | None = None) -> Rules:
        """Make a new version.

        Args:
            draft: what it shall say; its version, times and fences do not matter, nor do the versions of its rules of
                alerts: what changed is numbered anew.
            seen_version: the version that whoever asks has seen.
            effective_from_ns: from when it shall be in force; None = as soon as may be.

        Returns:
            The version as it is stored.

        Raises:
            Invalid: it means nothing, is too large, or shall be in force too soon: consumers would not know it yet.
            Conflict: somebody else made a version meanwhile.
        """
        versions = await self.versions()
        newest = versions[-1]
        if newest.version != seen_version:
            raise Conflict("the rules were changed by someone else; read them again")
        soonest_ns = max(self._clock.now_ns() + TAKES_EFFECT_NS, newest.effective_from_ns + 1)
        if effective_from_ns is not None and effective_from_ns < soonest_ns:
            seconds = TAKES_EFFECT_NS // 1_000_000_000
            raise Invalid(f"rules take effect {seconds} s from now or later, and after the version before")
        alerts = numbered(draft.alerts, [version.alerts for version in versions])
        made = replace(
            draft,
            version=newest.version + 1,
            effective_from_ns=soonest_ns if effective_from_ns is None else effective_from_ns,
            alerts=alerts,
        )
        check_rules(made, newest)
        await self._put_first(versions[0])
        await self._store.write([self._put(made)])
        return made

    async def _put_first(self, first: Rules) -> None:
        if await self._store.get(RULES, self._scope.org_id, _place(first.version)) is None:
            try:
                await self._store.write([self._put(first)])
            except Conflict:
                return  # somebody else was quicker, with the same

    def _put(self, rules: Rules) -> Put:
        body = msgspec.msgpack.encode(data_of(rules))
        if len(body) > MAX_BYTES:
            raise Invalid(f"these rules take {len(body)} bytes, at most {MAX_BYTES}; use fewer rules or smaller groups")
        data = {
            "effective_from_ns": rules.effective_from_ns,
            "made_by": self._scope.user_id,
            "made_at_ns": self._clock.now_ns(),
            "body": body,
        }
        return Put(RULES, self._scope.org_id, _place(rules.version), data, Absent())


class AllRules:
    """The rules of all organisations, for programs that fold."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def cursor(self) -> str:
        """The place of now in the changes; take it before reading versions."""
        return await self._store.change_cursor(RULES)

    async def changed(self, after: str) -> tuple[frozenset[str], str]:
        """Organisations with new versions since a place, and the next place.

        Raises:
            Invalid: the place is too old; take all organisations for changed.
        """
        changes = await self._store.changes(RULES, after, PAGE)
        return frozenset(change.pk for change in changes), changes[-1].cursor if changes else after


def data_of(rules: Rules) -> dict[str, Any]:
    """A version as its row's body, without the fences: those have versions of their own."""
    safety = replace(rules.safety, fence_limits=())
    figures = {"visits": rules.visits, "trip": rules.trip, "charge": rules.charge, "parked": rules.parked}
    figures |= {"safety": safety}
    return {
        "zone": rules.zone,
        "alerts": [write_rule(rule) for rule in rules.alerts],
        "groups": {name: b"".join(map(id_bytes, sorted(ids))) for name, ids in sorted(rules.groups.items())},
        **{name: msgspec.to_builtins(figure) for name, figure in figures.items()},
    }


def rules_of(item: Item) -> Rules:
    """A version from its row. Figures that an older program did not write have their defaults.

    Raises:
        Corrupt: it is unreadable.
    """
    try:
        body = msgspec.msgpack.decode(item.data["body"], type=dict[str, Any])
        zone = str(body["zone"])
        return Rules(
            version=int(item.sk),
            effective_from_ns=item.data["effective_from_ns"],
            zone=zone,
            visits=msgspec.convert(body["visits"], VisitRules),
            trip=msgspec.convert(body["trip"], TripRules),
            charge=msgspec.convert(body["charge"], ChargeRules),
            parked=msgspec.convert(body.get("parked", {}), ParkedRules),
            safety=msgspec.convert(body["safety"], SafetyRules),
            alerts=tuple(read_rule(rule, zone) for rule in body["alerts"]),
            groups=_groups(body["groups"]),
        )
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError, Invalid) as error:
        raise Corrupt(f"version {item.sk} of an organisation's rules is unreadable: {error}") from error


def _groups(stored: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(id_text(ids[at : at + _ID_BYTES]) for at in range(0, len(ids), _ID_BYTES))
        for name, ids in stored.items()
    }


def _place(version: int) -> str:
    return f"{version:08d}"
