"""The records of a series on the backup file system itself: what every backup of it came to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from efs_backup.domain.backup import BackupResult, BackupStatus
from efs_backup.domain.errors import RecordFault, RecordGone
from efs_backup.domain.orders import BackupOrder
from efs_backup.domain.outcome import with_result
from efs_backup.domain.record import Backup, backup_id_of
from efs_backup.domain.settings import RECORD_DAYS
from efs_backup.domain.workflow import without_word
from efs_backup.engine.records import RecordDirectory

RECORDS_NAME = ".records"


class Journal:
    """Keeps the record of one backup. It is written under the lock of the series, so no other backup of it is alive.

    What cannot be written is noted, and is no failure of the backup.
    """

    def __init__(self, series: Path, note: Callable[[str], None]) -> None:
        self._store = RecordDirectory(series / RECORDS_NAME)
        self._note = note
        self._begun: Backup | None = None

    def begin(self, order: BackupOrder, seed: str, now: datetime) -> None:
        """Record that a backup is running; one that is still on record as running has died."""
        backup = Backup(
            backup_id=backup_id_of(seed), status=BackupStatus.RUNNING, start_time=now, window_minutes=0,
            interval=order.interval, retention=order.retention.count, expires=now + timedelta(days=RECORD_DAYS),
        )  # fmt: skip
        try:
            self._close_dead(now)
            self._store.start(backup, self._store.latest())
            self._begun = backup
        except (OSError, ValueError, RecordFault) as error:
            self._note(f"The record of this backup could not be written: {error}")

    def end(self, result: BackupResult) -> None:
        """Record how it ended."""
        if self._begun is None:
            return
        try:
            self._store.update(self._begun, with_result(self._begun, result, datetime.now(UTC)))
        except (OSError, ValueError, RecordFault) as error:
            self._note(f"The end of this backup could not be recorded: {error}")

    def _close_dead(self, now: datetime) -> None:
        latest = self._store.latest()
        try:
            before = self._store.get(latest) if latest else None
        except RecordGone:
            return
        if before and not before.has_ended:
            self._store.update(before, without_word(before, now))


def read_records(series: Path) -> list[Backup]:
    """The records of a series, newest first. Raises RecordFault where one cannot be read."""
    records = RecordDirectory(series / RECORDS_NAME).backups()
    return sorted(records, key=lambda backup: backup.start_time, reverse=True)
