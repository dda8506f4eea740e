"""What a restore would do and did."""

import shlex
from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.comparison import Kind, Summary
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.orders import RestoreMode
from efs_backup.domain.snapshots import SnapshotName

_NAMED = 3


class RestoreStatus(StrEnum):
    """How a restore ended."""

    PLANNED = "Planned"
    SUCCESS = "Success"
    INCOMPLETE = "Incomplete"


@dataclass(frozen=True)
class RestorePlan:
    """Which snapshot goes where, and what that means for each path of the target.

    left_alone: mount points in the target at which the snapshot has something too.
    """

    snapshot: SnapshotName
    mode: RestoreMode
    target: str
    summary: Summary
    left_alone: tuple[str, ...] = ()

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
