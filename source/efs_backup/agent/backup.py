"""The agent's backup, drill, or restore into the source: find it, mount, run the engine, report, go home.

Of several instances that make one backup, or one restore, one does all that: it leads. The others help.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from efs_backup.agent.at_work import at_work
from efs_backup.agent.claim import Claim, claim
from efs_backup.agent.drill import drilled
from efs_backup.agent.heartbeat import Heartbeat
from efs_backup.agent.help import help_with
from efs_backup.agent.hold_requests import carry_out_holds
from efs_backup.agent.mounts import Side, both_mounted
from efs_backup.agent.own_record import for_record, give_back
from efs_backup.agent.pin_requests import carry_out_pins
from efs_backup.agent.pings import ping_of
from efs_backup.agent.quiesce import DocumentHooks
from efs_backup.agent.restore_in_place import restored
from efs_backup.agent.running import told_why
from efs_backup.agent.seals import earlier_backups, stored_outside
from efs_backup.agent.series_report import with_report
from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import BackupError, FailureReason, RecordChanged, RecordGone, WrongUsage
from efs_backup.domain.operations.first_backup import may_begin
from efs_backup.domain.operations.past_nights import forecast_in_window
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_endings import agent_log_key, boot_log_key, told_by_file_systems, with_result
from efs_backup.domain.operations.settings import retention_of
from efs_backup.domain.operations.stop_cause import window_closed
from efs_backup.domain.operations.workflow import SILENCE
from efs_backup.domain.requests.requests import Asked, BackupRequest, Named
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.sharing.workers import operations_of_each
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.sources.excludes import patterns
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.runs.recognition import label_facts
from efs_backup.lib.insisting import insist, tried

CLAIM_SECONDS = SILENCE.total_seconds()
"""For so long the orchestrator waits for a first sign of life."""

_logger = logging.getLogger(__name__)
_TASK = "backup"
_SOURCE, _BACKUP = "source", "backup"
"""Directories of the agent's place at which the file systems are mounted."""


def back_up(services: BackupServices) -> None:
    """Make the backup that this instance was started for, and give the instance back; whatever happens.

    The record of a machine that only boots anew stays open: the agent that it starts then serves the same backup.
    """
    served: list[BackupRecord] = []
    with at_work(services.machine, lambda: _give_back(services, served)) as asked:
        while claimed := insist(lambda: claim(services), seconds=CLAIM_SECONDS):
            own = for_record(services, claimed.backup)
            if not claimed.helps:
                served.append(claimed.backup)
                _serve(own, claimed, asked)
                return
            if not help_with(own, claimed.backup, asked):
                return


def _give_back(services: BackupServices, served: Sequence[BackupRecord]) -> None:
    """Want no instance any more; unless a backup has begun meanwhile, to which a drill has given way."""
    for drill in served:
        latest = services.store.latest() if drill.is_drill else None
        if latest not in (None, drill.backup_id):
            _logger.info("The backup %s needs the group now; the orchestrator takes this instance away", latest)
            return
    give_back(services)


def _serve(services: BackupServices, claimed: Claim, asked: Stop) -> None:
    backup = claimed.backup
    if backup.is_drill:
        _store_record(services, backup, drilled(services, backup, asked), task="drill")
        return
    if backup.is_restore:
        _serve_restore(services, claimed, asked)
        return
    ping, notes = ping_of(services)
    result = _result_of(services, claimed, asked, ping.start if ping else lambda: None)
    _logger.info("%s: %s", result.status, result.message)
    if services.machine.reboots and result.status is not BackupStatus.SUCCESS:
        _logger.info("The machine boots anew; the backup %s goes on afterwards", backup.backup_id)
        return
    told = ping.end(result) if ping else replace(result, notes=(*result.notes, *notes))
    report(services, backup, _foretold(services, backup, told))


def _serve_restore(services: BackupServices, claimed: Claim, asked: Stop) -> None:
    restore, ended = claimed.backup, restored(services, claimed, asked)
    if services.machine.reboots and ended.status is not BackupStatus.SUCCESS:
        _logger.info("The machine boots anew; the restore %s goes on afterwards", restore.backup_id)
        return
    _store_record(services, restore, ended, task="restore")


def _foretold(services: BackupServices, backup: BackupRecord, result: BackupResult) -> BackupResult:
    """The result with what it and the records foretell of the window, which counts from the schedule."""
    if result.status is not BackupStatus.SUCCESS:
        return result
    nothing = list[BackupRecord]()
    records = tried(lambda: list(services.store.backups()), nothing)
    foretold = forecast_in_window(result, backup, records, services.machine.clock())
    if foretold.forecast and foretold.forecast.warning:
        _logger.warning("%s", foretold.forecast.warning)
    return foretold


