"""A series report as data, for programs."""

from typing import Any

from efs_backup.domain.humanize import as_fields, as_time
from efs_backup.domain.series_report.days import Night
from efs_backup.domain.series_report.facts import SeriesReport
from efs_backup.domain.series_report.verdict import Verdict, verdict_of

_WORDS = {Verdict.GOOD: "good", Verdict.LOOK: "look", Verdict.BAD: "bad"}


def as_data(report: SeriesReport) -> dict[str, Any]:
    """All of it; times in ISO 8601 with their offset, durations in seconds, sizes in bytes."""
    verdict, sentences = verdict_of(report)
    forecast, scrub = report.forecast, report.scrub
    return {
        "label": report.label,
        "interval": report.interval,
        "made": as_time(report.made),
        "verdict": _WORDS[verdict],
        "sentences": sentences,
        "snapshots": report.snapshots,
        "oldest_snapshot": report.oldest or None,
        "nights": [_night(night) for night in report.nights],
        "window_seconds": report.window,
        "forecast": forecast and {
            "seconds": forecast.seconds, "more_seconds": forecast.high, "days_left": forecast.days_left,
        },
        "directories": [
            {**as_fields("path", one.path), "new_bytes": one.size, "files": one.files, "nights": one.nights}
            for one in report.busiest
        ],
        "directories_of_nights": report.looked_at,
        "holds": [*report.holds],
        "kept": [{"snapshot": one.snapshot, "pin": one.pin or None, "note": one.note or None} for one in report.kept],
        "damaged": [
            {**as_fields("path", one.path), "snapshots": [*one.snapshots], "since": as_time(one.since),
             "why": one.why or None}
            for one in report.damaged
        ],
        "drills": [
            {"start": as_time(one.start), "status": one.status, "files": one.files, "different": one.different,
             "estimated_seconds": one.seconds, "evidence": one.where or None}
            for one in report.drills
        ],
        "scrub": scrub and {"days": scrub.days, "days_behind": scrub.behind, "is_begun": scrub.is_begun},
        "notes": [*report.lacks],
    }  # fmt: skip


def _night(night: Night) -> dict[str, Any]:
    return {
        "start": as_time(night.start),
        "status": night.status,
        "snapshot": night.snapshot,
        "seconds": night.seconds,
        "files": night.files,
        "bytes": night.size,
        "new_bytes": night.new,
        "window_seconds": night.window,
        "changed_share": night.share,
        "message": night.message or None,
    }
