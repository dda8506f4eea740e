"""Step 1: a backup is recorded, its stop is armed, its instance is wanted. What fails is undone."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from efs_backup.domain.errors import AlreadyStarted, FailureReason, MountFailed, RecordChanged, WrongUsage
from efs_backup.domain.operations.instances import for_several, is_in_the_way
from efs_backup.domain.operations.record import RECORD_DAYS, BackupId, BackupRecord, Mode, backup_id_of, drill_id_of
from efs_backup.domain.operations.restore_record import writes
from efs_backup.domain.operations.settings import OrchestratorSettings, retention_of
from efs_backup.domain.operations.workflow import (
    Action,
    Decision,
    decide_drill,
    decide_restore_start,
    gave_way,
    is_overdue,
    not_started,
    skipped,
    without_report,
)
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sources.excludes import written
from efs_backup.domain.sources.row import Source
from efs_backup.domain.sources.turns import Stage, decide_turn
from efs_backup.orchestrator.capacity import want_instance
from efs_backup.orchestrator.leave_to_write import settle_leave, try_to_settle_leave
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import end, find_latest, tell
from efs_backup.orchestrator.rows import for_row
from efs_backup.orchestrator.sending import tell_of_start
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.turns import queue, row_identity, stage_of

DRILL_MINUTES = 60
"""The window of a drill: the credentials of a role that an instance's role has assumed last an hour at most."""

_logger = logging.getLogger(__name__)


def start(services: Services, now: datetime, seed: str) -> Decision:
    """Start a backup of the first row, let it wait for its turn, or record that it was skipped.

    Each delivery of one request has the same `seed`. Raises what went wrong after it has been undone; Lambda then tries
    the event again.
    """
    return begin(services, new_backup(services.settings, backup_id_of(seed), now), now)


def start_row(services: Services, now: datetime, seed: str, row: Source) -> Decision:
    """Start a backup of this row in the same way."""
    own = for_row(services, row)
    return begin(own, new_backup(own.settings, backup_id_of(seed), now, row), now)


def start_drill(services: Services, now: datetime, seed: str) -> Decision:
    """Start a drill as a backup is started, or record that it was skipped. Both may have one `seed`: a time."""
    drill = new_backup(services.settings, drill_id_of(seed), now)
    return begin(services, replace(drill, mode=Mode.DRILL, window_minutes=DRILL_MINUTES), now)


def begin(services: Services, backup: BackupRecord, now: datetime, *, in_turn: bool = False) -> Decision:
    """Start what a new record says; `services` are those of its row. in_turn: it has waited for its turn."""
    concerns(backup.backup_id)
    backup = for_several(backup, services.settings.workers)
    try:
        return _start_or_skip(services, backup, now, in_turn)
    except AlreadyStarted as known:
        return _as_before(services, backup, known)
    except RecordChanged:
        _logger.warning("Another start came at the same moment; deciding again")
        return _start_or_skip(services, backup, now, in_turn)


def _as_before(services: Services, backup: BackupRecord, known: AlreadyStarted) -> Decision:
    """Answer as the first delivery was, whose answer may not have reached who asked."""
    was_skipped = services.store.get(backup.backup_id).status is BackupStatus.SKIPPED
    action = Action.SKIP if was_skipped else Action.START
    return Decision(action, f"the event was delivered before: {known.message}")


def new_backup(
    settings: OrchestratorSettings, backup_id: BackupId, now: datetime, row: Source | None = None
) -> BackupRecord:
    """The record of a backup of a row that starts now; `row` is None for the first, `settings` are those of it."""
    return BackupRecord(
        backup_id=backup_id,
        status=BackupStatus.RUNNING,
        start_time=now,
        window_minutes=settings.window_minutes,
        interval=settings.interval,
        retention=settings.retention.most(settings.interval),
        retention_rules=settings.retention_rules or None,
        expires=now + timedelta(days=RECORD_DAYS),
        source=settings.source_file_system,
        backup=settings.backup_file_system,
        backup_prefix=settings.backup_prefix,
        instance_type=settings.instance_type,
        label=str(row.label) if row else None,
        excludes=written(row.excludes) if row and row.excludes is not None else None,
    )


