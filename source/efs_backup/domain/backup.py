"""What a backup is and how it ended."""

from dataclasses import dataclass, field
from enum import StrEnum

from efs_backup.domain.errors import BackupError, ExitCode, FailureReason
from efs_backup.domain.snapshots import SnapshotName
from efs_backup.domain.warnings import Warned


class BackupStatus(StrEnum):
    """How a backup stands; every word is told to the operator as it is."""

    RUNNING = "Running"
    SUCCESS = "Success"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    SKIPPED = "Skipped"


@dataclass(frozen=True)
class CopyStatistics:
    """What a copy did; files are everything that is no directory, sizes are bytes.

    `number_of_files_transferred` counts regular files whose data were read from the source. What is neither
    transferred nor linked got a new inode without data: symlinks, FIFOs, and files of which only attributes changed.
    """

    number_of_files: int = 0
    number_of_files_transferred: int = 0
    number_of_files_linked: int = 0
    total_file_size: int = 0
    total_transferred_file_size: int = 0
    vanished_files: int = 0

    @property
    def number_of_files_copied(self) -> int:
        """Files that got an inode of their own in this snapshot."""
        return self.number_of_files - self.number_of_files_linked

    def __add__(self, other: "CopyStatistics") -> "CopyStatistics":
        return CopyStatistics(
            self.number_of_files + other.number_of_files,
            self.number_of_files_transferred + other.number_of_files_transferred,
            self.number_of_files_linked + other.number_of_files_linked,
            self.total_file_size + other.total_file_size,
            self.total_transferred_file_size + other.total_transferred_file_size,
            self.vanished_files + other.vanished_files,
        )


@dataclass(frozen=True)
class Step:
    """One step of a backup and how long it took, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True)
class BackupResult:
    """How a backup ended: status and reason, what it made, and what the operator should know and do.

    A snapshot that is published with warnings is a success; those of a failure name all that stood in its way. Notes
    tell what is no problem.
    """

    status: BackupStatus
    message: str
    next_step: str = ""
    failure_reason: FailureReason | None = None
    snapshot: SnapshotName | None = None
    path: str | None = None
    previous: SnapshotName | None = None
    statistics: CopyStatistics = CopyStatistics()
    pruned: tuple[SnapshotName, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[Warned, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        if self.failure_reason is FailureReason.LOCKED:
            return ExitCode.LOCKED
        return _EXIT_CODES[self.status]

    @classmethod
    def failed(cls, error: BackupError) -> "BackupResult":
        """The result of a backup that ended with this error."""
        return cls(BackupStatus.FAILED, error.message, error.next_step, error.reason)


_EXIT_CODES = {
    BackupStatus.RUNNING: ExitCode.FAILED,
    BackupStatus.SUCCESS: ExitCode.DONE,
    BackupStatus.INCOMPLETE: ExitCode.INCOMPLETE,
    BackupStatus.FAILED: ExitCode.FAILED,
    BackupStatus.UNKNOWN: ExitCode.FAILED,
    BackupStatus.SKIPPED: ExitCode.LOCKED,
}
