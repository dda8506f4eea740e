"""The line of the log that tells how a backup ended: the dashboard's table is made of these."""

from efs_backup.domain.humanize import clipped
from efs_backup.domain.operations.figures import window_used
from efs_backup.domain.operations.record import BackupRecord

ENDED_LINE = "A backup has ended"
"""The message of that line, by which it is found."""

_LETTERS = 300
_GB = 1_000_000_000


def ended_line(backup: BackupRecord, label: str) -> dict[str, str | int | float]:
    """The fields of the line; what is unknown is left out.

    `kind` is `backup`, `drill` or `restore`; `label` is that of the first row; `took_minutes` is minutes, `window_used`
    percent, `new_gb` gigabytes of 10^9 bytes.
    `reason` is why it failed, else the kinds of its warnings; `why` is the beginning of its message.
    """
    known = {
        "backup_id": backup.backup_id,
        "kind": str(backup.mode or "backup"),
        "label": backup.label or label,
        "interval": backup.interval.value,
        "started": f"{backup.start_time:%Y-%m-%d %H:%M}",
        "status": backup.status.value,
        "reason": str(backup.failure_reason or backup.warning or "") or None,
        "took_minutes": None if backup.seconds is None else round(backup.seconds / 60, 1),
        "window_used": window_used(backup),
        "files": backup.number_of_files,
        "copied": backup.number_of_files_transferred,
        "new_gb": _gigabytes(backup.total_transferred_file_size),
        "snapshot": backup.snapshot,
        "why": clipped(backup.message or "", _LETTERS) or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _gigabytes(size: int | None) -> float | None:
    return None if size is None else round(size / _GB, 3)
