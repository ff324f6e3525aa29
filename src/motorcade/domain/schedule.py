"""Weekly times at which something holds, with exceptions, in the time zone of the people concerned.

A window belongs to the local day on which it begins and may reach into the next. Where the clocks are changed, it
begins when the clock first shows its beginning and ends when the clock last shows its end; a time that the clock leaps
over is the instant of the leap. So a window is one stretch of time in spring and autumn too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from motorcade.domain.errors import Invalid

DAY_MIN: Final = 1_440
MAX_WINDOWS: Final = 50
"""Of a week: seven a day; people who need more mean something else."""
MAX_EXCEPTIONS: Final = 100
"""Days with windows of their own: the holidays of some years."""
MAX_DAYS_AHEAD: Final = 400
"""How far ahead the next change is looked for: a schedule of one day a year has had it by then."""
NS_PER_S: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_KEPT: Final = 4_096
"""Days of schedules whose stretches are remembered: ten schedules over a year, some 200 bytes each."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a local day.

    Attributes:
        weekday: 0 Monday … 6 Sunday.
        start_min: minutes of the clock after midnight, 0 … 1,439.
        end_min: the same for its end, up to 2,880; at or below `start_min` means on the next day.
    """

    weekday: int
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class DayException:
    """A date whose own stretches replace those of its weekday; none: off all day.

    Attributes:
        date: YYYY-MM-DD, local.
        stretches: (start_min, end_min) as in `Window`.
    """

    date: str
    stretches: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something holds.

    Attributes:
        zone: IANA name of the time zone.
        windows: of every week.
        exceptions: dates that differ.
    """

    zone: str
    windows: tuple[Window, ...]
    exceptions: tuple[DayException, ...] = ()


def check(schedule: Schedule) -> None:
    """See to it that a schedule means something.

    Raises:
        Invalid: it does not; the message names the window or exception, counted from 1.
    """
    try:
        ZoneInfo(schedule.zone)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid(f"there is no time zone {schedule.zone!r}; use an IANA name such as Europe/Stockholm") from error
    if len(schedule.windows) > MAX_WINDOWS:
        raise Invalid(f"a schedule has at most {MAX_WINDOWS} windows")
    if len(schedule.exceptions) > MAX_EXCEPTIONS:
        raise Invalid(f"a schedule has at most {MAX_EXCEPTIONS} exceptions")
    for number, window in enumerate(schedule.windows, 1):
        if not 0 <= window.weekday <= 6:
            raise Invalid(f"window {number}: a weekday is 0 (Monday) to 6 (Sunday)")
        _check_stretch(window.start_min, window.end_min, f"window {number}")
    dates: set[str] = set()
    for number, exception in enumerate(schedule.exceptions, 1):
        _check_date(exception.date, f"exception {number}")
        if exception.date in dates:
            raise Invalid(f"exception {number} repeats the date of another")
        dates.add(exception.date)
        for start_min, end_min in exception.stretches:
            _check_stretch(start_min, end_min, f"exception {number}")


def _check_stretch(start_min: int, end_min: int, name: str) -> None:
    if not 0 <= start_min < DAY_MIN:
        raise Invalid(f"{name}: it starts at minute 0 to {DAY_MIN - 1} of its day")
    if not 0 <= end_min <= 2 * DAY_MIN:
        raise Invalid(f"{name}: it ends at minute 0 to {2 * DAY_MIN}, counted from its day's midnight")


def _check_date(text: str, name: str) -> None:
    try:
        written = date.fromisoformat(text).isoformat()
    except ValueError:
        written = ""
    if written != text:
        raise Invalid(f"{name}: a date is written YYYY-MM-DD")


def is_on(schedule: Schedule | None, at_ns: int) -> bool:
    """Whether a schedule holds at a time; none at all always does."""
    return schedule is None or any(start <= at_ns < end for start, end in _around(schedule, at_ns))


def next_on_ns(schedule: Schedule | None, after_ns: int) -> int | None:
    """The first time at or after another at which it holds, None when that is over a year away."""
    if schedule is None:
        return after_ns
    return next((max(start, after_ns) for start, _ in _from(schedule, after_ns)), None)


