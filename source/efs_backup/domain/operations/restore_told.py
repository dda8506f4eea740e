"""Parts of the report to the operator about a restore into the source of a stack."""

from efs_backup.domain.humanize import shown, sized
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import first_paths, order_if_any
from efs_backup.domain.results import BackupStatus

Rows = list[tuple[str, str | None]]

_HEADLINES = {
    BackupStatus.RUNNING: "is running",
    BackupStatus.SUCCESS: "succeeded",
    BackupStatus.INCOMPLETE: "is INCOMPLETE",
    BackupStatus.FAILED: "FAILED",
    BackupStatus.UNKNOWN: "ended UNKNOWN",
    BackupStatus.SKIPPED: "was NOT STARTED",
}


def restore_headline(restore: BackupRecord) -> str:
    """How it ended, in a few words."""
    order = order_if_any(restore)
    what = "undo of a restore" if order and order.undoes else "restore"
    if restore.status is BackupStatus.SUCCESS and order and order.dry_run:
        return f"EFS {what} was planned, nothing was touched"
    reason = f" ({restore.failure_reason})" if restore.failure_reason else ""
    return f"EFS {what} {_HEADLINES[restore.status]}{reason}"


def restore_kept(restore: BackupRecord) -> str:
    """Say what a restore leaves as it was, and where what it replaced lies."""
    if restore.restore_quarantine:
        place = f"{restore.source or 'the source'}:{shown(restore.restore_quarantine)}"
        return f"The snapshots: a restore never changes them. What was replaced is in {place}."
    return "The snapshots: a restore never changes them."


def restore_figures(restore: BackupRecord) -> Rows:
    """Rows about a restore: what was asked for, by whom, and what came of it."""
    order = order_if_any(restore)
    asked: Rows = [
        ("asked for", order.told()),
        ("snapshot", None if order.undoes else order.told_snapshot()),
        ("by", order.by or None),
    ] if order else []  # fmt: skip
    counted: Rows = [
        (name, None if number is None else f"{number:,}")
        for name, number in (
            ("created", restore.restore_created), ("replaced", restore.restore_replaced),
            ("extra", restore.restore_extra),
        )
    ]  # fmt: skip
    size = None if restore.restore_bytes is None else sized(restore.restore_bytes)
    paths: Rows = [(name, path) for name, found in first_paths(restore).items() for path in found]
    return [*asked, *counted, ("to bring", size), *paths]
