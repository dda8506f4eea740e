"""The series report of each night, in the log bucket beside the logs; a backup is what it is without it, too."""

import logging
from dataclasses import replace
from pathlib import Path

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import BucketRefused
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_endings import report_key, with_result
from efs_backup.domain.results import BackupResult
from efs_backup.domain.series_report.page import page
from efs_backup.engine.series.report_facts import report_facts
from efs_backup.engine.series.series import Series
from efs_backup.lib.insisting import tried

_logger = logging.getLogger(__name__)


def with_report(services: BackupServices, backup: BackupRecord, target: Path, result: BackupResult) -> BackupResult:
    """The result with the address of a page that tells of this night and those before; a note where there is none.

    target: where the backup file system is mounted.
    """
    try:
        return replace(result, report=_stored(services, backup, target, result))
    except BucketRefused as refused:
        _logger.warning("The series report could not be stored: %s", refused.message)
        return _without(result, refused.message)
    except Exception as error:  # the snapshot is there, whatever a page of it stumbles over
        _logger.exception("The series report could not be made")
        return _without(result, f"{type(error).__name__}: {error}.")


def _without(result: BackupResult, why: str) -> BackupResult:
    return replace(result, notes=(*result.notes, f"The series report of this night is missing: {why}"))


def _stored(services: BackupServices, backup: BackupRecord, target: Path, result: BackupResult) -> str:
    settings, now = services.settings, services.machine.clock()
    nothing = list[BackupRecord]()
    others = [
        one for one in tried(lambda: list(services.store.backups()), nothing) if one.backup_id != backup.backup_id
    ]
    series = Series(target, settings.folder_label, settings.interval, now)
    told = report_facts(series, [*others, with_result(backup, result, now)])
    key = report_key(settings.folder_label, settings.interval, now)
    return services.log_bucket.offer(key, page(told), "text/html; charset=utf-8")
