"""How the backups of a stack stand: a view of its records, of what it was told, and of the moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.pinned import read
from efs_backup.domain.operations.record import BackupRecord, newest_success
from efs_backup.domain.operations.review import is_silent
from efs_backup.domain.operations.running import open_ones
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.schedule import next_start


class Activity(StrEnum):
    """Whether the stack is at work. Silent: something runs, and nothing was heard of it for half an hour."""

    IDLE = "idle"
    RUNNING = "running"
    SILENT = "silent"


@dataclass(frozen=True)
class Plan:
    """The stack's parameters. `zone` is that of the schedules, None where nobody here knows a zone of that name."""

    source: str
    prefix: str
    backup: str
    label: str
    interval: str
    schedule: str
    zone_name: str
    zone: tzinfo | None
    window_minutes: int | None
    keeps: str
    drill_schedule: str

    @classmethod
    def of(cls, parameters: Mapping[str, str], outputs: Mapping[str, str], zone: tzinfo | None) -> "Plan":
        """Read from a deployed stack. A parameter that an older template lacks has its default."""
        given = parameters.get
        window = given("BackupWindow", "")
        return cls(
            source=outputs.get("SourceEFS", given("SrcEFS", "")),
            prefix=given("BackupPrefix", "/"),
            backup=outputs.get("BackupEFS", ""),
            label=given("FolderLabel", "efs-backup"),
            interval=given("IntervalTag", "daily"),
            schedule=given("BackupSchedule", ""),
            zone_name=given("ScheduleTimeZone", "") or "UTC",
            zone=zone,
            window_minutes=int(window) if window.isdecimal() else None,
            keeps=given("RetentionRules", "") or f"last={given('Retain', '')}",
            drill_schedule=given("DrillSchedule", ""),
        )

    def next_start(self, after: datetime, since: datetime | None = None) -> datetime | None:
        """When the next backup starts; None where nobody can tell."""
        return self._next(self.schedule, after, since)

    def next_drill(self, after: datetime, since: datetime | None = None) -> datetime | None:
        """When the next drill starts; None where none does, or nobody can tell."""
        return self._next(self.drill_schedule, after, since)

    def _next(self, expression: str, after: datetime, since: datetime | None) -> datetime | None:
        """AWS may take what this cannot read: the stack works, and only its next start is not told."""
        try:
            return next_start(expression, after, self.zone, since) if expression and self.zone else None
        except WrongUsage:
            return None


@dataclass(frozen=True)
class Alarm:
    """An alarm that is in ALARM; since: aware; reason: CloudWatch's."""

    name: str
    since: datetime
    reason: str


@dataclass(frozen=True)
class Asked:
    """Something that waits for the next agent. at: aware. row: whose, LABEL/INTERVAL; "" is the first."""

    action: str
    snapshot: str | None
    reason: str
    by: str
    at: datetime
    row: str = ""


@dataclass(frozen=True)
class Surroundings:
    """Facts beside the records; None where they could not be read. unconfirmed: addresses that get no mails yet."""

    alarms: Sequence[Alarm] | None = ()
    unconfirmed: Sequence[str] | None = ()
    asked: Sequence[Asked] = ()


@dataclass(frozen=True)
class Status:
    """The state of one stack.

    running: what was started last and has not ended; beside: what runs beside it, the newest first. last: the backup
    that ended last, success: the newest that succeeded, drill: the last that said something. hold: the newest snapshot
    that a hold names.
    """

    plan: Plan
    now: datetime
    activity: Activity
    running: BackupRecord | None
    last: BackupRecord | None
    success: BackupRecord | None
    drill: BackupRecord | None
    next_start: datetime | None
    next_drill: datetime | None
    beside: Sequence[BackupRecord] = ()
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def hold(self) -> str | None:
        """The hold that the newest success tells of, if any."""
        return self.success.hold if self.success else None

    @property
    def pins(self) -> list[tuple[str, str]] | None:
        """The snapshots that the newest success has found pinned, and what their pins say; None: not known."""
        return read(self.success.pinned) if self.success else None

    @property
    def forecast_seconds(self) -> float | None:
        """How long the next backup may take."""
        return self.success.forecast_seconds if self.success else None

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to look: the last backup succeeded, no alarm, nothing silent."""
        failed = self.last is not None and self.last.status is not BackupStatus.SUCCESS
        is_any_silent = self.activity is Activity.SILENT or any(is_silent(one, self.now) for one in self.beside)
        return not (failed or is_any_silent or self.around.alarms)


def status_of(plan: Plan, records: Iterable[BackupRecord], now: datetime, around: Surroundings) -> Status:
    """The status now. records: all there are, in any order; those of further file systems only count as running."""
    known = sorted(records, key=lambda one: one.start_time)
    backups = [one for one in known if one.mode is None and one.label is None]
    drills = [one for one in known if one.is_drill]
    going = open_ones(known)
    running = going[0] if going else None
    return Status(
        plan=plan,
        now=now,
        activity=_activity(running, now),
        running=running,
        last=_last(backups),
        success=newest_success(backups),
        drill=next((one for one in reversed(drills) if one.drill_result), None),
        next_start=plan.next_start(now, _start_of(backups)),
        next_drill=plan.next_drill(now, _start_of(drills)),
        beside=going[1:],
        around=around,
    )


def _activity(running: BackupRecord | None, now: datetime) -> Activity:
    if running is None:
        return Activity.IDLE
    return Activity.SILENT if is_silent(running, now) else Activity.RUNNING


def _last(backups: Sequence[BackupRecord]) -> BackupRecord | None:
    """The last backup that ended; a start that was skipped because another ran says nothing of backups."""
    ended = (one for one in backups if one.has_ended and one.status is not BackupStatus.SKIPPED)
    return max(ended, key=lambda one: one.start_time, default=None)


def _start_of(records: Sequence[BackupRecord]) -> datetime | None:
    """A start from which a rate counts."""
    return records[-1].start_time if records else None


def window_share(record: BackupRecord) -> float | None:
    """The part of its window that a backup took, 1 for all of it; None where it has not ended, or has no window."""
    if record.seconds is None or record.window_minutes <= 0:
        return None
    return record.seconds / timedelta(minutes=record.window_minutes).total_seconds()
