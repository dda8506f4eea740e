"""Which record an instance serves where several backups may run at a time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from efs_backup.domain.operations.record import BackupRecord

LOST = timedelta(minutes=5)
"""An agent writes each minute how far it is; whose record is older has lost its instance."""


def claimable(backups: Iterable[BackupRecord], instance_id: str, now: datetime) -> list[BackupRecord]:
    """The open records that an instance may serve: its own, then those that nobody serves, then those of a lost one.

    Of each kind the oldest comes first. One in whose place a second instance was started is left to that.
    """
    there = (each for each in backups if not each.has_ended and each.first_instance != instance_id)
    ranked = [(rank, each) for each in there if (rank := _rank(each, instance_id, now)) is not None]
    return [each for _, each in sorted(ranked, key=lambda pair: (pair[0], pair[1].start_time, pair[1].backup_id))]


def _rank(backup: BackupRecord, instance_id: str, now: datetime) -> int | None:
    if backup.instance_id == instance_id:
        return 0
    if backup.instance_id is None:
        return 1
    is_lost = now - (backup.heartbeat_time or backup.start_time) > LOST
    return 2 if is_lost else None
