"""Plots over days, as inline SVG: bars, a line, and limits."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from efs_backup.domain.series_report.days import Day, Look

WIDTH, HEIGHT = 760, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 12, 26
_LEAST = 1.5
_TICKS = (1.0, 2.0, 2.5, 5.0, 10.0)
_WISH = 3
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_DAY = 86_400
_LABELLED = 6
_NOTHING = 1e-6
"""Bytes and seconds are counted in no smaller parts."""

_LABEL_WIDTH = 60


def _ticks(top: float, step: float) -> list[float]:
    """Round values from 0 up to this one."""
    return [step * number for number in range(int(top / step) + 1)]


def decimal_step(top: float) -> float:
    """A round step of which about three fit."""
    power = 10.0 ** math.floor(math.log10(top / _WISH))
    return next(power * one for one in _TICKS if power * one * (_WISH + 1) > top)


def time_step(top: float) -> float:
    """A step in seconds, of which about three fit, and that people count in: 30 s, 5 minutes, 2 hours."""
    return next((one for one in _TIMES if one * (_WISH + 1) > top), 0.0) or decimal_step(top / _DAY) * _DAY


@dataclass(frozen=True)
class Plot:
    """A plot of a value a day. more_days: room behind the last day; limits: values that have to be seen."""

    days: Sequence[Day]
    value: Callable[[Day], float | None]
    told: Callable[[float], str]
    steps: Callable[[float], float] = decimal_step
    more_days: int = 0
    limits: tuple[float, ...] = ()

    @property
    def top(self) -> float:
        """The value at the upper edge; 1 where no value is more than nothing."""
        highest = max((*self.known, *self.limits), default=0.0)
        return highest * 1.05 if highest > _NOTHING else 1.0

    @property
    def known(self) -> list[float]:
        """The values of the days that have one."""
        return [value for day in self.days if (value := self.value(day)) is not None]

    @property
    def step(self) -> float:
        """The room of one day."""
        return (WIDTH - _LEFT - _RIGHT) / max(1, len(self.days) + self.more_days)

    def x(self, day: float) -> float:
        """Where the middle of a day is, by its number."""
        return _LEFT + (day + 0.5) * self.step

    def y(self, value: float) -> float:
        """Where a value is, no further than the edges."""
        share = min(1.0, max(0.0, value / self.top))
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - share)

    def drawn(self, said: str, content: Iterable[str]) -> str:
        """The plot with axes; said: a word about it for who cannot see it."""
        return (
            f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">'
            f"{self._axis()}{self._dates()}{''.join(content)}</svg>"
        )

    def bars(self, kind: Callable[[Day], str]) -> Iterable[str]:
        """A bar for each day that has a value, with a class."""
        width = max(_LEAST, min(self.step - 1.5, 26.0))
        for number, day in enumerate(self.days):
            if (value := self.value(day)) is not None:
                top = min(self.y(value), HEIGHT - _BOTTOM - _LEAST)
                size = f'y="{top:.1f}" width="{width:.1f}" height="{HEIGHT - _BOTTOM - top:.1f}"'
                yield (
                    f'<rect class="{kind(day)}" x="{self.x(number) - width / 2:.1f}" {size}>'
                    f"<title>{day.date}: {escape(self.told(value))}</title></rect>"
                )

    def area(self) -> Iterable[str]:
        """A line over the days that have a value, filled below; a dot where there is only one."""
        points = [
            (self.x(number), self.y(value))
            for number, day in enumerate(self.days) if (value := self.value(day)) is not None
        ]  # fmt: skip
        if len(points) == 1:
            yield f'<circle class="dot" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3"/>'
        elif points:
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            floor = HEIGHT - _BOTTOM
            yield f'<path class="area" d="M{points[0][0]:.1f} {floor}L{line}L{points[-1][0]:.1f} {floor}z"/>'
            yield f'<path class="line" d="M{line}"/>'

    def limit(self, kind: str, points: Sequence[tuple[float, float]], word: str = "") -> str:
        """A dashed line through (number of a day, value), with a word at its end."""
        line = "L".join(f"{self.x(day):.1f} {self.y(value):.1f}" for day, value in points)
        at = points[-1]
        text = f'<text class="{kind}" x="{WIDTH - _RIGHT}" y="{self.y(at[1]) - 5:.1f}" text-anchor="end">{word}</text>'
        return f'<path class="{kind}" d="M{line}"/>{text if word else ""}'

    def _axis(self) -> str:
        return "".join(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{self.y(tick):.1f}" y2="{self.y(tick):.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{self.y(tick) + 4:.1f}" text-anchor="end">{self._told(tick)}</text>'
            for tick in _ticks(self.top, self.steps(self.top))
        )

    def _told(self, tick: float) -> str:
        return escape(self.told(tick)) if tick else "0"

    def _dates(self) -> str:
        """A date every so many days, so that no two touch."""
        every = max(1, math.ceil(len(self.days) / _LABELLED), math.ceil(_LABEL_WIDTH / self.step))
        return "".join(
            f'<text x="{self.x(number):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{day.date:%-d %b}</text>'
            for number, day in enumerate(self.days)
            if number % every == 0
        )


def kind_of(day: Day) -> str:
    """The class of a day's bar."""
    return day.look if day.look in {Look.SUCCESS, Look.INCOMPLETE, Look.FAILED} else Look.OTHER
