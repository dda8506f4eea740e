"""The calendar of nights: a square a day, a column a week, as inline SVG."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

from efs_backup.domain.humanize import sized
from efs_backup.domain.series_report.days import MOST_DAYS, Day, Look

_SIDE, _STEP, _LEFT, _TOP = 20, 24, 44, 24
_WEEK = 7
_WEEKS = MOST_DAYS // _WEEK + 1
WIDTH = _LEFT + _STEP * _WEEKS
_HEIGHT = _TOP + _STEP * _WEEK
SHADES = 4
_MARKS = {
    Look.INCOMPLETE: "M5 15L15 5",
    Look.FAILED: "M5.5 5.5l9 9M14.5 5.5l-9 9",
    Look.OTHER: "M6 10h8",
}
"""The marks drawn upon squares, so that nobody depends on their colour."""


def calendar(days: Sequence[Day]) -> str:
    """The squares, each with a word for who points at it, and a word about all for who sees none."""
    if not days:
        return ""
    first, last = days[0].date, days[-1].date
    monday = first - timedelta(days=first.weekday())
    ranked = sorted(day.new for day in days if day.new is not None)
    squares = "".join(_square(day, monday, ranked) for day in days)
    return (
        f'<svg class="plot calendar" viewBox="0 0 {WIDTH} {_HEIGHT}" role="img" aria-label="{escape(_said(days))}">'
        f"{_months(monday, first, last)}{_weekdays()}{squares}</svg>"
    )


def _square(day: Day, monday: date, ranked: Sequence[float]) -> str:
    week, weekday = divmod((day.date - monday).days, _WEEK)
    shade = f" shade{_shade(day.new, ranked)}" if day.look is Look.SUCCESS else ""
    mark = f'<path d="{_MARKS[day.look]}"/>' if day.look in _MARKS else ""
    new = "" if day.new is None else f", {sized(day.new)} new"
    return (
        f'<g transform="translate({_LEFT + week * _STEP} {_TOP + weekday * _STEP})" class="{day.look}{shade}">'
        f'<title>{day.date}: {escape(day.told)}{new}</title><rect width="{_SIDE}" height="{_SIDE}" rx="4"/>{mark}</g>'
    )


def _shade(new: float | None, ranked: Sequence[float]) -> int:
    """1 for little, 4 for much, by the rank among all days: one night of a terabyte hides no other."""
    if new is None or ranked[0] == ranked[-1]:
        return 1
    return 1 + min(SHADES - 1, SHADES * bisect_left(ranked, new) // len(ranked))


def _months(monday: date, first: date, last: date) -> str:
    """The names of the months above the week in which each begins; that of the first week where there is room."""
    begun = [day for number in range((last - first).days + 1) if (day := first + timedelta(days=number)).day == 1]
    has_room = not begun or (begun[0] - monday).days >= 2 * _WEEK
    shown = [first, *begun] if has_room else begun
    return "".join(f'<text x="{_LEFT + (day - monday).days // _WEEK * _STEP}" y="14">{day:%b}</text>' for day in shown)


def _weekdays() -> str:
    return "".join(
        f'<text x="{_LEFT - 10}" y="{_TOP + number * _STEP + 15}" text-anchor="end">{name}</text>'
        for number, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
    )


def _said(days: Sequence[Day]) -> str:
    counts = {look: sum(day.look is look for day in days) for look in Look}
    words = {
        Look.SUCCESS: "with a snapshot", Look.INCOMPLETE: "incomplete", Look.FAILED: "failed",
        Look.OTHER: "running or skipped", Look.NONE: "without a known backup",
    }  # fmt: skip
    told = ", ".join(f"{counts[look]} {word}" for look, word in words.items() if counts[look])
    return f"Calendar from {days[0].date} to {days[-1].date}: days {told}."


def legend() -> str:
    """The legend of the squares."""
    shades = "".join(
        f'<svg viewBox="0 0 20 20"><g class="success shade{number + 1}"><rect width="20" height="20" rx="4"/></g></svg>'
        for number in range(SHADES)
    )
    others = "".join(
        f'<li><svg viewBox="0 0 20 20"><g class="{look}"><rect width="20" height="20" rx="4"/>'
        f"{f'<path d={chr(34)}{_MARKS[look]}{chr(34)}/>' if look in _MARKS else ''}</g></svg>{word}</li>"
        for look, word in (
            (Look.INCOMPLETE, "incomplete"), (Look.FAILED, "failed"), (Look.OTHER, "running, skipped"),
            (Look.NONE, "none known"),
        )
    )  # fmt: skip
    return f'<ul class="legend squares"><li>{shades}a snapshot; the darker, the more is new</li>{others}</ul>'
