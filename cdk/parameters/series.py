"""The form of the source, its series of snapshots, and when they are made."""

from efs_backup.domain.snapshots.names import DEFAULT_LABEL, Interval
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT
from efs_backup.domain.sources import due

from .field import Answer, Section, form, number, question, text
from .rules import FILE_SYSTEM, NO_SCHEDULE, SAFE_PATH, SCHEDULE
from .schedules import refuse_no_schedule

_RULE = r"(((last|hourly|daily|weekly|monthly|yearly)=[1-9][0-9]{0,2})|(within=([0-9]{1,4}[ymdh]){1,4}))"
_WINDOWS = (60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320)
_HOURS_OF_A_YEAR = 8760
_MOST_CONCURRENT = 4

MAXIMUM_AGES = {interval.value: hours for interval, hours in due.MAXIMUM_AGES.items()}
"""Hours: the interval and half a day; of hourly backups, three that are missed."""


def _ages() -> str:
    return ", ".join(f"{hours} for {interval}" for interval, hours in MAXIMUM_AGES.items())


@form
class Source(Section):
    """The file system that is backed up."""

    file_system: str = text(
        "SrcEFS",
        "Source file system",
        "The id of the Amazon EFS file system to back up.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    )
    directory: str = text(
        "BackupPrefix",
        "Source directory",
        "The directory of the source to back up.",
        default="/",
        pattern=SAFE_PATH,
        wrong="must begin with / and hold letters, digits and . _ @ + = - / only, and no .. between slashes",
    )


@form
class Series(Section):
    """The folder and the name of a series."""

    label: str = text(
        "FolderLabel",
        "Folder label",
        "The folder on the backup file system that holds the snapshots; one for each source.",
        default=DEFAULT_LABEL,
        pattern=r"[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]{0,254}",
        wrong="must be one folder name of letters, digits and . _ @ + = - that does not begin with a dot",
    )
    interval: str = text(
        "IntervalTag",
        "Interval",
        "The series: its name is part of each snapshot's path.",
        default=Interval.DAILY.value,
        choices=tuple(interval.value for interval in Interval),
    )


@form
class Keeping(Section):
    """Which snapshots are kept."""

    newest: int = number(
        "Retain",
        "Retention",
        f"How many snapshots are kept: 1 to {RETENTION_LIMIT}, for Amazon EFS limits the hard links of a file.",
        default=7,
        lowest=1,
        highest=RETENTION_LIMIT,
    )
    rules: str = text(
        "RetentionRules",
        "Retention by rules",
        "Which snapshots are kept by the calendar, instead of the newest ones: such as daily=30,weekly=12,monthly=24."
        " Rules are last, hourly, daily, weekly, monthly and yearly with a number, and within with a duration (14d)."
        " Empty: Retention holds.",
        default="",
        pattern=rf"({_RULE}(,{_RULE}){{0,6}})?",
        wrong="must be empty, or rules such as daily=30,weekly=12,within=14d without spaces",
    )
    spare: Answer = question(
        "KeepSpare",
        "Keep a spare",
        "The newest snapshot that is dropped stays as the next partial, which spares most of a night's writes. No: it"
        " is deleted at once.",
        default=True,
    )


@form
class When(Section):
    """When backups start, and how long they may take."""

    schedule: str = text(
        "BackupSchedule",
        "Schedule",
        "When backups start, as an EventBridge expression, in UTC unless a time zone is given.",
        default="cron(0 2 * * ? *)",
        pattern=SCHEDULE,
        wrong=f"must be {NO_SCHEDULE}",
    )
    time_zone: str = text(
        "ScheduleTimeZone",
        "Time zone of the schedule",
        "Such as Europe/Berlin: the schedule is a cron(...) by its clock, with summer time. What falls into the hour"
        " that a day in spring lacks is left out that day. Empty: UTC.",
        default="",
        pattern=r"([A-Za-z]+(/[A-Za-z0-9_+-]+){0,2})?",
        wrong="must be empty, or the name of a time zone such as Europe/Berlin",
    )
    window: int = number(
        "BackupWindow",
        "Window in minutes",
        "How long a backup may take; it is stopped 15 minutes before the end, and the next one continues.",
        default=180,
        choices=tuple(map(str, _WINDOWS)),
        wrong=f"must be one of {', '.join(map(str, _WINDOWS))} minutes",
    )
    maximum_age: int = number(
        "MaximumBackupAge",
        "Alarm after hours",
        f"Without a successful backup for so long there is an alarm. 0 means {_ages()}.",
        default=0,
        lowest=0,
        highest=_HOURS_OF_A_YEAR,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_no_schedule("When.schedule (BackupSchedule)", self.schedule)


@form
class Further(Section):
    """File systems beside the first."""

    wanted: Answer = question(
        "FurtherSources",
        "Further file systems",
        "Back up other file systems too, which `efs-backup stack add` or their tag efs-backup:policy names. The"
        " instance may mount, for reading, each file system of the account and region that has this tag.",
        default=False,
    )
    at_a_time: int = number(
        "ConcurrentBackups",
        "Backups at a time",
        "How many file systems are backed up at a time, each by an instance of its own; the others wait.",
        default=1,
        choices=tuple(map(str, range(1, _MOST_CONCURRENT + 1))),
    )
