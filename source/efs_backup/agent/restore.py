"""The agent's restore: mount, plan, carry out, report by SNS and S3, go home."""

import logging

from efs_backup.agent.mounts import Side, both_mounted
from efs_backup.agent.services import RestoreServices
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import EfsBackupError, ReportFailed, RestoreFailed
from efs_backup.domain.operations.record_endings import agent_log_key, boot_log_key
from efs_backup.domain.operations.report import Report
from efs_backup.domain.operations.restore_report import report_on_failure, report_on_restore, restore_request
from efs_backup.domain.results import RestoreResult
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun

_logger = logging.getLogger(__name__)
_TASK = "restore"


class LogWatcher:
    """Follows a restore in the log."""

    def step(self, name: str) -> None:
        """A step begins."""
        _logger.info("Step: %s", name)

    def expect(self, files: int, size: int) -> None:
        """So much is there to be looked at."""
        _logger.info("%s files and %s bytes to look at", files, size)

    def progress(self, done: CopyStatistics) -> None:
        """So much is done."""
        _logger.info("%s files, %s bytes", done.number_of_files, done.total_file_size)

    def note(self, text: str) -> None:
        """Something to know."""
        _logger.info(text)


def restore(services: RestoreServices) -> None:
    """Restore what the stack was made for, report how it went, and give the instance back; whatever happens."""
    try:
        outcome = _restore_or_fail(services)
        _tell(services, outcome)
    finally:
        services.group.stop_instance()


def _restore_or_fail(services: RestoreServices) -> RestoreResult | EfsBackupError:
    try:
        result = _run(services)
    except EfsBackupError as error:
        _logger.exception("The restore failed: %s", error.message)
        return error
    except Exception as error:
        _logger.exception("An error that has no name")
        return RestoreFailed(f"{type(error).__name__}: {error}", "Read the log.")
    _logger.info("%s: %s", result.status, result.message)
    return result


def _run(services: RestoreServices) -> RestoreResult:
    settings, machine = services.settings, services.machine
    runner, stop = Runner.with_new_family(), Stop(Window())
    read, write = Side(settings.backup_file_system, "backup"), Side(settings.target_file_system, "target")
    with (
        stopping_on_signals(stop),
        both_mounted(machine, services.file_systems, runner, read, write) as (backup, target),
    ):
        order = restore_request(settings, str(backup), str(inside(target, settings.restore_prefix)))
        run = RestoreRun(order, now=machine.clock(), runner=runner, stop=stop, watcher=LogWatcher())
        return run.plan() if settings.dry_run else run.run()


def _tell(services: RestoreServices, outcome: RestoreResult | EfsBackupError) -> None:
    settings, machine = services.settings, services.machine
    now = machine.clock()
    services.log_bucket.upload(machine.boot_log, boot_log_key(settings.folder_label, _TASK, now))
    logs = services.log_bucket.upload(machine.log, agent_log_key(settings.folder_label, _TASK, now))
    if isinstance(outcome, EfsBackupError):
        _send(services, report_on_failure(outcome, settings, logs))
    else:
        _send(services, report_on_restore(outcome, settings, logs))


def _send(services: RestoreServices, report: Report) -> None:
    _logger.info("%s\n%s", report.subject, report.text)
    try:
        services.notifier.report(report)
    except ReportFailed:
        _logger.exception("The report could not be sent; it is in the log")
