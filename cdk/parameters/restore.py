"""The form of a restore stack."""

from efs_backup.domain.requests.requests import RestoreMode

from .field import Answer, Section, form, number, question, section, text
from .instance import Instance, Network
from .reports import Reports
from .rules import FILE_SYSTEM, SAFE_PATH
from .series import Series

_WHICH = "Which snapshot"
MOST_HOURS = 168
"""The longest time that an alarm looks back (Amazon CloudWatch API Reference, "PutMetricAlarm")."""


@form
class Backup(Section):
    """The file system with the snapshots."""

    file_system: str = text(
        "DstEFS",
        "Backup file system",
        "The id of the file system that holds the snapshots; it is only read.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    )


@form
class Snapshot(Section):
    """The snapshot of a series, and what of it."""

    number: int = number(
        "BackupNum",
        "Backup number",
        "Which snapshot: 0 is the newest.",
        default=0,
        lowest=0,
        highest=9999,
        wrong="must be 0 or more",
    )
    as_of: str = text(
        "RestoreAsOf",
        "As of",
        "The newest snapshot that is not younger than this time (2026-11-20T12:00:00Z); UTC if it says no offset, and a"
        " day means its end. It wins over the number.",
        default="",
        pattern=r"(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?)?",
        wrong="must be empty, or an ISO 8601 time such as 2026-11-20T12:00:00Z",
    )
    directory: str = text(
        "RestoreSubDir",
        "Sub directory",
        "The directory of the snapshot whose content is restored, from the snapshot's root. Empty: everything.",
        default="",
        pattern=rf"({SAFE_PATH}|[A-Za-z0-9_@+=-][A-Za-z0-9._@+=/-]*)?",
        wrong="must be empty, or a path of letters, digits and . _ @ + = - /",
    )


@form
class Target(Section):
    """The file system that is restored into."""

    file_system: str = text(
        "SrcEFS",
        "Target file system",
        "The id of the file system into which files are restored.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    )
    directory: str = text(
        "RestorePrefix",
        "Target directory",
        "The directory of the target into which files are restored.",
        default="/",
        pattern=SAFE_PATH,
        wrong="must begin with / and hold letters, digits and . _ @ + = - / only",
    )


@form
class Manner(Section):
    """How it is restored."""

    mode: str = text(
        "RestoreMode",
        "Mode",
        "overlay adds and overwrites, and deletes nothing. mirror makes the target directory equal to the snapshot;"
        " what is replaced or deleted is kept aside. new wants an empty target directory.",
        default=RestoreMode.OVERLAY.value,
        choices=tuple(mode.value for mode in RestoreMode),
    )
    dry_run: Answer = question("DryRun", "Only plan", "Report what would be done, and touch nothing?", default=False)
    hours: int = number(
        "RestoreHours",
        "Hours at most",
        "An instance that is there for longer is taken away, and the topic told: it may have died. 0: never.",
        default=24,
        lowest=0,
        highest=MOST_HOURS,
    )


@form
class Access(Section):
    """The group of the instance."""

    security_group: str = text(
        "SecurityGroupId",
        "Security group",
        "Of the instance. The mount targets of both file systems must accept it: an output of the backup stack.",
        type="AWS::EC2::SecurityGroup::Id",
    )


@form
class Logs(Section):
    """Where the logs go."""

    bucket: str = text(
        "RestoreLogBucket",
        "Log bucket",
        "The name of the bucket that takes the logs: an output of the backup stack.",
        pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        wrong="must be the name of a bucket",
    )


@form
class RestoreParameters:
    """Everything that is asked before a restore."""

    backup: Backup = section(_WHICH)
    series: Series = section(_WHICH)
    snapshot: Snapshot = section(_WHICH)
    target: Target = section("Where to")
    manner: Manner = section("How")
    network: Network = section("Network")
    access: Access = section("Network")
    instance: Instance = section("Instance")
    logs: Logs = section("Reports")
    reports: Reports = section("Reports")
