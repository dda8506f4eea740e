"""Past nights: the records of a series as the forecast reads them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.forecast import PastNight, foretell
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_endings import with_result
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.warnings import WarningKind


def past_nights(records: Iterable[BackupRecord], interval: Interval) -> Iterator[PastNight]:
    """The backups of this interval that succeeded, and whose record says how long they took."""
    for record in records:
        is_usable = record.status is BackupStatus.SUCCESS and record.interval is interval and record.is_backup
        if is_usable and record.seconds is not None:
            with suppress(OverflowError):  # a number that no program of ours has written
                yield PastNight(
                    record.start_time, record.seconds, float(record.number_of_files or 0),
                    float(record.number_of_files_transferred or 0), float(record.total_file_size or 0),
                )  # fmt: skip


def with_forecast(
    result: BackupResult, begun: BackupRecord, records: Iterable[BackupRecord], now: datetime,
    window_seconds: float | None, stop_seconds: float | None = None,
) -> BackupResult:  # fmt: skip
    """The result of a success with what it and the nights before foretell; a warning where the window fills.

    records: of any backups, also this one.
    """
    if result.status is not BackupStatus.SUCCESS:
        return result
    before = (record for record in records if record.backup_id != begun.backup_id)
    nights = past_nights((*before, with_result(begun, result, now)), begun.interval)
    forecast = foretell(nights, now, window_seconds, stop_seconds)
    if forecast is None:
        return result
    others = tuple(warned for warned in result.warnings if warned.kind is not WarningKind.WINDOW_FILLS)
    warnings = (*others, forecast.warning) if forecast.warning else others
    return replace(result, forecast=forecast, warnings=warnings)


def forecast_in_window(
    result: BackupResult, begun: BackupRecord, records: Iterable[BackupRecord], now: datetime
) -> BackupResult:
    """The same for a backup whose record says its window."""
    window, stop = begun.window_end - begun.start_time, begun.window_stop - begun.start_time
    return with_forecast(result, begun, records, now, window.total_seconds(), stop.total_seconds())
