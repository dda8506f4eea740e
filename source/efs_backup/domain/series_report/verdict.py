"""The verdict of a series report: what a person who looks for five seconds should know."""

from enum import StrEnum

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.humanize import counted
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.series_report.facts import SeriesReport

_FAILED = frozenset({BackupStatus.FAILED, BackupStatus.UNKNOWN})
_HOUR, _TWO_DAYS = 3600, 48
_MOST_BEHIND = 7
"""Days that a scrub may be behind before somebody should look."""


class Verdict(StrEnum):
    """How it stands, the worst last."""

    GOOD = "passed"
    LOOK = "undone"
    BAD = "failed"


def verdict_of(report: SeriesReport) -> tuple[Verdict, list[str]]:
    """(how it stands, sentences on what is wrong, the worst first)."""
    bad, look = _bad(report), _look(report)
    return (Verdict.BAD if bad else Verdict.LOOK if look else Verdict.GOOD), [*bad, *look]


def _bad(report: SeriesReport) -> list[str]:
    last, drill = report.last, report.drills[0] if report.drills else None
    told = [
        (f"{counted(len(report.damaged), 'stored file')} of the snapshots is not what was stored."
         if len(report.damaged) == 1 else f"{len(report.damaged):,} stored files are not what was stored.",
         bool(report.damaged)),
        (f"The last backup ended as {last.status}." if last else "", bool(last and last.status in _FAILED)),
        (_late(report), report.is_late),
        ("The last drill found files that are not as they were sealed.",
         bool(drill and drill.status == DrillStatus.DIFFERENT)),
    ]  # fmt: skip
    return [text for text, holds in told if holds and text]


def _look(report: SeriesReport) -> list[str]:
    last, forecast = report.last, report.forecast
    told = [
        ("The last backup was stopped; the next one goes on.",
         bool(last and last.status is BackupStatus.INCOMPLETE)),
        ("A hold keeps all older snapshots until somebody releases it.", bool(report.holds)),
        (str(forecast.warning) if forecast and forecast.warning else "", bool(forecast and forecast.warning)),
        (f"The scrub is {counted(report.scrub.behind, 'day')} behind." if report.scrub else "",
         bool(report.scrub and report.scrub.behind > _MOST_BEHIND)),
        ("Something that is stored about this series could not be read: see below.", bool(report.lacks)),
    ]  # fmt: skip
    return [text for text, holds in told if holds and text]


def _late(report: SeriesReport) -> str:
    last = report.last_success
    if last is None:
        return "No backup is known to have succeeded."
    return f"The last success is {age_of((report.made - last.start).total_seconds())} old."


def age_of(seconds: float) -> str:
    """`5 hours`, `3 days`; under an hour `25 minutes`."""
    hours = int(seconds // _HOUR)
    if hours < 1:
        return counted(max(0, int(seconds // 60)), "minute")
    return counted(hours, "hour") if hours < _TWO_DAYS else counted(hours // 24, "day")
