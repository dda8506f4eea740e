"""A second copy: the snapshots of a series on another file system, which ones are brought, and how that ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from efs_backup.domain.errors import ExitCode, FailureReason
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.verification import Difference
from efs_backup.domain.warnings import Warned

_NAMED = 3


@dataclass(frozen=True)
class CopyPlan:
    """Which snapshots of BACKUP are brought to OTHER, the oldest first.

    there: those that OTHER has too, the newest first. left: those that are not brought, with the reason.
    """

    bring: tuple[SnapshotName, ...]
    there: tuple[SnapshotName, ...]
    left: Mapping[SnapshotName, str] = field(default_factory=dict)


def plan_copy(
    theirs: Collection[SnapshotName], ours: Collection[SnapshotName], kept: Collection[SnapshotName], *,
    newest: int | None = None, only: Collection[SnapshotName] | None = None,
) -> CopyPlan:  # fmt: skip
    """Plan a copy. theirs: the snapshots of BACKUP; ours: of OTHER; kept: those of both that the rules of OTHER keep.

    newest, only: see `efs_backup.domain.requests.copy_request.CopyRequest`.
    """
    chosen = set(theirs if only is None else only)
    if newest is not None:
        chosen = set(sorted(theirs, reverse=True)[:newest])
    missing = sorted(name for name in theirs if name not in set(ours))
    left = {name: "it was not asked for" for name in missing if name not in chosen}
    left |= {name: "the rules of OTHER would drop it" for name in missing if name in chosen and name not in set(kept)}
    return CopyPlan(
        tuple(name for name in missing if name not in left), tuple(sorted(set(theirs) & set(ours), reverse=True)), left
    )


def neighbours(name: SnapshotName, there: Collection[SnapshotName]) -> list[SnapshotName]:
    """The snapshots that share most with this one: the one before it, and the one after it, where there are such."""
    older, newer = [one for one in there if one < name], [one for one in there if one > name]
    return [*([max(older)] if older else []), *([min(newer)] if newer else [])]


class Brought(StrEnum):
    """The fate of one snapshot in a second copy.

    damaged: it is published in OTHER without what is damaged in BACKUP. refused: nothing of it is published, for
    nothing can be proved. gone: it was pruned in BACKUP meanwhile.
    """

    COPIED = "Copied"
    DAMAGED = "Damaged"
    REFUSED = "Refused"
    GONE = "Gone"


@dataclass(frozen=True)
class CopiedSnapshot:
    """One snapshot of a copy.

    files: names that are no directories; linked: of those, how many share their content with another snapshot of
    OTHER; bytes: that were read from BACKUP. proved: files whose SHA-256 is that of the manifest; unproved: those
    without one. damaged: what of BACKUP is not as its manifest says, and so is not in OTHER. made: there was no
    manifest, and one was made in OTHER.
    """

    name: SnapshotName
    outcome: Brought
    files: int = 0
    linked: int = 0
    bytes: int = 0
    proved: int = 0
    unproved: int = 0
    damaged: tuple[Difference, ...] = ()
    made: bool = False
    why: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        match self.outcome:
            case Brought.REFUSED | Brought.GONE:
                return f"The snapshot {self.name} was not copied: {self.why}"
            case Brought.DAMAGED:
                named = "; ".join(map(str, self.damaged[:_NAMED]))
                more = f"; and {len(self.damaged) - _NAMED:,} more" if len(self.damaged) > _NAMED else ""
                names = counted(len(self.damaged), "name")
                return f"The snapshot {self.name} is in OTHER without {names} that BACKUP has damaged: {named}{more}."
            case _:
                return f"The snapshot {self.name} was copied: {counted(self.files, 'file')}, {self.linked:,} by links."


class CopyStatus(StrEnum):
    """How a copy ended."""

    SUCCESS = "Success"
    DAMAGED = "Damaged"
    INCOMPLETE = "Incomplete"
    FAILED = "Failed"


@dataclass(frozen=True)
class CopyResult:
    """How a copy ended.

    snapshots: in the order in which they were brought. findings: what of the seals of BACKUP is other than what was
    brought before. there: how many snapshots OTHER had already. pruned: what the rules of OTHER dropped.
    """

    status: CopyStatus
    message: str
    next_step: str = ""
    failure_reason: FailureReason | None = None
    snapshots: tuple[CopiedSnapshot, ...] = ()
    there: int = 0
    left: Mapping[SnapshotName, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    pruned: tuple[SnapshotName, ...] = ()
    warnings: tuple[Warned, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        return ExitCode.LOCKED if self.failure_reason is FailureReason.LOCKED else _EXIT_CODES[self.status]

    def told(self, warnings: Sequence[Warned], notes: Sequence[str]) -> "CopyResult":
        """The same with what was said on the way."""
        return replace(self, warnings=tuple(warnings), notes=tuple(notes))


_EXIT_CODES = {
    CopyStatus.SUCCESS: ExitCode.DONE,
    CopyStatus.DAMAGED: ExitCode.DIFFERENT,
    CopyStatus.INCOMPLETE: ExitCode.INCOMPLETE,
    CopyStatus.FAILED: ExitCode.FAILED,
}

MEND = (
    "`efs-backup verify BACKUP` and `efs-backup audit BACKUP` say more. What OTHER has is whole; `efs-backup repair"
    " BACKUP --from` brings back in BACKUP what an older snapshot of OTHER still has."
)


def ended(snapshots: Sequence[CopiedSnapshot], findings: Sequence[str], *, stopped: str | None) -> CopyResult:
    """The end of a copy in which nothing failed. stopped: why it ended before its end; None where it did not."""
    counts = {outcome: sum(one.outcome is outcome for one in snapshots) for outcome in Brought}
    copied = counts[Brought.COPIED] + counts[Brought.DAMAGED]
    told = f"{counted(copied, 'snapshot')} copied"
    odd = counts[Brought.DAMAGED] + counts[Brought.REFUSED] + bool(findings)
    if odd:
        told += (
            f", {counts[Brought.DAMAGED]:,} of them without what is damaged in BACKUP; {counts[Brought.REFUSED]:,}"
            f" refused, {counted(len(findings), 'finding')} about seals"
        )
    if stopped:
        told = f"Stopped after {told}: {stopped}."
        next_step = "Run the copy again: it continues from what is there."
        return CopyResult(CopyStatus.DAMAGED if odd else CopyStatus.INCOMPLETE, told, MEND if odd else next_step)
    return CopyResult(CopyStatus.DAMAGED if odd else CopyStatus.SUCCESS, f"{told}.", MEND if odd else "")
