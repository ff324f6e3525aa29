"""Conditions: what a rule may ask of a vehicle, as a small typed algebra.

A condition is true, false or, where a value that decides is absent, unknown; `All`, `AnyOf` and `Not` keep unknown as
far as it decides (Kleene's three-valued logic): all of (false, unknown) is false, any of (true, unknown) is true.

Read from and written to JSON by `condition_form.py`, said in English by `condition_words.py`, asked by `check.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Plain = float | int | bool | str
"""A value that a reading is compared with."""

Op = Literal["below", "at_most", "above", "at_least", "equals", "differs", "one_of", "contains", "lacks"]
ORDER_OPS: Final = ("below", "at_most", "above", "at_least")
"""Compare numbers."""
SET_OPS: Final = ("contains", "lacks")
"""Ask for a name in a set, such as the open doors; "" = any name at all."""

AWAKE, ASLEEP, OFFLINE = "awake", "asleep", "offline"
MAX_TERMS: Final = 16
"""Terms of one condition; more is a programme, and every one costs at each record that touches it."""
MAX_DEPTH: Final = 4
"""Groups within groups; deeper ones nobody reads."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A signal's value against a fixed one, in the signal's unit. Unknown while the signal is absent."""

    signal: str
    op: Op
    value: Plain | tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a signal has a value at all. Never unknown."""

    signal: str


@dataclass(frozen=True, slots=True)
class Changes:
    """True for the one record with which a signal goes from one known value to another. Never unknown.

    The value before is the last known one: a signal that is invalid in between and comes back as it was did not
    change.

    Attributes:
        before: only from this value; None = from any.
        after: only to this value; None = to any.
    """

    signal: str
    before: Plain | None = None
    after: Plain | None = None


@dataclass(frozen=True, slots=True)
class InFence:
    """Inside of a geofence, as the fence's own rules confirm it. Never unknown.

    Attributes:
        fence: id of the fence; "" = any of them.
        inside: False asks for being outside.
    """

    fence: str
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Running:
    """A trip or a charging session runs. Never unknown."""

    what: Literal["trip", "charge"]


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing arrived from the vehicle for as long. Never unknown; false at every record."""

    for_s: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice of the car's own list lasts. Never unknown.

    Attributes:
        name: the maker's name of it; `*` stands for any letters, the case of letters does not matter.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Presence:
    """The car is awake, asleep or offline, by the rules of `domain/status.py`. Unknown until it was first online."""

    state: Literal["awake", "asleep", "offline"]


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them."""

    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of unknown, unknown."""

    term: "Condition"


Condition = Compare | Known | Changes | InFence | Running | Silent | Noticed | Presence | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of an episode against a fixed value: any number, word or flag that its row has, or `duration_s`.

    An episode that lacks the figure does not match.
    """

    figure: str
    op: Op
    value: Plain


@dataclass(frozen=True, slots=True)
class Ended:
    """An episode of a kind ended, with such figures. It stands alone: it is a moment, not a state.

    Attributes:
        kind: the noun, as `trip` or `charge`.
        where: all of these.
    """

    kind: str
    where: tuple[Measure, ...] = ()


def terms_of(condition: Condition) -> Iterator[Condition]:
    """Every condition within a condition, itself first."""
    yield condition
    if isinstance(condition, All | AnyOf):
        for term in condition.terms:
            yield from terms_of(term)
    elif isinstance(condition, Not):
        yield from terms_of(condition.term)


def depth_of(condition: Condition) -> int:
    """How many groups lie within each other."""
    if isinstance(condition, All | AnyOf):
        return 1 + max((depth_of(term) for term in condition.terms), default=0)
    return 1 + depth_of(condition.term) if isinstance(condition, Not) else 0
