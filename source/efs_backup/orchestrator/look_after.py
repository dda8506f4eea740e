"""The half-hourly look after the rows: who waits, who asks by a tag, and how old each one's last success is."""

import logging
from datetime import datetime
from functools import partial

from efs_backup.domain.errors import RecordChanged, ReportFailed
from efs_backup.domain.operations.figures import Figure
from efs_backup.domain.sources.discovery import discover
from efs_backup.domain.sources.due import hours_of_first, hours_since_success, of_all_rows
from efs_backup.domain.sources.report import report_on_rows
from efs_backup.domain.sources.table import SourceTable
from efs_backup.orchestrator.failures import Failures
from efs_backup.orchestrator.rows import first_taken
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.waiting import begin_waiting

_logger = logging.getLogger(__name__)


def look_after_rows(services: Services, now: datetime) -> None:
    """Look after them; nothing of it hides another part."""
    if not services.settings.further_sources:
        return
    begin_waiting(services, now)
    try:
        _discover(services, now)
    finally:
        _measure(services, services.sources.read(), now)


def _discover(services: Services, now: datetime) -> None:
    """Bring the rows up to date; whoever changes them at the same moment is found by the next look."""
    settings, table = services.settings, services.sources.read()
    if not (table.policies or any(row.is_discovered for row in table.active)):
        return
    found = services.file_systems.all_tagged()
    made = discover(table, found, first_taken(settings), settings.backup_file_system, now)
    for refused in made.refused:
        _logger.warning("%s", refused)
    if not made.told:
        return
    try:
        services.sources.write(made.table.one_ahead_of(table))
    except RecordChanged as changed:
        _logger.info("%s", changed.message)
        return
    _tell(services, made.told)


def _tell(services: Services, told: tuple[str, ...]) -> None:
    """Once: what is not heard of is in the log, and in the rows."""
    for sentence in told:
        _logger.warning("%s", sentence)
    try:
        services.notifier.report(report_on_rows(told, services.settings))
    except ReportFailed:
        _logger.exception("The report on the rows could not be sent")


def _measure(services: Services, table: SourceTable, now: datetime) -> None:
    backups, settings, failures = tuple(services.store.backups()), services.settings, Failures()
    hours = [(str(settings.folder_label), hours_of_first(backups, now))]
    hours += [(str(row.label), hours_since_success(backups, row, now)) for row in table.active]
    for label, since in hours:
        put = partial(services.metrics.of_label(label).put, {Figure.HOURS_SINCE_LAST_SUCCESS: since}, now)
        failures.attempt(f"Measuring {label}", put)
    services.metrics.put(of_all_rows(backups, table.active, now), now)
    failures.raise_first()
