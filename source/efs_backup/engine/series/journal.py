"""The records of a series on the backup file system itself: what every backup of it came to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from efs_backup.domain.errors import RecordChanged, RecordFault
from efs_backup.domain.forecast import RECORDS_READ, expected_seconds
from efs_backup.domain.operations.past_nights import past_nights, with_forecast
from efs_backup.domain.operations.record import RECORD_DAYS, BackupRecord, backup_id_of
from efs_backup.domain.operations.record_endings import with_result, without_word
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import RECORDS_NAME
from efs_backup.engine.series.records import RecordDirectory


class Journal:
    """Keeps the record of one backup. It is written under the lock of the series, so no other backup of it is alive.

    What cannot be read or written is noted, and is no failure of the backup.
    """

    def __init__(self, series: Path, note: Callable[[str], None]) -> None:
        self._store = RecordDirectory(series / RECORDS_NAME, note)
        self._note = note
        self._begun: BackupRecord | None = None
        self._before: list[BackupRecord] = []
        self._is_recorded = False

    def begin(self, request: BackupRequest, seed: str, now: datetime) -> None:
        """Record that a backup is running; one that is still on record as running has died."""
        backup = BackupRecord(
            backup_id=backup_id_of(seed), status=BackupStatus.RUNNING, start_time=now, window_minutes=0,
            interval=request.interval, retention=request.retention.most(request.interval),
            retention_rules=None if request.retention.is_plain else str(request.retention),
            expires=now + timedelta(days=RECORD_DAYS),
        )  # fmt: skip
        self._begun = backup
        try:
            self._close_dead(now)
            self._store.start(backup, self._store.latest())
            self._is_recorded = True
        except (OSError, ValueError, RecordFault) as error:
            self._note(f"The record of this backup could not be written: {error}")

    def expected_seconds(self) -> float | None:
        """How long the backup will take by those before it; None where they are too few."""
        if self._begun is None:
            return None
        return expected_seconds(past_nights(self._before, self._begun.interval), self._begun.start_time)

    def foretell(self, result: BackupResult, window_seconds: float | None) -> BackupResult:
        """The result with what it and the backups before it foretell."""
        if self._begun is None:
            return result
        return with_forecast(result, self._begun, self._before, datetime.now(UTC), window_seconds)

    def end(self, result: BackupResult) -> None:
        """Record how it ended; also where its record could not be written before, or cannot be read any more."""
        if self._begun is None:
            return
        ended = with_result(self._begun, result, datetime.now(UTC))
        try:
            self._record(self._begun, ended)
        except (OSError, ValueError, RecordFault) as error:
            self._note(f"The end of this backup could not be recorded: {error}")

    def _record(self, begun: BackupRecord, ended: BackupRecord) -> None:
        try:
            if self._is_recorded:
                self._store.update(begun, ended)
                return
        except RecordChanged:
            raise
        except RecordFault as fault:
            self._note(f"{fault} It is written anew.")
        self._store.put_anew(ended)

    def _close_dead(self, now: datetime) -> None:
        for before in islice(self._store.readings(), RECORDS_READ):
            if isinstance(before, RecordFault):
                self._note(f"{before} The history goes on without it.")
                continue
            self._before.append(before)
            if not before.has_ended:
                self._store.update(before, without_word(before, now))


def read_records(series: Path) -> tuple[list[BackupRecord], list[RecordFault]]:
    """The records of a series, newest first, and why others cannot be read."""
    found = list(RecordDirectory(series / RECORDS_NAME).readings())
    records = [one for one in found if isinstance(one, BackupRecord)]
    faults = [one for one in found if isinstance(one, RecordFault)]
    return sorted(records, key=lambda backup: backup.start_time, reverse=True), faults


def expected(series: Path) -> tuple[int, int]:
    """(files, bytes) of the newest backup that succeeded; (0, 0) where none is on record."""
    for record in RecordDirectory(series / RECORDS_NAME).backups():
        if record.status is BackupStatus.SUCCESS and record.number_of_files:
            return record.number_of_files, record.total_file_size or 0
    return 0, 0
