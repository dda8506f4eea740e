"""The look, every few minutes, which rows are due, whose turn it is, and whose window has closed."""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.operations.record import BackupRecord, backup_id_of
from efs_backup.domain.operations.stop_cause import window_closed
from efs_backup.domain.operations.triggers import StartBackup
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sources.due import Due, due_rows
from efs_backup.domain.sources.table import SourceTable
from efs_backup.orchestrator.capacity import take_instance
from efs_backup.orchestrator.failures import Failures
from efs_backup.orchestrator.records import say_why
from efs_backup.orchestrator.rows import is_first
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.start import start, start_row
from efs_backup.orchestrator.waiting import begin_waiting

_logger = logging.getLogger(__name__)


def start_named(services: Services, now: datetime, asked: StartBackup, request_id: str) -> Decision:
    """Start a backup of the row that an event names; of the first, if it names none."""
    seed = asked.event_id or request_id
    if is_first(services.settings, asked.label, asked.interval):
        return start(services, now, seed)
    try:
        row = services.sources.read().row(str(asked.label), asked.interval)
    except (NothingThere, WrongUsage) as unknown:
        return Decision(Action.IGNORE, unknown.message)
    if not row.is_active:
        return Decision(Action.IGNORE, f"the row {row.identity} is inactive: {row.why}")
    return start_row(services, now, f"{row.identity} {seed}", row)


def look_for_due(services: Services, now: datetime) -> Decision:
    """Stop whose window has closed, begin who waits, then start who is due.

    One that fails holds up no other. A start that fails is tried again with the next look; a window that could not be
    closed is raised in the end.
    """
    if not services.settings.further_sources:
        return Decision(Action.IGNORE, "there is the first row alone")
    table, failures = services.sources.read(), Failures()
    stopped, turns = _close_windows(services, now, failures), begin_waiting(services, now)
    starts = list(_starts(services, table, now))
    told = f"{len(starts)} due, {len(turns)} in turn, {stopped} stopped"
    failures.raise_first()
    return Decision(Action.RECONCILE, told)


def _starts(services: Services, table: SourceTable, now: datetime) -> Iterator[Decision]:
    for fault in table.faults:
        _logger.warning("%s", fault)
    found = [*due_rows(table.active, now)]
    for unreadable in (each for each in found if isinstance(each, str)):
        _logger.warning("%s", unreadable)
    due = [each for each in found if isinstance(each, Due)]
    known = _known(services) if due else frozenset()
    for each in due:
        if backup_id_of(each.seed) not in known:
            yield _start(services, each, now)


def _known(services: Services) -> frozenset[str]:
    """The starts that were made, or wait: the records are read only where something is due, for they are many."""
    made = {backup.backup_id for backup in services.store.backups() if not _was_undone(backup)}
    return frozenset(made | {each.backup_id for each in services.sources.waiting()})


def _was_undone(backup: BackupRecord) -> bool:
    """Whether its start went wrong and nobody was told yet."""
    failed = backup.status is BackupStatus.FAILED and backup.instance_id is None
    return failed and backup.report_time is None


def _start(services: Services, due: Due, now: datetime) -> Decision:
    """The next look, within an hour, tries again what fails."""
    try:
        decision = start_row(services, now, due.seed, due.row)
    except Exception:
        _logger.exception("The row %s could not be started; the next look tries again", due.row.identity)
        return Decision(Action.IGNORE, "it could not be started")
    _logger.info("%s, %s: %s", due.row.identity, decision.action, decision.reason)
    return decision


def _close_windows(services: Services, now: datetime, failures: Failures) -> int:
    """Take the instances away whose windows have closed: the stop rule knows one backup, that was started last."""
    if services.settings.concurrent_backups == 1:
        return 0
    closed = [each for each in services.store.backups() if not each.has_ended and now >= each.window_stop]
    for backup in closed:
        _logger.info("The window of %s closes", backup.backup_id)
        failures.attempt(f"Closing the window of {backup.backup_id}", partial(_close, services, backup))
    return len(closed)


def _close(services: Services, backup: BackupRecord) -> None:
    say_why(services, backup, window_closed(backup))
    take_instance(services, backup)