def report(services: BackupServices, backup: BackupRecord, result: BackupResult) -> None:
    """Store the logs and write into the record how the backup ended; DynamoDB may refuse for minutes."""
    _store_record(services, backup, with_result(backup, result, services.machine.clock()))


def _store_record(services: BackupServices, backup: BackupRecord, ended: BackupRecord, task: str = _TASK) -> None:
    place, settings = services.machine.place, services.settings
    mounts = {
        str(place / _SOURCE): settings.source_file_system, str(place / _BACKUP): settings.backup_file_system
    }  # fmt: skip
    known = replace(told_by_file_systems(ended, mounts), logs=store_logs(services, task))
    try:
        insist(lambda: services.store.update(backup, known))
    except RecordChanged as changed:
        _logger.warning("The backup was closed before this report: %s", changed.message)
    except RecordGone:
        _logger.warning("The record is gone; there is nowhere to report to")


def store_logs(services: BackupServices, task: str = _TASK) -> str | None:
    """Store the logs of the boot and of the agent; gives the address of the latter."""
    machine, label = services.machine, services.settings.folder_label
    now = machine.clock()
    services.log_bucket.upload(machine.boot_log, boot_log_key(label, task, now))
    return services.log_bucket.upload(machine.log, agent_log_key(label, task, now))


def _result_of(services: BackupServices, claimed: Claim, asked: Stop, begun: Callable[[], None]) -> BackupResult:
    try:
        return _run(services, claimed, asked, begun)
    except BackupError as error:
        return BackupResult.failed(error)
    except WrongUsage as error:
        return BackupResult(BackupStatus.FAILED, error.message, error.next_step, FailureReason.RULES_REFUSED)
    except Exception as error:
        _logger.exception("An error that has no name")
        message = f"{type(error).__name__}: {error}"
        return BackupResult(BackupStatus.FAILED, message, "Read the log.", FailureReason.INTERNAL_ERROR)


def _run(services: BackupServices, claimed: Claim, asked: Stop, begun: Callable[[], None]) -> BackupResult:
    machine, backup = services.machine, claimed.backup
    fleet = claimed.fleet(services)
    stop = Stop(Window((backup.window_stop - machine.clock()).total_seconds()), closed=window_closed(backup))
    if why := asked.reason():
        stop.ask(why)
    runner, settings = Runner.with_new_family(), services.settings
    read = Side(settings.source_file_system, _SOURCE)
    write = Side(settings.backup_file_system, _BACKUP, settings.backup_access_point)
    with (
        stopping_on_signals(stop, told_why(machine.place)),
        Heartbeat(services, backup, stop) as watcher,
        claimed.alone(fleet, watcher),
        both_mounted(machine, services.file_systems, runner, read, write) as (source, target),
    ):
        earlier = earlier_backups(services)
        request = _request(services, backup, source, target)
        done = [*carry_out_holds(services, target), *carry_out_pins(services, target)]
        hooks = DocumentHooks(services.document) if services.document else None
        run = BackupRun(
            request, now=machine.clock(), runner=runner, stop=stop, watcher=watcher, hooks=hooks, begun=begun
        )  # fmt: skip
        result = run.run(fleet)
        result = replace(result, notes=(*done, *result.notes))
        result = stored_outside(services, target, result, earlier)
        return result if stop.reason() else with_report(services, backup, target, result)


def _request(services: BackupServices, backup: BackupRecord, source: Path, target: Path) -> BackupRequest:
    settings, workers = services.settings, backup.wanted_workers or 1
    operations = operations_of_each(settings.tuning.operations_per_second, workers)
    return BackupRequest(
        str(inside(source, settings.backup_prefix)), str(target), settings.folder_label, settings.interval,
        tuning=replace(settings.tuning, operations_per_second=operations), keeps_spare=settings.keep_spare,
        asked=replace(_asked(services, target), excludes=patterns(backup.excludes)), scrub=settings.scrub,
    )  # fmt: skip


def _asked(services: BackupServices, target: Path) -> Asked:
    """Read what the stack asks; its rule is the series' own. Raises SeriesMissing, and WrongUsage of a wrong rule."""
    settings, newest = services.settings, insist(services.store.newest_success)
    source, backup = settings.source_file_system, settings.backup_file_system
    expected = newest.snapshot if newest else None
    facts = label_facts(target, settings.folder_label, expected, services.machine.clock())
    begins = may_begin(newest, facts, settings.folder_label, backup)
    named = Named(source, f"{source}:/{settings.backup_prefix.strip('/')}", backup)
    retention = retention_of(settings.retention, settings.retention_rules)
    return Asked(retention, init=begins, source_moved=begins, saves=True, named=named)
