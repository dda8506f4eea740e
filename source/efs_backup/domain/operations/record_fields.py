"""The record of a backup as programs get it: the words of `run --json`, not those of the stored item."""

from typing import Any

from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.record import BackupRecord


def backup_fields(label: str, record: BackupRecord) -> dict[str, Any]:
    """One object of `history --json`; what is not known is null. label: of its series."""
    return {
        "label": label,
        "interval": record.interval,
        "backup_id": record.backup_id,
        "status": record.status,
        "failure_reason": record.failure_reason,
        "started": as_time(record.start_time),
        "ended": record.stop_time and as_time(record.stop_time),
        "seconds": record.seconds,
        "snapshot": record.snapshot,
        **_figures(record),
        "changes": None if record.changed_share is None else _changes(record),
        "hold": record.hold,
        "seal_sha256": record.seal,
        "seal_status": record.seal_status,
        "seal_address": record.seal_address,
        "forecast": _forecast(record),
        "retain": record.retention,
        "rules": record.retention_rules,
        "kept_snapshots": record.kept_snapshots,
        "warning_kinds": record.warning.split(", ") if record.warning else [],
        "message": record.message or "",
        "next_step": record.next_step or "",
    }


def _figures(record: BackupRecord) -> dict[str, int | None]:
    return {
        "files": record.number_of_files,
        "bytes": record.total_file_size,
        "copied_files": copied_files(record),
        "linked_files": record.number_of_files_linked,
        "transferred_files": record.number_of_files_transferred,
        "transferred_bytes": record.total_transferred_file_size,
        "vanished_files": record.vanished_files,
    }


def copied_files(record: BackupRecord) -> int | None:
    """Files that got an inode of their own; None where that was not recorded."""
    if record.number_of_files is None or record.number_of_files_linked is None:
        return None
    return record.number_of_files - record.number_of_files_linked


def _changes(record: BackupRecord) -> dict[str, int | float | None]:
    return {
        "changed_files": record.changed_files,
        "removed_files": record.removed_files,
        "renamed_files": record.renamed_files,
        "attribute_changes": record.attribute_changes,
        "changed_share": record.changed_share,
    }


def _forecast(record: BackupRecord) -> dict[str, float | None] | None:
    if record.forecast_seconds is None:
        return None
    return {"seconds": record.forecast_seconds, "days_left": record.forecast_days_left}
