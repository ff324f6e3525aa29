"""The fixed summary of one vehicle: what a list, a map and the live fleet show of it.

Made from the whole state by the consumer whenever a vehicle changed, so it has to be cheap. It holds measurements and
presence only; the status (driving, parked, ...) also depends on the time and is `domain/status.py`.
"""

from typing import NamedTuple

from motorcade.domain.connections import Connections
from motorcade.domain.state import Cell, Fields

SPEED = 4
ODOMETER = 5
PACK_VOLTAGE = 6
PACK_CURRENT = 7
BATTERY_USABLE = 8  # of the usable capacity, as the car's display shows it
GEAR = 10
LOCATION = 21
HEADING = 23
RANGE_RATED = 32
DC_POWER = 35
AC_POWER = 37
RANGE_ESTIMATED = 40
BATTERY_GROSS = 42
CHARGE_STATE = 179

Number = tuple[int, float | None] | None
"""(effective_at_ns, value); the value is None while the car reports it as invalid. None = never reported."""
Word = tuple[int, str | None] | None
"""The same for a text."""


class Summary(NamedTuple):
    """One vehicle at a glance.

    The order of the fields is part of the live bus's format (`wire/live_event.py`): new ones go to the end.

    Attributes:
        location: (effective_at_ns, (latitude, longitude) in degrees or None).
        heading_deg: 0 is north, 90 is east.
        speed_kmh: speed over ground.
        battery_pct: of the usable capacity; of the total one where the car reports only that.
        range_km: rated range; the estimated one where the car reports only that.
        power_kw: power at the battery: positive flows in (charging, recuperation), negative flows out (driving), the
            sign of the car's own pack current. While a charger reports its power, that. Its time is that of the
            newer of the readings it was made from, because an unchanged one is not sent again.
        odometer_km: total distance.
        gear: P, R, N, D, or the car's words for "not known".
        charge_state: the car's detailed charging state, e.g. `Charging`.
        charging_kw: the greater of AC and DC charging power.
        open_connections: connections that are open now; the car is online while there is one.
        online_changed_at_ns: when a connection last opened or closed, 0 if none ever did.
        last_seen_ns: when anything last arrived, by the gateway's clock; 0 = never.
        updated_at_ns: effective time of the newest record; 0 = never.
        clock_suspect: the car's clock runs more than two minutes ahead of ours.
    """

    location: tuple[int, tuple[float, float] | None] | None = None
    heading_deg: Number = None
    speed_kmh: Number = None
    battery_pct: Number = None
    range_km: Number = None
    power_kw: Number = None
    odometer_km: Number = None
    gear: Word = None
    charge_state: Word = None
    charging_kw: Number = None
    open_connections: int = 0
    online_changed_at_ns: int = 0
    last_seen_ns: int = 0
    updated_at_ns: int = 0
    clock_suspect: bool = False

    @property
    def online(self) -> bool:
        """Whether at least one connection is open."""
        return self.open_connections > 0


def summarise(
    fields: Fields, connections: Connections, *, last_seen_ns: int, updated_at_ns: int, clock_suspect: bool
) -> Summary:
    """The summary of a vehicle's state.

    Args:
        fields: its readings.
        connections: its open and closed connections.
        last_seen_ns: when anything last arrived from it.
        updated_at_ns: effective time of its newest record.
        clock_suspect: whether its clock runs ahead.
    """
    get = fields.get
    dc, ac = _number(get(DC_POWER)), _number(get(AC_POWER))
    charging = _greater(ac, dc)
    return Summary(
        _place(get(LOCATION)),
        _number(get(HEADING)),
        _number(get(SPEED)),
        _first(_number(get(BATTERY_USABLE)), get(BATTERY_GROSS)),
        _first(_number(get(RANGE_RATED)), get(RANGE_ESTIMATED)),
        charging if charging and charging[1] else _product_kw(get(PACK_VOLTAGE), get(PACK_CURRENT)),
        _number(get(ODOMETER)),
        _word(get(GEAR)),
        _word(get(CHARGE_STATE)),
        charging,
        len(connections.open),
        connections.changed_at_ns,
        last_seen_ns,
        updated_at_ns,
        clock_suspect,
    )


def _number(cell: Cell | None) -> Number:
    """A cell as a number; what is none (a text that did not parse) counts as invalid."""
    if cell is None:
        return None
    value = cell[2]
    kind = value.__class__
    return (cell[0], value) if kind is float or kind is int else (cell[0], None)  # type: ignore[return-value]  # checked


def _word(cell: Cell | None) -> Word:
    if cell is None:
        return None
    return (cell[0], cell[2]) if isinstance(cell[2], str) else (cell[0], None)


def _place(cell: Cell | None) -> tuple[int, tuple[float, float] | None] | None:
    if cell is None:
        return None
    value = cell[2]
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], str):
        return cell[0], value
    return cell[0], None


def _first(preferred: Number, fallback: Cell | None) -> Number:
    """The preferred reading; the other one where the preferred has no value."""
    if fallback is None or (preferred is not None and preferred[1] is not None):
        return preferred
    other = _number(fallback)
    return other if preferred is None or (other is not None and other[1] is not None) else preferred


def _greater(left: Number, right: Number) -> Number:
    """The reading with the greater value: only one of the two chargers works at a time, the other reports 0."""
    if left is None or left[1] is None:
        return right or left
    if right is None or right[1] is None:
        return left
    return left if left[1] >= right[1] else right


def _product_kw(voltage: Cell | None, current: Cell | None) -> Number:
    if voltage is None or current is None:
        return None
    at_ns = max(voltage[0], current[0])
    volt, ampere = voltage[2], current[2]
    if isinstance(volt, (float, int)) and isinstance(ampere, (float, int)):
        return at_ns, round(volt * ampere / 1000, 3)
    return at_ns, None
