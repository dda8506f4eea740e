"""Backups that ended, around the time at which one is overdue."""

from dataclasses import replace
from datetime import timedelta

from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.support.records import RUNNING, START

HOLD = 60


SECOND = timedelta(seconds=1)


OVERDUE = START + timedelta(minutes=RUNNING.window_minutes + HOLD)


def ended(status: BackupStatus, *, reported: bool = False, days: int = 0) -> BackupRecord:
    """A backup that ended like that an hour after its start, so many days after the first."""
    start = START + timedelta(days=days)
    stop = start + timedelta(hours=1)
    return replace(
        RUNNING, backup_id=BackupId(f"{days:08x}"), status=status, start_time=start, stop_time=stop,
        report_time=stop if reported else None, snapshot="20261122T020000Z",
    )  # fmt: skip