def _start_or_skip(services: Services, backup: BackupRecord, now: datetime, in_turn: bool) -> Decision:
    latest_id, latest = find_latest(services.store)
    stage = stage_of(services, latest, now, in_turn=in_turn)
    decision = _decide(services, backup, stage)
    if decision.action is Action.QUEUE:
        return decision if in_turn else queue(services, backup, now, decision)
    if decision.action is Action.SKIP:
        return _skip(services, backup, now, latest_id, decision)
    for before in stage.over:
        end(services, before, _ended_by_start(before, backup, now, services.settings.lifecycle_hold_minutes), now)
    services.store.start(backup, latest_id)
    try:
        return _launch(services, backup, now, decision)
    except Exception as cause:
        _undo(services, backup, now, cause)
        raise


def _decide(services: Services, backup: BackupRecord, stage: Stage) -> Decision:
    before = next(iter(stage.running), stage.latest)
    if backup.is_restore:
        is_possible = services.writing is not None or not writes(backup)
        return decide_restore_start(before, stage.now, stage.hold_minutes, is_possible=is_possible)
    if backup.is_drill:
        return decide_drill(before, stage.now, stage.hold_minutes)
    return decide_turn(backup, row_identity(services, backup), stage)


def _ended_by_start(before: BackupRecord, starts: BackupRecord, now: datetime, hold_minutes: int) -> BackupRecord:
    if before.is_drill and not is_overdue(before, now, hold_minutes):
        return gave_way(before, now, str(starts.mode or "backup"))
    return without_report(before, now, instance_id=None)


def _skip(
    services: Services, backup: BackupRecord, now: datetime, running: BackupId | None, decision: Decision
) -> Decision:
    if running == backup.backup_id:
        raise AlreadyStarted(f"The backup {running} has been started before.")
    ended = skipped(backup, now, decision)
    services.store.put(ended)
    tell(services, ended, now)
    return decision


def _launch(services: Services, backup: BackupRecord, now: datetime, decision: Decision) -> Decision:
    try:
        known = _with_facts(services, backup, now) if backup.is_backup else backup
    except (MountFailed, WrongUsage) as fault:
        reason = fault.reason if isinstance(fault, MountFailed) else FailureReason.RULES_REFUSED
        failed = backup.ended(
            BackupStatus.FAILED, now=now, reason=reason, message=fault.message, next_step=fault.next_step
        )
        end(services, backup, failed, now)
        return Decision(Action.IGNORE, fault.message)
    services.store.update(backup, known)
    services.stop_rule.arm(backup.backup_id, backup.window_stop)
    _clear_the_way(services, now)
    (settle_leave if backup.is_restore else try_to_settle_leave)(services, now)
    want_instance(services, backup)
    tell_of_start(services, known)
    return decision


def _clear_the_way(services: Services, now: datetime) -> None:
    """Take away what is there still, and will not serve this backup: no other would be launched beside it."""
    there = services.instances.find_all(services.group.state().serving)
    backups = tuple(services.store.backups()) if there else ()
    busy = {backup.instance_id for backup in backups if not backup.has_ended}
    for instance in there:
        if instance.instance_id not in busy and is_in_the_way(instance, backups, now):
            _logger.warning("The instance %s is there still, though no backup was running", instance.instance_id)
            services.group.take_away(instance.instance_id)


def _with_facts(services: Services, backup: BackupRecord, now: datetime) -> BackupRecord:
    settings, metrics = services.settings, services.metrics
    rules = retention_of(settings.retention, settings.retention_rules)
    source = services.file_systems.describe(settings.source_file_system)
    target = services.file_systems.describe(settings.backup_file_system)
    return replace(
        backup,
        retention=rules.most(settings.interval),
        source_size=source.size,
        source_performance_mode=source.performance_mode,
        source_burst_credit_balance=metrics.burst_credit_balance(settings.source_file_system, now),
        source_permitted_throughput=metrics.permitted_throughput(settings.source_file_system, now),
        backup_size=target.size,
        backup_performance_mode=target.performance_mode,
        log_bucket_size=metrics.bucket_size(settings.log_bucket, now),
    )


def _undo(services: Services, backup: BackupRecord, now: datetime, cause: Exception) -> None:
    """Take back what was done, so that the next try is not told that a backup is running already."""
    _logger.warning("The start failed and is undone: %s", cause)
    failed = not_started(backup, now, str(cause))
    for name, step in (
        ("stop rule", services.stop_rule.disarm),
        ("record", lambda: services.store.update(backup, failed)),
    ):
        try:
            step()
        except Exception:  # the cause itself is raised in the end, and must not be hidden
            _logger.exception("Undoing the %s failed; the reconcile does it later", name)
    try_to_settle_leave(services, now)
