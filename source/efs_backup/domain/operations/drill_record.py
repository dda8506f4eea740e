"""How a drill gets into its record, and whether the seal that it went by is the one that is known elsewhere."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.drill.result import DrillPlan, DrillResult, DrillStatus
from efs_backup.domain.drill.wording import confidence_of, estimate_of, message_of, next_step_of, speed_of
from efs_backup.domain.errors import BackupError, EfsBackupError, FailureReason, NotAsSealed
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.seal import digest

_STATUSES = {
    DrillStatus.PASSED: BackupStatus.SUCCESS,
    DrillStatus.DIFFERENT: BackupStatus.FAILED,
    DrillStatus.FAILED: BackupStatus.FAILED,
    DrillStatus.INCOMPLETE: BackupStatus.INCOMPLETE,
}

_MEND = "Mend what the message names; a drill needs a snapshot with a manifest, which each backup makes."


def with_drill(drill: BackupRecord, result: DrillResult, now: datetime) -> BackupRecord:
    """The record of a drill that ended now with this result."""
    words = (message_of(result), _and_dot(speed_of(result)), estimate_of(result), confidence_of(result), *result.notes)
    message = " ".join(filter(None, words))
    ended = drill.ended(_STATUSES[result.status], now=now, message=message, next_step=next_step_of(result))
    total = result.total
    return replace(
        ended, drill_result=result.status, snapshot=result.plan.snapshot, seal=result.plan.seal_sha256,
        drill_files=total.figures.files, drill_different=total.bad, estimated_restore_seconds=result.whole_seconds,
        phase=None,
    )  # fmt: skip


def _and_dot(text: str) -> str:
    return text and f"Restored at {text}."


def without_drill(drill: BackupRecord, error: EfsBackupError, now: datetime) -> BackupRecord:
    """The record of a drill that could not be done.

    A manifest that is not as it was sealed is a difference. Where a backup of another stack is running into the same
    label the drill is skipped, as it would be for one of its own.
    """
    reason = error.reason if isinstance(error, BackupError) else None
    is_locked = reason is FailureReason.LOCKED
    ended = drill.ended(
        BackupStatus.SKIPPED if is_locked else BackupStatus.FAILED, now=now, message=error.message,
        next_step=error.next_step or _MEND, reason=reason,
    )  # fmt: skip
    told = DrillStatus.DIFFERENT if isinstance(error, NotAsSealed) else DrillStatus.FAILED
    return replace(ended, drill_result=None if is_locked else told, phase=None)


def failed_drill(drill: BackupRecord, message: str, now: datetime) -> BackupRecord:
    """The record of a drill that ended in an error without a name."""
    ended = drill.ended(
        BackupStatus.FAILED, now=now, message=message, next_step="Read the log.", reason=FailureReason.INTERNAL_ERROR
    )
    return replace(ended, drill_result=DrillStatus.FAILED, phase=None)


def stopped_drill(drill: BackupRecord, message: str, now: datetime) -> BackupRecord:
    """The record of a drill that was stopped before it could say anything."""
    ended = drill.ended(
        BackupStatus.INCOMPLETE, now=now, message=message, next_step="Nothing: the next one begins anew."
    )
    return replace(ended, drill_result=DrillStatus.INCOMPLETE, phase=None)


def takes_older(drill: BackupRecord) -> bool:
    """Whether this drill goes by a snapshot drawn at random: one in four does, as its id will have it."""
    return int(drill.backup_id, 16) % _OLDER_IN == 0


_OLDER_IN = 4


def check_seal(plan: DrillPlan, backups: Iterable[BackupRecord], outside: bytes | None) -> None:
    """Compare the seal that a drill went by with the one on record, and with the stored one. Raises NotAsSealed."""
    recorded = {backup.seal for backup in backups if backup.snapshot == plan.snapshot and backup.is_backup}
    known: dict[str, set[str | None]] = {
        "on record": recorded - {None},
        "stored outside": {digest(outside)} if outside is not None else set(),
    }
    for where, digests in known.items():
        if digests and plan.seal_sha256 not in digests:
            raise NotAsSealed(
                f"The seal of {plan.snapshot} beside the snapshots is not the one that is {where}: somebody has"
                " changed it, and a manifest that fits to it proves nothing.",
                "Run `efs-backup audit` from another machine, with the seals that are stored outside.",
            )
