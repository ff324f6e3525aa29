"""What a reducer gives: episodes. A row of theirs is the same bytes whoever computes it from the same records.

A reducer is three functions and a state, in one file per noun:

- `step(state, moment, rules) -> list[Episode]`: first lets the time up to the moment pass (whatever a time-out ends is
  ended as the rule names it), then takes the moment in. The state changes only here, by records alone. Returned are
  the episodes that are final now, or whose row has to be shown now.
- `view(state, horizon_ns, rules) -> list[Episode]`: the rows of what is not final, as they stand when nothing earlier
  than the horizon can come any more. A time-out that the horizon has passed ends an episode here just as a record of
  that time would, with the same row. The state is not changed.
- `due_ns(state, after_ns, rules) -> int | None`: the first horizon later than `after_ns` at which `view` would say
  something else by time alone (several time-outs may lie one behind the other); None when there is none.
- `quiet(state, at_ns, rules) -> bool`: nothing is open at that time, time-outs included. A re-fold begins and ends at
  such instants.

A state is a dataclass with slots of plain values (numbers, text, bytes, tuples, lists, dicts, such dataclasses), so
that it can be written down and compared; `copy` of it is made by writing it down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

from motorcade.domain.ids import id_text


def episode_id(kind: str, rule: str, rule_version: int, vehicle_id: str, start_record: bytes) -> str:
    """The deterministic id of an episode: 26 characters.

    Args:
        kind: the noun.
        rule: id of the rule or fence that made it, "" where the organisation has only one of its kind.
        rule_version: version of that rule or fence in force at the start.
        vehicle_id: whose.
        start_record: id of the record that is the start edge.
    """
    parts = (kind.encode(), rule.encode(), str(rule_version).encode(), vehicle_id.encode(), start_record)
    hashed = blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(4, "big") + part)
    return id_text(hashed.digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What all episodes have in common; times in ns since 1970 UTC.

    Attributes:
        id: see `episode_id`.
        vehicle_id: whose.
        started_at_ns: when it began.
        ended_at_ns: when it ended: the moment that the rule names, never when that became known. None while open.
        rule_version: version of the rule in force at the start.
        first_record: id of the record that is the start edge.
        last_record: id of the record that is the end edge, None while open.
        confidence: 0 to 1, how far the figures can be trusted.
        reasons: what lowers the confidence, as stable words such as "gap" or "no_odometer".
    """

    kind: ClassVar[str] = "episode"

    id: str
    vehicle_id: str
    started_at_ns: int
    ended_at_ns: int | None
    rule_version: int
    first_record: bytes
    last_record: bytes | None
    confidence: float = 1.0
    reasons: tuple[str, ...] = ()


def earliest(*moments: int | None) -> int | None:
    """The first of several times, None where there is none."""
    return min((moment for moment in moments if moment is not None), default=None)


def in_order(episodes: Sequence[Episode]) -> list[Episode]:
    """Episodes by start, kind and id, as every comparison wants them."""
    return sorted(episodes, key=lambda one: (one.started_at_ns, one.kind, one.id))
