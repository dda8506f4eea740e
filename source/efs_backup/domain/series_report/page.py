"""The page of a series report; it has no script, and needs nothing but itself."""

from collections.abc import Callable, Iterable, Sequence

from efs_backup.domain.drill.wording import lasted
from efs_backup.domain.forecast import LEAST_NIGHTS
from efs_backup.domain.humanize import counted, named, sized
from efs_backup.domain.page.document import document
from efs_backup.domain.page.markup import code_of, section_of, table_of, text_of, tight_of
from efs_backup.domain.series_report.calendar import calendar, legend
from efs_backup.domain.series_report.days import Day
from efs_backup.domain.series_report.facts import SeriesReport
from efs_backup.domain.series_report.plots import Plot, kind_of, time_step
from efs_backup.domain.series_report.style import STYLE
from efs_backup.domain.series_report.verdict import Verdict, age_of, verdict_of

MOST_ROWS = 200
_NAMED = 3
_AHEAD = 14
"""Days that the line of the forecast is drawn beyond the last night."""

_VERDICTS = {
    Verdict.GOOD: ("All is well", '<path d="M11 20l6 6 12-13"/>'),
    Verdict.LOOK: ("Have a look", '<path d="M20 11v11M20 28v.5"/>'),
    Verdict.BAD: ("Something is wrong", '<path d="M13 13l14 14M27 13l-14 14"/>'),
}
_FOOTER = (
    "<footer>All of this comes from what is stored beside the snapshots: records of the last 90 days, seals, files of"
    " changes, pins, notes and holds. No snapshot was walked, and this page asks nobody for anything. Days are those of"
    " UTC. Older nights that failed are not known any more.</footer>"
)
Row = tuple[str, ...]


def page(report: SeriesReport) -> str:
    """The page as HTML."""
    days = report.days
    parts = (
        _header(report), _tiles(report, days), _calendar(days), _new(days), _growth(days), _durations(report, days),
        _busiest(report), _kept(report), _proof(report), _lacks(report), _FOOTER,
    )  # fmt: skip
    title = f"Backups of {report.label}, {report.interval}: {_VERDICTS[verdict_of(report)[0]][0]}"
    return document(title, "\n".join(filter(None, parts)), STYLE)


def _header(report: SeriesReport) -> str:
    verdict, sentences = verdict_of(report)
    word, path = _VERDICTS[verdict]
    sign = (
        '<svg viewBox="0 0 40 40" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="3.5"'
        f' stroke-linecap="round"><circle cx="20" cy="20" r="17"/>{path}</svg>'
    )
    told = "".join(f'<p class="lead">{text_of(one)}</p>' for one in sentences or [_summary(report)])
    return (
        f'<header class="{verdict}"><p class="over">Backups of {text_of(report.label)}, {report.interval}<br>'
        f'as of {report.made:%-d %B %Y, %H:%M} UTC</p><h1 class="verdict">{sign}{word}</h1>{told}</header>'
    )


def _summary(report: SeriesReport) -> str:
    last = report.last_success
    return f"The newest snapshot is {last.snapshot}." if last and last.snapshot else "Nothing is known yet."


def _tiles(report: SeriesReport, days: Sequence[Day]) -> str:
    month = days[-30:]
    good = sum(day.look == "success" for day in month)
    use = _window_use(report)
    tiles = (
        ("tile bad" if report.is_late else "tile", *_age(report)),
        ("tile", f"{good} of {len(month)}", "last days without a fault"),
        ("tile", f"{report.snapshots:,}", f"snapshots, since {report.oldest}" if report.oldest else "snapshots"),
        ("tile", use or "no limit", "of the window, the longest of late" if use else "to how long one may take"),
    )  # fmt: skip
    cells = "".join(f'<div class="{kind}"><b>{tight_of(big)}</b><span>{text_of(about)}</span></div>'
                    for kind, big, about in tiles)  # fmt: skip
    return f'<section class="tiles">{cells}</section>'


def _age(report: SeriesReport) -> tuple[str, str]:
    last = report.last_success
    if last is None:
        return "none", "success is known"
    return age_of((report.made - last.start).total_seconds()), "since the last success"


