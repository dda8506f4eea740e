"""The backups that run at a moment, where several may."""

from collections.abc import Iterable, Sequence

from efs_backup.domain.operations.record import BackupRecord


def open_ones(records: Iterable[BackupRecord]) -> list[BackupRecord]:
    """Those that have not ended, the one that was started last first."""
    return sorted((one for one in records if not one.has_ended), key=lambda one: one.start_time, reverse=True)


def told(running: Sequence[BackupRecord]) -> str:
    """These, each by its label and id; the first row's has no label in its record."""
    return ", ".join(f"{one.mode or 'backup'} of {one.label or 'the first'} {one.backup_id}" for one in running)
