"""How a restore into the source of a stack gets into its record, with places as the file system's people know them."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.copying.undoing import UndoResult, UndoStatus
from efs_backup.domain.errors import BackupError, EfsBackupError, FailureReason, WrongUsage
from efs_backup.domain.humanize import clipped, valid
from efs_backup.domain.operations.record import BackupId, BackupRecord, backup_id_of
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus, RestorePlan, RestoreResult, RestoreStatus

_STATUSES = {
    RestoreStatus.PLANNED: BackupStatus.SUCCESS,
    RestoreStatus.SUCCESS: BackupStatus.SUCCESS,
    RestoreStatus.INCOMPLETE: BackupStatus.INCOMPLETE,
}
_UNDO_STATUSES = {
    UndoStatus.PLANNED: BackupStatus.SUCCESS,
    UndoStatus.SUCCESS: BackupStatus.SUCCESS,
    UndoStatus.LEFT: BackupStatus.FAILED,
    UndoStatus.INCOMPLETE: BackupStatus.INCOMPLETE,
}
_LETTERS_OF_A_PATH = 300
_NAMES = {Kind.ADDED: "created", Kind.CHANGED: "replaced", Kind.REMOVED: "extra"}


def restore_id_of(event_id: str) -> BackupId:
    """The id of the restore that an event asks for; one that is delivered twice asks for one restore."""
    return backup_id_of(f"restore {event_id}")


def order_of(restore: BackupRecord) -> RestoreOrder:
    """Read the order from a restore's record. Raises WrongUsage where the record does not say."""
    return RestoreOrder.of_text(restore.restore_order or "")


def order_if_any(restore: BackupRecord) -> RestoreOrder | None:
    """Read the order from a restore's record; None where the record does not say."""
    try:
        return order_of(restore)
    except WrongUsage:
        return None


def writes(backup: BackupRecord) -> bool:
    """Whether it changes the source file system while it runs: a restore that is no dry run."""
    order = order_if_any(backup) if backup.is_restore else None
    return order is not None and order.writes


def may_be_shared(backup: BackupRecord) -> bool:
    """Whether several instances may make it: a backup, or a restore of one directory, or of all; no drill, no undo."""
    order = order_if_any(backup) if backup.is_restore else None
    return backup.is_backup or (order is not None and order.may_be_shared)


@dataclass(frozen=True)
class Mounts:
    """Where an instance has mounted the two file systems, which nobody else can know: their ids stand for that."""

    places: tuple[tuple[str, str], ...]

    def told(self, text: str) -> str:
        """A text with `fs-...:/path` in place of the instance's paths."""
        for place, file_system in self.places:
            text = text.replace(f"{place}/", f"{file_system}:/").replace(place, f"{file_system}:/")
        return text

    def in_file_system(self, path: str) -> str:
        """A path as it is from the root of its file system."""
        place = next((place for place, _ in self.places if path.startswith(f"{place}/")), "")
        return path.removeprefix(place)


def with_restore(restore: BackupRecord, result: RestoreResult, mounts: Mounts, now: datetime) -> BackupRecord:
    """The record of a restore that ended now with this result."""
    plan, order = result.plan, order_of(restore)
    done = "would be restored" if order.dry_run else "restored"
    what = f"{', '.join(order.paths)} of the snapshot {plan.snapshot}"
    message = (
        f"{what}: {done} into {mounts.told(plan.target)} ({plan.mode}).{mounts.told(plan.about_mounts)}"
        if result.status is not RestoreStatus.INCOMPLETE
        else mounts.told(result.message)
    )
    ended = restore.ended(
        _STATUSES[result.status], now=now, message=" ".join((message, *map(mounts.told, result.notes))),
        next_step=_next_step(restore, order, result),
    )  # fmt: skip
    counted = replace(
        ended, restore_created=plan.created, restore_replaced=plan.replaced, restore_extra=plan.extra,
        restore_bytes=plan.summary.size, restore_first=_first(plan), snapshot=str(plan.snapshot), phase=None,
    )  # fmt: skip
    return replace(counted, restore_quarantine=mounts.in_file_system(result.quarantine) if result.quarantine else None)


def _next_step(restore: BackupRecord, order: RestoreOrder, result: RestoreResult) -> str:
    if result.status is RestoreStatus.INCOMPLETE:
        return f"Ask for the same restore again to go on.{_undone_by(restore, result)}"
    if order.dry_run:
        return "Ask for the same without the dry run."
    return f"Look at the result.{_undone_by(restore, result)}"


def _undone_by(restore: BackupRecord, result: RestoreResult) -> str:
    if not result.quarantine:
        return ""
    return (
        f" `efs-backup stack undo --restore {restore.backup_id}` takes it back; delete the quarantine when it is not"
        " needed, for the next backup has it too."
    )


def _first(plan: RestorePlan) -> str:
    """The first paths of each kind, as JSON."""
    kinds = [kind for kind in Kind if kind is not Kind.REMOVED or plan.mode is RestoreMode.MIRROR]
    found = {_NAMES[kind]: [_short(path) for path in plan.summary.first(kind)] for kind in kinds}
    return json.dumps({name: paths for name, paths in found.items() if paths}, ensure_ascii=False)


def _short(path: str) -> str:
    return clipped(valid(path), _LETTERS_OF_A_PATH)


def first_paths(restore: BackupRecord) -> dict[str, list[str]]:
    """The first paths that are `created`, `replaced` and `extra`; a record without them has none."""
    try:
        found = json.loads(restore.restore_first or "{}")
    except ValueError:
        return {}
    return {str(name): [*map(str, paths)] for name, paths in found.items()} if isinstance(found, dict) else {}


def with_undo(restore: BackupRecord, result: UndoResult, mounts: Mounts, now: datetime) -> BackupRecord:
    """The record of an undo that ended now with this result."""
    ended = restore.ended(
        _UNDO_STATUSES[result.status], now=now, message=mounts.told(" ".join((result.message, *result.notes))),
        next_step=mounts.told(result.next_step),
    )  # fmt: skip
    aside = mounts.in_file_system(result.aside) if result.aside else None
    return replace(ended, restore_quarantine=aside, phase=None)


def without_restore(restore: BackupRecord, error: EfsBackupError, mounts: Mounts, now: datetime) -> BackupRecord:
    """The record of a restore that was refused, or could not be finished."""
    reason = error.reason if isinstance(error, BackupError) else None
    ended = restore.ended(
        BackupStatus.FAILED, now=now, message=mounts.told(error.message), reason=reason,
        next_step=mounts.told(error.next_step) or "Mend what the message names, and ask for the same restore again.",
    )  # fmt: skip
    return replace(ended, phase=None)


def failed_restore(restore: BackupRecord, message: str, now: datetime) -> BackupRecord:
    """The record of a restore that ended in an error without a name."""
    ended = restore.ended(
        BackupStatus.FAILED, now=now, message=message, next_step="Read the log.", reason=FailureReason.INTERNAL_ERROR
    )
    return replace(ended, phase=None)


def stopped_restore(restore: BackupRecord, why: str, now: datetime) -> BackupRecord:
    """The record of a restore that was stopped before it changed anything."""
    ended = restore.ended(
        BackupStatus.INCOMPLETE, now=now, message=f"Stopped while it compared: {why}. Nothing was touched.",
        next_step="Ask for the same restore again.",
    )  # fmt: skip
    return replace(ended, phase=None)