def _window_use(report: SeriesReport) -> str:
    longest = max((night.seconds for night in report.nights[-LEAST_NIGHTS:] if night.seconds is not None), default=None)
    return f"{longest / report.window:.0%}" if report.window and longest is not None else ""


def _calendar(days: Sequence[Day]) -> str:
    rows = ((f"{day.date}", text_of(day.told), _messages(day)) for day in reversed(days))
    table = _details(("Day", "Backups", "What was said"), rows, texts=3)
    return section_of("Nights", f"{calendar(days)}{legend()}{table}")


def _messages(day: Day) -> str:
    """The messages of backups that were no success."""
    said = dict.fromkeys(night.message for night in day.nights if night.status != "Success" and night.message)
    return "<br>".join(text_of(one) for one in said)


def _new(days: Sequence[Day]) -> str:
    plot = Plot(days, lambda day: day.new, sized)
    if not plot.known:
        return section_of("What was new", _nothing("No record says how much was copied."))
    total = sum(plot.known)
    said = f"{sized(total)} were copied in {counted(len(plot.known), 'day')}, {sized(max(plot.known))} in the largest"
    drawn = plot.drawn(f"Bytes copied each day. {said}.", plot.bars(kind_of))
    return section_of("What was new", f"{drawn}{_caption(f'{said}.')}{_table(days, 'Copied', plot)}")


def _growth(days: Sequence[Day]) -> str:
    plot = Plot(days, lambda day: day.size, sized)
    if not plot.known:
        return section_of("Growth", _nothing("No record or seal says how large the snapshots are."))
    first, last = plot.known[0], plot.known[-1]
    said = f"A snapshot has {sized(last)}; the first one here had {sized(first)}"
    drawn = plot.drawn(f"Size of the newest snapshot each day. {said}.", plot.area())
    rows = (
        (f"{day.date}", _cell(day.size, sized), _cell(day.files, lambda files: f"{files:,.0f}"))
        for day in reversed(days) if day.size is not None
    )  # fmt: skip
    return section_of("Growth", f"{drawn}{_caption(f'{said}.')}{_details(('Day', 'Size', 'Files'), rows, texts=1)}")


def _durations(report: SeriesReport, days: Sequence[Day]) -> str:
    window, line = report.window, report.line
    last = len(days) - 1
    longest = [line.level + line.high + line.slope * _AHEAD] if line else []
    limits = tuple(filter(None, (window, *longest)))
    plot = Plot(days, lambda day: day.seconds, _span, time_step, _AHEAD if line else 0, limits)
    if not plot.known:
        return section_of("How long it took", _nothing("No record says how long a backup took."))
    content = [*plot.bars(kind_of)]
    if window:
        content.append(plot.limit("window", [(-0.5, window), (last + plot.more_days + 0.5, window)], "the window"))
    if line:
        first = max(0, last - 27)
        trend = [(day, line.level + line.slope * (day - last)) for day in (first, last + _AHEAD)]
        content += [plot.limit("trend", trend)]
        content += [plot.limit("trend", [(day, value + line.high) for day, value in trend])]
    said = f"The longest took {_span(max(plot.known))}{f', of a window of {_span(window)}' if window else ''}"
    drawn = plot.drawn(f"How long the backups of each day took. {said}. {_forecast(report)}", content)
    return section_of(
        "How long it took", f"{drawn}{_caption(f'{said}. {_forecast(report)}')}{_table(days, 'Longest', plot)}"
    )


def _forecast(report: SeriesReport) -> str:
    forecast = report.forecast
    if forecast is None:
        return f"For a forecast {LEAST_NIGHTS} nights that succeeded are needed."
    until = "" if report.window is None else (
        ", and does not fill its window within ten years" if forecast.days_left is None
        else f", and fills its window in {forecast.days_left:,.0f} days"
    )  # fmt: skip
    grown = f"; {forecast.grown}" if forecast.grown else ""
    return f"A backup takes {_span(forecast.seconds)} these days, up to {_span(forecast.high)} more{until}{grown}."


