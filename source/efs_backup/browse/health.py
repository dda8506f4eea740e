"""Health: whether a series can be counted on, in a few sentences with a sign each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from efs_backup.domain.forecast import Forecast, minutes
from efs_backup.domain.humanize import counted
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.hold import LabelHold, reminder
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage, ScrubState, days_behind

_USUAL = {
    Interval.HOURLY: timedelta(hours=1), Interval.DAILY: timedelta(days=1), Interval.WEEKLY: timedelta(days=7),
    Interval.MONTHLY: timedelta(days=31),
}  # fmt: skip
_LATE, _VERY_LATE = 1.5, 3.0
"""Of the time between two backups."""

_MOST_DAYS_BEHIND = 7
_MOST_DRILL_AGE = timedelta(days=100)
_MOST_SHARE = 0.8


@dataclass(frozen=True)
class Facts:
    """All that is known of a series. records: the newest first; window_seconds: None where a backup has no limit.

    snapshots: the newest first; proven: those of them that have a manifest.
    """

    interval: Interval
    now: datetime
    snapshots: Sequence[SnapshotName]
    proven: frozenset[str]
    records: Sequence[BackupRecord]
    forecast: Forecast | None
    window_seconds: float | None
    scrub: ScrubState
    damaged: Sequence[Damage]
    hold: LabelHold
    pins: int


@dataclass(frozen=True)
class Sign:
    """One matter. state: "good", "warn", "bad" or "unknown"; word: its short answer; text: what there is to know."""

    name: str
    state: str
    word: str
    text: str


def signs(facts: Facts) -> list[Sign]:
    """One for each matter, those that an operator looks at first at the top."""
    return [
        _last_success(facts), _last_backup(facts), _window(facts), _damage(facts), _scrub(facts), _proof(facts),
        _hold(facts), _drill(facts), _pins(facts),
    ]  # fmt: skip


def age(span: timedelta) -> str:
    """`5 minutes`, `3 hours` or `2 days`."""
    seconds = max(0.0, span.total_seconds())
    for length, noun in ((86400, "day"), (3600, "hour")):
        if seconds >= 2 * length or (noun == "hour" and seconds >= length):
            return counted(int(seconds // length), noun)
    return counted(int(seconds // 60), "minute")


def _last_success(facts: Facts) -> Sign:
    since = facts.now - facts.snapshots[0].time
    share = since / _USUAL[facts.interval]
    state = "bad" if share > _VERY_LATE else "warn" if share > _LATE else "good"
    text = f"The newest snapshot is {facts.snapshots[0]}, of {counted(len(facts.snapshots), 'snapshot')}."
    return Sign("Last success", state, f"{age(since)} ago", text)


def _last_backup(facts: Facts) -> Sign:
    last = next((one for one in facts.records if one.is_backup), None)
    if last is None:
        return Sign("Last backup", "unknown", "not on record", "Records of a backup are kept for 90 days.")
    states = {BackupStatus.SUCCESS: "warn" if last.warning else "good", BackupStatus.RUNNING: "good"}
    fallback = "warn" if last.status is BackupStatus.INCOMPLETE else "bad"
    said = " ".join(filter(None, (last.message, last.next_step)))
    word = f"{last.status}, {last.warning}" if last.warning else str(last.status)
    return Sign("Last backup", states.get(last.status, fallback), word, said)


def _window(facts: Facts) -> Sign:
    forecast, window = facts.forecast, facts.window_seconds
    if forecast is None:
        return Sign(
            "Window", "unknown", "no forecast yet", "It takes seven backups that succeeded to foretell the next."
        )
    if window is None:
        return Sign("Window", "good", "no limit", f"A backup takes {forecast}, and may take as long as it needs.")
    share = (forecast.seconds + forecast.high) / window
    text = forecast.warning.message if forecast.warning else f"A backup takes {forecast}, of {minutes(window)}."
    state = "warn" if forecast.warning or share > _MOST_SHARE else "good"
    return Sign("Window", state, f"{share:.0%} used", text)


def _damage(facts: Facts) -> Sign:
    if not facts.damaged:
        return Sign("Damage", "good", "none known", "No file that was read again was other than stored.")
    first = facts.damaged[0]
    text = f"{first.path!r} is not what was stored, in {counted(len(first.snapshots), 'snapshot')}."
    return Sign(
        "Damage", "bad", counted(len(facts.damaged), "file"), f"{text} `efs-backup repair` says what can be done."
    )


def _scrub(facts: Facts) -> Sign:
    behind = days_behind(facts.scrub, facts.now)
    if facts.scrub.day is None:
        return Sign("Scrub", "unknown", "never", "Nothing that is stored was read again yet.")
    state = "warn" if behind > _MOST_DAYS_BEHIND else "good"
    text = f"All that is stored is read again once in {counted(facts.scrub.days, 'day')}."
    return Sign("Scrub", state, f"{counted(behind, 'day')} behind" if behind else "up to date", text)


def _proof(facts: Facts) -> Sign:
    without = [name for name in facts.snapshots if str(name) not in facts.proven]
    if not without:
        return Sign("Manifests", "good", "complete", "Each snapshot has a manifest, by which it can be verified.")
    word = f"{len(facts.snapshots) - len(without)} of {counted(len(facts.snapshots), 'snapshot')}"
    return Sign("Manifests", "warn", word, f"{without[0]} has none; `efs-backup manifest BACKUP --make` makes one.")


def _hold(facts: Facts) -> Sign:
    said = reminder(facts.hold, facts.now)
    if not said:
        return Sign("Hold", "good", "none", "Snapshots are dropped as the rules say.")
    return Sign("Hold", "bad" if facts.hold.torn else "warn", "held", " ".join(said))


def _drill(facts: Facts) -> Sign:
    last = next((one for one in facts.records if one.is_drill and one.drill_result), None)
    if last is None:
        return Sign("Drill", "unknown", "not on record", "`efs-backup drill` rehearses a restore.")
    since = facts.now - last.start_time
    state = "bad" if last.drill_different else "warn" if since > _MOST_DRILL_AGE else "good"
    return Sign("Drill", state, f"{last.drill_result}, {age(since)} ago", last.message or "")


def _pins(facts: Facts) -> Sign:
    return Sign("Pins", "good", counted(facts.pins, "snapshot"), "A pinned snapshot is not dropped by any rule.")
