"""Results: how a backup, or a restore, is planned and how it ended."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from efs_backup.domain.copying.comparison import Kind, Summary
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, ExitCode, FailureReason
from efs_backup.domain.forecast import Forecast
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.tripwire import Verdict
from efs_backup.domain.warnings import Warned

_NAMED = 3


class BackupStatus(StrEnum):
    """How a backup stands; every word is told to the operator as it is."""

    RUNNING = "Running"
    SUCCESS = "Success"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    SKIPPED = "Skipped"


class SealStatus(StrEnum):
    """Where the seal of a snapshot is: beside it alone, or in the bucket that nobody overwrites, too."""

    LOCAL = "Local"
    STORED = "Stored"


@dataclass(frozen=True)
class Step:
    """One step of a backup and how long it took, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True)
class BackupResult:
    """How a backup ended: status and reason, what it made, and what the operator should know and do.

    A snapshot that is published with warnings is a success; those of a failure name all that stood in its way. Notes
    tell what is no problem. kept: why each snapshot stays, where a prune has decided it. seal: the SHA-256 of the
    snapshot's seal. seal_status, seal_address: whether it is outside the file system too, and where; None where it was
    not to be stored. forecast: None where the past says too little. verdict: what
    the tripwire says; None where it was not asked. hold: the newest snapshot that a hold names, in whatever series of
    the label; None where none does. report: the address of the series report that was written; None for none. stopped:
    why it was stopped before its end; "" where it was not. scrub_coverage: the part, in percent, of what the scrub
    should have read of its cycle that it has read; None where nothing is scrubbed. pins: what each pin that holds says,
    by its snapshot; None where that is not known.
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
    kept: Mapping[SnapshotName, str] = field(default_factory=dict)
    seal: str | None = None
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[Warned, ...] = ()
    seal_status: SealStatus | None = None
    seal_address: str | None = None
    forecast: Forecast | None = None
    verdict: Verdict | None = None
    hold: str | None = None
    report: str | None = None
    stopped: str = ""
    scrub_coverage: float | None = None
    pins: Mapping[SnapshotName, str] | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        if self.failure_reason is FailureReason.LOCKED:
            return ExitCode.LOCKED
        return exit_code_of(self.status)

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


def exit_code_of(status: BackupStatus) -> ExitCode:
    """The exit code of a status."""
    return _EXIT_CODES[status]


class RestoreStatus(StrEnum):
    """How a restore ended."""

    PLANNED = "Planned"
    SUCCESS = "Success"
    INCOMPLETE = "Incomplete"


@dataclass(frozen=True)
class RestorePlan:
    """Which snapshot goes where, and what that means for each path of the target.

    left_alone: mount points in the target at which the snapshot has something too. keeps_replaced: what makes way is
    moved to a quarantine.
    """

    snapshot: SnapshotName
    mode: RestoreMode
    target: str
    summary: Summary
    left_alone: tuple[str, ...] = ()
    keeps_replaced: bool = False

    @property
    def about_mounts(self) -> str:
        """A sentence about what is left alone, with the way to bring it back; "" where nothing is."""
        if not self.left_alone:
            return ""
        named = ", ".join(map(repr, self.left_alone[:_NAMED]))
        more = f" and {len(self.left_alone) - _NAMED:,} more" if len(self.left_alone) > _NAMED else ""
        first = self.left_alone[0]
        way = f"`--path {shlex.quote(first)}` with the target {f'{self.target}/{first}'!r}"
        return f" What is mounted in the target is left alone: {named}{more}; bring it back by {way}."

    @property
    def created(self) -> int:
        """Paths that the target has not."""
        return self.summary.counts[Kind.ADDED]

    @property
    def replaced(self) -> int:
        """Paths of which the target has another version."""
        return self.summary.counts[Kind.CHANGED]

    @property
    def makes_way(self) -> int:
        """Paths that lose what the target has there: those that are replaced, and those that a mirror deletes."""
        return self.replaced + (self.extra if self.mode is RestoreMode.MIRROR else 0)

    @property
    def extra(self) -> int:
        """Paths that only the target has: deleted by `mirror`, left alone otherwise."""
        return self.summary.counts[Kind.REMOVED]


@dataclass(frozen=True)
class RestoreResult:
    """How a restore ended; notes tell what is no problem, or how not to make one while it runs."""

    status: RestoreStatus
    plan: RestorePlan
    message: str
    next_step: str = ""
    quarantine: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        return ExitCode.INCOMPLETE if self.status is RestoreStatus.INCOMPLETE else ExitCode.DONE
