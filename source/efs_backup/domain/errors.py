"""Everything that can go wrong and be named, and the exit code of each.

EfsBackupError                1
|-- WrongUsage                2   the command line asks for something that can never work
|-- NothingThere              5   no such snapshot, label or interval
|-- PackageMissing            1   a Python package of one of our extras
|-- RestoreFailed             1   the restore was refused or did not finish
|-- NotAsSealed               6   a manifest is not the one that was sealed
|-- BackupError               1   a backup that ended as Failed, with its FailureReason
|   |-- MountFailed           1
|   |-- SourceUnreadable      1
|   |-- BackupFull            1
|   |-- ToolMissing           1
|   |-- CopyFailed            1
|   |   `-- Hung              1
|   |-- SeriesMissing         1   BACKUP has no series of this label, and none was asked for
|   |-- SourceChanged         1
|   |-- BackupChanged         1
|   |-- SeriesTorn            1   the file in which the series knows itself cannot be read
|   |-- SeriesTooNew          1
|   |-- HookFailed            1   the command that makes the source quiet for the copy
|   `-- Locked                4
|-- SettingsFault             1   the environment lacks a variable, or one cannot be read
|-- RecordFault               1   a record cannot be used
|   |-- RecordGone            1   it is not there (any more)
|   |-- RecordChanged         1   somebody else has written it meanwhile
|   `-- AlreadyStarted        1   a backup with this id has been started before
`-- ServiceFault              1   an AWS service refused for a reason that we know
    |-- GroupMissing          1
    |-- GroupBusy             1
    |-- InstanceNotManaged    1
    |-- CommandDenied         1
    |-- RuleMissing           1
    |-- BucketRefused         1
    `-- ReportFailed          1
"""

from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes by which the `efs-backup` command tells its caller how it ended."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    INCOMPLETE = 3
    LOCKED = 4
    NOTHING_THERE = 5
    DIFFERENT = 6


class FailureReason(StrEnum):
    """Why a backup ended as `Failed`."""

    MOUNT_FAILED = "MountFailed"
    SOURCE_UNREADABLE = "SourceUnreadable"
    BACKUP_FULL = "BackupFull"
    TOOL_MISSING = "ToolMissing"
    COPY_FAILED = "CopyFailed"
    SERIES_MISSING = "SeriesMissing"
    SOURCE_CHANGED = "SourceChanged"
    BACKUP_CHANGED = "BackupChanged"
    SERIES_TORN = "SeriesTorn"
    SERIES_TOO_NEW = "SeriesTooNew"
    HOOK_FAILED = "HookFailed"
    RULES_REFUSED = "RulesRefused"
    LOCKED = "Locked"
    INTERNAL_ERROR = "InternalError"


class EfsBackupError(Exception):
    """The root of the tree: a sentence for the operator, and what to do next."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class WrongUsage(EfsBackupError):
    """The command line asks for something that can never work."""

    exit_code = ExitCode.WRONG_USAGE


class NothingThere(EfsBackupError):
    """No such snapshot, label or interval."""

    exit_code = ExitCode.NOTHING_THERE


class PackageMissing(EfsBackupError):
    """A Python package that one of our extras brings: `aws` for the stack, `browse` for the page.

    No index of packages has ours, so the next step names a file: whoever took our name there would be installed.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"A Python package is not installed: {package}.",
            f"Install the command with its extra, from its wheel: pipx install --force 'efs-backup[{extra}] @"
            " file:///PATH/efs_backup-VERSION-py3-none-any.whl' (docs/how-to/install.md says more).",
        )


class RestoreFailed(EfsBackupError):
    """The restore was refused before it touched anything, or did not finish; the message says which."""


class NotAsSealed(EfsBackupError):
    """A manifest or a seal is not the one that was made."""

    exit_code = ExitCode.DIFFERENT


class BackupError(EfsBackupError):
    """A backup that ends as `Failed`."""

    reason: ClassVar[FailureReason] = FailureReason.INTERNAL_ERROR


class MountFailed(BackupError):
    """A file system does not exist or cannot be mounted."""

    reason = FailureReason.MOUNT_FAILED


class SourceUnreadable(BackupError):
    """The source, or something in it, is missing, suspiciously empty or cannot be read."""

    reason = FailureReason.SOURCE_UNREADABLE


class BackupFull(BackupError):
    """The backup file system has no space or inode left, or a quota is used up."""

    reason = FailureReason.BACKUP_FULL


class ToolMissing(BackupError):
    """A program that the engine drives is not installed."""

    reason = FailureReason.TOOL_MISSING


class CopyFailed(BackupError):
    """The copy did not finish, or the backup file system refused it."""

    reason = FailureReason.COPY_FAILED


class Hung(CopyFailed):
    """A file system does not answer any more; what waits for it is left behind."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, "See that the servers of both file systems answer (processes in state D), and run it again."
        )


class SeriesMissing(BackupError):
    """BACKUP has no series of this label, as a backup file system that is not mounted, and nobody said --init."""

    reason = FailureReason.SERIES_MISSING


class SourceChanged(BackupError):
    """The source is another than that of the last backup, or a file system below it is missing."""

    reason = FailureReason.SOURCE_CHANGED


class BackupChanged(BackupError):
    """BACKUP is on another file system than the last backup."""

    reason = FailureReason.BACKUP_CHANGED


class SeriesTorn(BackupError):
    """The file in which a series knows itself is not what a program has written."""

    reason = FailureReason.SERIES_TORN


class SeriesTooNew(BackupError):
    """The file in which a series knows itself was written by a later version."""

    reason = FailureReason.SERIES_TOO_NEW


class HookFailed(BackupError):
    """A hook cannot be run, has failed, or has taken too long."""

    reason = FailureReason.HOOK_FAILED


class Locked(BackupError):
    """Another backup of the same series is running."""

    exit_code = ExitCode.LOCKED
    reason = FailureReason.LOCKED


class SettingsFault(EfsBackupError):
    """The environment lacks a variable, or one cannot be read."""


class RecordFault(EfsBackupError):
    """A record cannot be used."""


class RecordGone(RecordFault):
    """There is no record of this backup (any more)."""


class RecordChanged(RecordFault):
    """The record is not as it was when the change was decided."""


class AlreadyStarted(RecordFault):
    """A backup with this id has been started before: the event was delivered twice."""


class ServiceFault(EfsBackupError):
    """An AWS service refused a request for a reason that we know."""


class GroupMissing(ServiceFault):
    """The Auto Scaling group does not exist."""


class GroupBusy(ServiceFault):
    """The Auto Scaling group is in the middle of a change; the same request works later."""


class InstanceNotManaged(ServiceFault):
    """Systems Manager does not reach the instance."""


class CommandDenied(ServiceFault):
    """Systems Manager refuses a command for an instance: a right is missing, or the instance's tags are."""


class RuleMissing(ServiceFault):
    """The rule that stops a backup, or its target, is not as the template made it."""


class BucketRefused(ServiceFault):
    """A bucket does not take, or does not give, what it has to for the work to be safe."""


class ReportFailed(ServiceFault):
    """The report could not be sent."""