def next_change_ns(schedule: Schedule | None, after_ns: int) -> int | None:
    """The first time later than another at which it begins or ceases to hold, None when over a year away."""
    if schedule is None:
        return None
    for start, end in _from(schedule, after_ns):
        return start if start > after_ns else end
    return None


def on_ns(schedule: Schedule | None, from_ns: int, until_ns: int) -> int:
    """For how much of a stretch of time it holds."""
    if schedule is None:
        return max(0, until_ns - from_ns)
    total = 0
    for start, end in _from(schedule, from_ns):
        if start >= until_ns:
            break
        total += min(end, until_ns) - max(start, from_ns)
    return total


def reached_ns(schedule: Schedule | None, from_ns: int, needed_ns: int) -> int | None:
    """When it will have held for a while, counted from a time; None when that is over a year away."""
    if schedule is None:
        return from_ns + needed_ns
    for start, end in _from(schedule, from_ns):
        began = max(start, from_ns)
        if end - began >= needed_ns:
            return began + needed_ns
        needed_ns -= end - began
    return None


def _around(schedule: Schedule, at_ns: int) -> Iterator[tuple[int, int]]:
    """The stretches of the local days that can reach a time."""
    day = _local_day(schedule, at_ns)
    for ordinal in range(day - 2, day + 1):
        yield from _stretches(schedule, ordinal)


def _from(schedule: Schedule, at_ns: int) -> Iterator[tuple[int, int]]:
    """Stretches that end after a time, in order, those that overlap or meet joined into one."""
    day = _local_day(schedule, at_ns)
    joined: tuple[int, int] | None = None
    for ordinal in range(day - 2, day + MAX_DAYS_AHEAD):
        for start, end in _stretches(schedule, ordinal):
            if joined is not None and start <= joined[1]:
                joined = (joined[0], max(joined[1], end))
                continue
            if joined is not None and joined[1] > at_ns:
                yield joined
            joined = (start, end)
    if joined is not None and joined[1] > at_ns:
        yield joined


def _local_day(schedule: Schedule, at_ns: int) -> int:
    return datetime.fromtimestamp(at_ns // NS_PER_S, ZoneInfo(schedule.zone)).toordinal()


@lru_cache(maxsize=_DAYS_KEPT)
def _stretches(schedule: Schedule, ordinal: int) -> tuple[tuple[int, int], ...]:
    """What begins on one local day, as (start, end) in ns, sorted."""
    day = date.fromordinal(ordinal)
    written = day.isoformat()
    told = next((exception.stretches for exception in schedule.exceptions if exception.date == written), None)
    if told is None:
        weekday = day.weekday()
        told = tuple((one.start_min, one.end_min) for one in schedule.windows if one.weekday == weekday)
    zone = ZoneInfo(schedule.zone)
    found = []
    for start_min, end_min in told:
        last_min = end_min if end_min > start_min else end_min + DAY_MIN
        start, end = _instant(day, start_min, zone, fold=0), _instant(day, last_min, zone, fold=1)
        if end > start:
            found.append((start, end))
    return tuple(sorted(found))


def _instant(day: date, minute: int, zone: ZoneInfo, *, fold: int) -> int:
    """When the clock shows a minute of a day: for the first time (fold 0) or the last (fold 1)."""
    days, of_day = divmod(minute, DAY_MIN)
    wall = datetime.combine(day + timedelta(days=days), time(of_day // 60, of_day % 60), zone)
    first, last = (wall.replace(fold=one).astimezone(UTC) for one in (0, 1))
    if first > last:  # leapt over: the two offsets are those after and before the leap, in reverse
        return _leap(last, first, zone)
    chosen = last if fold else first
    return int((chosen - _EPOCH).total_seconds()) * NS_PER_S


def _leap(before: datetime, after: datetime, zone: ZoneInfo) -> int:
    """The second at which the clock leaps, by halving the stretch that must hold it."""
    low, high = int((before - _EPOCH).total_seconds()), int((after - _EPOCH).total_seconds())
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high * NS_PER_S
