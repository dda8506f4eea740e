"""Forecast: how long a backup takes these days, and when its window will no longer be long enough.

The line through the nights is that of Theil and Sen: the median of the slopes of all pairs, which a single odd night
does not bend.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from efs_backup.domain.humanize import counted
from efs_backup.domain.warnings import Warned, WarningKind

LEAST_NIGHTS = 7
MOST_NIGHTS = 28
RECORDS_READ = 60
"""The newest records that a backup reads: 28 usual nights are among them, and a series made each hour has thousands."""
_LOOKED_BACK = timedelta(days=90)
_A_DAY = timedelta(days=1)
_MOST_SECONDS = 1e9
"""Of one backup, some thirty years: whatever is more was written by a broken clock."""

_FULL_SHARE = 0.8
LEAST_DAYS = 14
_MOST_DAYS = 3650.0
"""Days beyond which nothing is foretold."""

_HALF = 0.5


@dataclass(frozen=True)
class PastNight:
    """A backup that succeeded. seconds: from its start to its end; copied: files; size: bytes of all files."""

    start: datetime
    seconds: float
    files: float = 0.0
    copied: float = 0.0
    size: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether it copied most of what there is, as a first backup does."""
        return self.files > 0 and self.copied > _HALF * self.files


@dataclass(frozen=True)
class Line:
    """A straight line: value = level + slope x days. high: the largest residual above it, 0 or more."""

    slope: float
    level: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """The durations of the next backups, as the past foretells them.

    seconds: the median of the last seven; high: how much longer one may take. days_left: until it fills its window;
    None where that has no end, it does not get longer, or it will not within ten years. grown: a sentence about what
    grew, "" where nothing did. warning: None where all is well.
    """

    seconds: float
    high: float
    days_left: float | None = None
    grown: str = ""
    warning: Warned | None = None

    def __str__(self) -> str:
        fills = "" if self.days_left is None else f", and fills its window in {self.days_left:,.0f} days"
        return f"{minutes(self.seconds + self.high)}{fills}"


def foretell(
    nights: Iterable[PastNight], now: datetime, window_seconds: float | None, stop_seconds: float | None = None
) -> Forecast | None:
    """The forecast from past nights, in any order; None where they are too few.

    window_seconds: how long a backup may take, None for as long as it needs; stop_seconds: after how long its copy is
    stopped, if that is before the end of its window.
    """
    known = usual_nights(nights, now)
    if len(known) < LEAST_NIGHTS:
        return None
    line = line_through(known, lambda night: night.seconds)
    seconds, grown = median(night.seconds for night in known[-LEAST_NIGHTS:]), what_grew(known)
    if window_seconds is None:
        return Forecast(seconds, line.high, grown=grown)
    days = _days_left(seconds, line, window_seconds if stop_seconds is None else stop_seconds)
    return Forecast(seconds, line.high, days, grown, _warning(seconds, line, days, window_seconds, grown))


def usual_nights(nights: Iterable[PastNight], now: datetime) -> list[PastNight]:
    """The newest 28 that a forecast may go by, the oldest first.

    Not those of a clock that had jumped, nor those that copied most of the tree, unless that is the habit here.
    """
    known = sorted((night for night in nights if _is_sound(night, now)), key=lambda night: night.start)
    usual = [night for night in known if not night.is_whole]
    return (usual if len(usual) >= _HALF * len(known) else known)[-MOST_NIGHTS:]


def _is_sound(night: PastNight, now: datetime) -> bool:
    is_near = now - _LOOKED_BACK <= night.start <= now + _A_DAY
    return (
        is_near
        and all(0 <= one < math.inf for one in (night.files, night.copied, night.size))
        and (0 <= night.seconds <= _MOST_SECONDS)
    )


def line_through(nights: Sequence[PastNight], value: Callable[[PastNight], float]) -> Line:
    """The line of Theil and Sen of a value over days, which count from the newest night."""
    newest = max(night.start for night in nights)
    points = [((night.start - newest) / _A_DAY, value(night)) for night in nights]
    slope = theil_sen(points)
    level = median(one - slope * day for day, one in points)
    return Line(slope, level, max(0.0, *(one - slope * day - level for day, one in points)))


def median(values: Iterable[float]) -> float:
    """The middle one, or the mean of the two in the middle; that of `statistics` takes 10 ms to import."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes of all pairs of points (x, y); 0 where no two have another x."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return median(slopes) if slopes else 0.0


def _days_left(seconds: float, line: Line, limit: float) -> float | None:
    left = limit - line.high - seconds
    if left <= 0:
        return 0.0
    days = left / line.slope if line.slope > 0 else math.inf
    return round(days, 1) if days <= _MOST_DAYS else None


def what_grew(nights: Sequence[PastNight]) -> str:
    """Name what grew most in proportion to itself: the files, the copied ones, or the bytes; "" for nothing."""
    rates = {name: _rate(nights, value) for name, value in _GROWING.items()}
    name = max(rates, key=rates.__getitem__)
    return f"{name} grew most, by {rates[name]:.1%} a day" if rates[name] >= _TOLD_RATE else ""


_TOLD_RATE = 0.0005
"""A day; less is rounded to nothing."""

_GROWING: dict[str, Callable[[PastNight], float]] = {
    "the number of files": lambda night: night.files,
    "the number of copied files": lambda night: night.copied,
    "the bytes": lambda night: night.size,
}


def _rate(nights: Sequence[PastNight], value: Callable[[PastNight], float]) -> float:
    middle = median(map(value, nights))
    return line_through(nights, value).slope / middle if middle > 0 else 0.0


def _warning(seconds: float, line: Line, days: float | None, window: float, grown: str) -> Warned | None:
    is_full = seconds + line.high > _FULL_SHARE * window or days == 0
    if not is_full and (days is None or days >= LEAST_DAYS):
        return None
    why = (
        f"a backup takes {minutes(seconds)}, and up to {minutes(line.high)} more, of a window of {minutes(window)}"
        if is_full
        else f"a backup fits into its window of {minutes(window)} for {counted(int(days or 0), 'day')} more"
    )
    more = f"; {grown}" if grown else ""
    return Warned(
        WarningKind.WINDOW_FILLS, f"The window is filling: {why}{more}. Give it more time, or leave something out."
    )


def minutes(seconds: float) -> str:
    """`45 s`, or `12.5 minutes`."""
    return f"{seconds:.0f} s" if seconds < _SHORT else f"{seconds / 60:.1f} minutes"


_SHORT = 120


def expected_seconds(nights: Iterable[PastNight], now: datetime, files: float | None = None) -> float | None:
    """How long a backup of so many files will take by the last seven nights; None where they are too few.

    files: as many as in those nights where nobody knows.
    """
    known = usual_nights(nights, now)[-LEAST_NIGHTS:]
    if len(known) < LEAST_NIGHTS:
        return None
    rates = [night.seconds / night.files for night in known if night.files > 0]
    if not files or len(rates) < LEAST_NIGHTS:
        return median(night.seconds for night in known)
    return median(rates) * files
