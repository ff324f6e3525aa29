"""What charging costs: tariffs by energy, time, session and idling, by time of use and season, and where they hold.

Money is whole millionths of the currency's unit (ISO 4217) and never a float. What a session comes to by a tariff is
worked out in `tariff_cost.py`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.errors import Invalid

DAY_MINUTES: Final = 1_440
ALL_WEEK: Final = (0, 1, 2, 3, 4, 5, 6)
MAX_BANDS: Final = 48
"""Bands of a season, and seasons of a tariff: half-hours of a day are the finest that any supplier bills."""
_LEAP_YEAR: Final = 2024  # has every day that a season may begin or end on


@dataclass(frozen=True, slots=True)
class Price:
    """What energy and time cost, in millionths of the currency.

    Attributes:
        per_kwh_micros: for a kilowatt-hour.
        per_minute_micros: for a minute of the session, pauses included.
    """

    per_kwh_micros: int = 0
    per_minute_micros: int = 0


@dataclass(frozen=True, slots=True)
class Band:
    """A price for certain hours of certain days.

    Attributes:
        name: as it stands on the bill, e.g. "off-peak".
        price: what holds in it.
        from_minute: minute of the day on the wall's clock at which it begins, 0 to 1439.
        to_minute: at which it ends, 1 to 1440; one that is not later than `from_minute` lies on the next day.
        weekdays: days on which it begins, 0 = Monday.
    """

    name: str
    price: Price
    from_minute: int = 0
    to_minute: int = DAY_MINUTES
    weekdays: tuple[int, ...] = ALL_WEEK

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether it covers a minute of a day."""
        if self.from_minute < self.to_minute:
            return weekday in self.weekdays and self.from_minute <= minute < self.to_minute
        if minute >= self.from_minute:
            return weekday in self.weekdays
        return minute < self.to_minute and (weekday - 1) % 7 in self.weekdays


@dataclass(frozen=True, slots=True)
class Season:
    """A part of the year with prices of its own.

    Attributes:
        name: as it stands on the bill.
        first_day: (month, day) from which it holds.
        last_day: (month, day) to which it holds, that day included; may lie in the next year.
        price: what holds outside of its bands.
        bands: the first one that covers a moment holds.
    """

    name: str
    first_day: tuple[int, int]
    last_day: tuple[int, int]
    price: Price
    bands: tuple[Band, ...] = ()

    def holds(self, day: tuple[int, int]) -> bool:
        """Whether it covers a (month, day)."""
        if self.first_day <= self.last_day:
            return self.first_day <= day <= self.last_day
        return day >= self.first_day or day <= self.last_day


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of a tariff.

    Attributes:
        name: for people.
        currency: ISO 4217 code.
        zone: IANA name of the zone whose clock the bands and seasons go by.
        price: what holds outside of bands and seasons.
        bands: outside of seasons, the first one that covers a moment holds.
        seasons: the first one that covers a day holds.
        session_fee_micros: for each session.
        idle_per_minute_micros: for each minute at the plug after the end of the charge,
        idle_grace_minutes: beyond these.
        meter: "plug" (what was drawn) or "battery" (what was added) is billed.
        version: which one of its tariff it is.
        valid_from_ns: from when it holds; see `TariffTimeline`.
    """

    name: str
    currency: str
    zone: str
    price: Price
    bands: tuple[Band, ...] = ()
    seasons: tuple[Season, ...] = ()
    session_fee_micros: int = 0
    idle_per_minute_micros: int = 0
    idle_grace_minutes: int = 0
    meter: str = "plug"
    version: int = 1
    valid_from_ns: int = 0

    def __post_init__(self) -> None:
        """Check what a person may get wrong.

        Raises:
            Invalid: says which part, and what it has to be.
        """
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise Invalid(f"currency {self.currency!r} is no ISO 4217 code such as EUR")
        if self.meter not in {"plug", "battery"}:
            raise Invalid(f"meter {self.meter!r} has to be plug or battery")
        amounts = (self.session_fee_micros, self.idle_per_minute_micros, self.idle_grace_minutes)
        if min(amounts) < 0:
            raise Invalid("fees and the grace period must not be negative")
        if len(self.seasons) > MAX_BANDS:
            raise Invalid(f"a tariff has at most {MAX_BANDS} seasons")
        _check_bands(self.bands)
        for season in self.seasons:
            _check_bands(season.bands)
            for month, day in (season.first_day, season.last_day):
                _check_day(season.name, month, day)
        for price in _prices(self):
            if min(price.per_kwh_micros, price.per_minute_micros) < 0:
                raise Invalid("prices must not be negative")


class TariffTimeline:
    """The versions of one tariff by the time from which each holds. Immutable; before the first, the first holds."""

    def __init__(self, versions: Sequence[Tariff]) -> None:
        """Take at least one version.

        Raises:
            Invalid: there is none.
        """
        if not versions:
            raise Invalid("a tariff has at least one version")
        self.versions = tuple(sorted(versions, key=lambda tariff: (tariff.valid_from_ns, tariff.version)))
        self._starts = [tariff.valid_from_ns for tariff in self.versions]

    def at(self, started_at_ns: int) -> Tariff:
        """The version by which a session that began at a time is billed, to its end."""
        return self.versions[max(0, bisect_right(self._starts, started_at_ns) - 1)]


@dataclass(frozen=True, slots=True)
class TariffPlace:
    """Where a tariff holds.

    Attributes:
        timeline: the tariff.
        fences: ids of fences in one of which the session has to be, () for anywhere.
        current: "AC" or "DC", None for both.
    """

    timeline: TariffTimeline
    fences: tuple[str, ...] = ()
    current: str | None = None


def tariff_for(charge: Charge, places: Sequence[TariffPlace]) -> Tariff | None:
    """The tariff of a session: the first place that fits decides. None where none does."""
    for place in places:
        fits = not place.fences or not set(place.fences).isdisjoint(charge.fences)
        if fits and place.current in {None, charge.current}:
            return place.timeline.at(charge.started_at_ns)
    return None


def _prices(tariff: Tariff) -> Iterator[Price]:
    yield tariff.price
    yield from (band.price for band in tariff.bands)
    for season in tariff.seasons:
        yield season.price
        yield from (band.price for band in season.bands)


def _check_bands(bands: tuple[Band, ...]) -> None:
    if len(bands) > MAX_BANDS:
        raise Invalid(f"a tariff or season has at most {MAX_BANDS} bands")
    for band in bands:
        if not 0 <= band.from_minute < DAY_MINUTES:
            raise Invalid(f"band {band.name!r} begins at minute {band.from_minute}; a day has minutes 0 to 1439")
        if not 1 <= band.to_minute <= DAY_MINUTES:
            raise Invalid(f"band {band.name!r} ends at minute {band.to_minute}; it has to be 1 to 1440")
        if not band.weekdays or not set(band.weekdays) <= set(ALL_WEEK):
            raise Invalid(f"band {band.name!r} needs weekdays from 0 (Monday) to 6")


def _check_day(season: str, month: int, day: int) -> None:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError as error:
        raise Invalid(f"season {season!r} names month {month}, day {day}, which no year has") from error