def _busiest(report: SeriesReport) -> str:
    if not report.busiest:
        return section_of("Directories that changed most", _nothing("No changes are stored of the last nights."))
    rows = (
        (_path(one.path), tight_of(sized(one.size)), f"{one.files:,}", f"{one.nights:,}")
        for one in report.busiest
    )  # fmt: skip
    table = table_of(("Directory", "New bytes", "Files", "Nights"), rows, texts=1)
    about = (
        f"In the last {counted(report.looked_at, 'night')}: files that are new, gone or other, and the bytes of them."
    )
    return section_of("Directories that changed most", f"{table}{_caption(about)}", is_long=True)


def _kept(report: SeriesReport) -> str:
    holds = "".join(f"<li>{text_of(one)}</li>" for one in report.holds)
    rows = [(code_of(one.snapshot), text_of(one.pin), text_of(one.note)) for one in report.kept[:MOST_ROWS]]
    table = table_of(("Snapshot", "Pin", "Note"), rows, texts=3) if rows else ""
    said = f"<ul>{holds}</ul>" if holds else ""
    nothing = "" if said or table else _nothing("Nobody holds, has pinned or has noted anything.")
    return section_of("Holds, pins and notes", said + table + nothing, is_long=True)


def _proof(report: SeriesReport) -> str:
    return section_of("Proof", _scrub(report) + _damage(report) + _drills(report), is_long=True)


def _scrub(report: SeriesReport) -> str:
    scrub = report.scrub
    if scrub is None or not scrub.is_begun:
        return _nothing("No scrub has read what is stored yet.")
    behind = f"it is {counted(scrub.behind, 'day')} behind" if scrub.behind else "it has done all that was due"
    done = max(0, scrub.days - scrub.behind) / scrub.days if scrub.days else 0
    return f"<p>The scrub reads all that is stored once in {counted(scrub.days, 'day')}; {behind} ({done:.0%}).</p>"


def _damage(report: SeriesReport) -> str:
    if not report.damaged:
        return "<p>No stored file is known to be damaged.</p>"
    rows = [
        (_path(one.path), text_of(one.why or "another content"), text_of(named(one.snapshots, _NAMED)),
         f"{one.since:%Y-%m-%d}")
        for one in report.damaged[:MOST_ROWS]
    ]  # fmt: skip
    more = len(report.damaged) - len(rows)
    table = table_of(("Damaged file", "What is wrong", "In", "Since"), rows, texts=4)
    return table + (f'<p class="soft">And {more:,} more.</p>' if more > 0 else "")


def _drills(report: SeriesReport) -> str:
    if not report.drills:
        return _nothing("No drill is on record here.")
    rows = [
        (f"{one.start:%Y-%m-%d %H:%M}", text_of(one.status), text_of(one.where), _number(one.files),
         _number(one.different), _span(one.seconds) if one.seconds is not None else "")
        for one in report.drills[:MOST_ROWS]
    ]  # fmt: skip
    heads = ("Drill", "Result", "Evidence", "Files", "Not as sealed", "All would take")
    return table_of(heads, rows, texts=3)


def _lacks(report: SeriesReport) -> str:
    items = "".join(f"<li>{text_of(one)}</li>" for one in report.lacks[:MOST_ROWS])
    return section_of("What this page could not read", f"<ul>{items}</ul>", is_long=True) if items else ""


def _span(seconds: float) -> str:
    """A duration in words, `2 h` and not `2 h 0 min`."""
    return lasted(seconds).removesuffix(" 0 min")


def _path(path: str) -> str:
    return f'<span class="path">{text_of(path)}</span>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _cell(value: float | None, told: Callable[[float], str]) -> str:
    return "" if value is None else tight_of(told(value))


def _nothing(text: str) -> str:
    return f'<p class="soft">{text_of(text)}</p>'


def _caption(text: str) -> str:
    return f'<p class="soft">{tight_of(text)}</p>'


def _table(days: Sequence[Day], head: str, plot: Plot) -> str:
    """The values of a plot, for who cannot see it."""
    rows = (
        (f"{day.date}", text_of(day.told), _cell(value, plot.told))
        for day in reversed(days) if (value := plot.value(day)) is not None
    )  # fmt: skip
    return _details(("Day", "Backups", head), rows, texts=2)


def _details(heads: Sequence[str], rows: Iterable[Row], texts: int) -> str:
    return f"<details><summary>As a table</summary>{table_of(heads, rows, texts)}</details>"
