"""The parameters that the operator is asked for when backups are set up."""

from collections.abc import Mapping
from dataclasses import replace

from cdk.drills import DRILL_PARAMETERS
from cdk.fleet import FLEET_PARAMETERS
from cdk.form import YES_OR_NO, Field
from cdk.network_parameters import BACKUP_NETWORK
from cdk.page import BROWSE_PARAMETERS
from cdk.parameters import FILE_SYSTEM, FOLDER_LABEL, INSTANCE, INTERVAL, REPORTS, SAFE_PATH
from cdk.quiesce import QUIESCE_PARAMETERS
from cdk.replication import REPLICATION_PARAMETERS
from cdk.restore_in_place import IN_PLACE_PARAMETERS
from cdk.runbooks import RUNBOOK_PARAMETERS
from cdk.scrub_parameters import SCRUB_PARAMETERS
from cdk.seals import SEAL_PARAMETERS
from cdk.sources import SOURCE_PARAMETERS
from cdk.storage_parameters import PROTECTION, STORAGE
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT
from efs_backup.domain.sources import due

_RULE = r"(((last|hourly|daily|weekly|monthly|yearly)=[1-9][0-9]{0,2})|(within=([0-9]{1,4}[ymdh]){1,4}))"
_RULES = rf"({_RULE}(,{_RULE}){{0,6}})?"
_WINDOWS = (60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320)
_HOURS_OF_A_YEAR = 8760

MAXIMUM_AGES = {interval.value: hours for interval, hours in due.MAXIMUM_AGES.items()}
"""Hours: the interval and half a day; of hourly backups, three that are missed."""


def _ages() -> str:
    return ", ".join(f"{hours} for {interval}" for interval, hours in MAXIMUM_AGES.items())


_WHAT = {
    "SrcEFS": Field(
        "Source file system",
        "The id of the Amazon EFS file system to back up.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    ),
    "BackupPrefix": Field(
        "Source directory",
        "The directory of the source to back up.",
        default="/",
        pattern=SAFE_PATH,
        wrong="must begin with / and hold letters, digits and . _ @ + = - / only",
    ),
    "FolderLabel": FOLDER_LABEL,
    "IntervalTag": INTERVAL,
    "Retain": Field(
        "Retention",
        f"How many snapshots are kept: 1 to {RETENTION_LIMIT}, for Amazon EFS limits the hard links of a file.",
        default=7,
        type="Number",
        lowest=1,
        highest=RETENTION_LIMIT,
        wrong=f"must be 1 to {RETENTION_LIMIT}",
    ),
    "RetentionRules": Field(
        "Retention by rules",
        "Which snapshots are kept by the calendar, instead of the newest ones: such as daily=30,weekly=12,monthly=24."
        " Rules are last, hourly, daily, weekly, monthly and yearly with a number, and within with a duration (14d)."
        " Empty: Retention holds.",
        default="",
        pattern=_RULES,
        wrong="must be empty, or rules such as daily=30,weekly=12,within=14d without spaces",
    ),
    "KeepSpare": Field(
        "Keep a spare",
        "The newest snapshot that is dropped stays as the next partial, which spares most of a night's writes. No: it"
        " is deleted at once.",
        default="Yes",
        choices=YES_OR_NO,
    ),
}
_WHEN = {
    "BackupSchedule": Field(
        "Schedule",
        "When backups start, as an EventBridge expression, in UTC unless a time zone is given.",
        default="cron(0 2 * * ? *)",
        pattern=r"(cron|rate)\(.+\)",
        wrong="must be cron(...) or rate(...)",
    ),
    "ScheduleTimeZone": Field(
        "Time zone of the schedule",
        "Such as Europe/Berlin: the schedule is a cron(...) by its clock, with summer time. What falls into the hour"
        " that a day in spring lacks is left out that day. Empty: UTC.",
        default="",
        pattern=r"([A-Za-z]+(/[A-Za-z0-9_+-]+){0,2})?",
        wrong="must be empty, or the name of a time zone such as Europe/Berlin",
    ),
    "BackupWindow": Field(
        "Window in minutes",
        "How long a backup may take; it is stopped 15 minutes before the end, and the next one continues.",
        default="180",
        type="Number",
        choices=tuple(map(str, _WINDOWS)),
        wrong="must be one of the listed numbers of minutes",
    ),
    "MaximumBackupAge": Field(
        "Alarm after hours",
        f"Without a successful backup for so long there is an alarm. 0 means {_ages()}.",
        default=0,
        type="Number",
        lowest=0,
        highest=_HOURS_OF_A_YEAR,
        wrong=f"must be 0 to {_HOURS_OF_A_YEAR}",
    ),
}
_INSTANCE = INSTANCE | {
    "SecurityGroups": Field(
        "Further security groups",
        "Ids, separated by commas, to attach to the instance: one that the source's mount targets accept.",
        default="",
        pattern=r"(sg-[0-9a-f]+(,sg-[0-9a-f]+){0,3})?",
        wrong="must be up to four ids of security groups, sg-..., separated by commas without spaces",
    ),
    **FLEET_PARAMETERS,
}
_REPORTS = REPORTS | {
    "SuccessNotification": Field(
        "Report successes", "Send a report of successful backups too?", default="Yes", choices=YES_OR_NO
    ),
    "RestoreTemplateUrl": Field(
        "Address of the restore template",
        "Where the template of a restore stack lies in Amazon S3 (https://BUCKET.s3.REGION.amazonaws.com/...): reports"
        " then have a link to its form with everything filled in. Empty: no link.",
        default="",
        pattern=r"(https://[A-Za-z0-9.-]+\.amazonaws\.com(\.cn)?/[A-Za-z0-9._@+=/-]+)?",
        wrong="must be empty, or the address of an object in Amazon S3",
    ),
    "MetricsEndpoint": Field(
        "Endpoint of anonymous metrics",
        "An address that takes figures of each backup. Empty: nothing is sent.",
        default="",
        pattern=r"(https://[^\s]+)?",
        wrong="must be empty, or begin with https://",
    ),
    **RUNBOOK_PARAMETERS,
}


def backup_parameters(*, protects: bool) -> Mapping[str, Mapping[str, Field]]:
    """All of them in groups. Whether the snapshots are protected unless told otherwise depends on the bundle."""
    protection = replace(STORAGE[PROTECTION], default=YES_OR_NO[0] if protects else YES_OR_NO[1])
    return {
        "What is backed up": _WHAT,
        "When": _WHEN,
        "Where the snapshots live": STORAGE | {PROTECTION: protection} | REPLICATION_PARAMETERS,
        "Further file systems": SOURCE_PARAMETERS,
        "Proof": SEAL_PARAMETERS | SCRUB_PARAMETERS | DRILL_PARAMETERS,
        "Looking at the snapshots": BROWSE_PARAMETERS,
        "Around a backup": QUIESCE_PARAMETERS,
        "Restores": IN_PLACE_PARAMETERS,
        "Network": BACKUP_NETWORK,
        "Instance": _INSTANCE,
        "Reports": _REPORTS,
    }
