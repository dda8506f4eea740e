"""The agent's restore: mount, plan, carry out, report by SNS and S3, go home."""

import logging
from collections.abc import Callable
from dataclasses import replace

from efs_backup.agent.at_work import at_work
from efs_backup.agent.finish import last_lines
from efs_backup.agent.mounts import Side, both_mounted
from efs_backup.agent.services import RestoreServices
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BucketRefused, EfsBackupError, ReportFailed, RestoreFailed
from efs_backup.domain.operations.events import Event
from efs_backup.domain.operations.record_endings import agent_log_key, boot_log_key
from efs_backup.domain.operations.reports.message import Report
from efs_backup.domain.operations.restore_events import restore_ended
from efs_backup.domain.operations.restore_mark import RestoreMark, decide_restore, mark_key
from efs_backup.domain.operations.restore_report import (
    ended_without_result,
    report_on_end_without_result,
    report_on_failure,
    report_on_repeated,
    report_on_restore,
    restore_request,
)
from efs_backup.domain.results import RestoreResult, RestoreStatus
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.trees.straight import refuse_detours
from efs_backup.engine.trees.tree_walk import Stopped
from efs_backup.lib.insisting import insist

_logger = logging.getLogger(__name__)
_TASK = "restore"


class LogWatcher:
    """Follows a restore in the log."""

    def step(self, name: str) -> None:
        """A step begins."""
        _logger.info("Step: %s", name)

    def expect(self, files: int, size: int) -> None:
        """Tell the log how many files and bytes there are to be looked at."""
        _logger.info("%s files and %s bytes to look at", files, size)

    def progress(self, done: CopyStatistics) -> None:
        """Tell the log what is done."""
        _logger.info("%s files, %s bytes", done.number_of_files, done.total_file_size)

    def note(self, text: str) -> None:
        """Something to know."""
        _logger.info(text)


def restore(services: RestoreServices) -> None:
    """Restore what the stack was made for, once, report how it went, and give the instance back; whatever happens.

    The mark of a machine that only boots anew stays open: its next agent goes on.
    """
    with at_work(services.machine, services.group.stop_instance) as asked:
        _restore_once(services, asked)


def _restore_once(services: RestoreServices, asked: Stop) -> None:
    settings, machine = services.settings, services.machine
    if settings.dry_run:  # it touches nothing, however often
        _tell(services, _outcome_of(lambda: _run(services, asked)))
        return
    mark = RestoreMark.of(settings, machine.instance_id, machine.clock())
    try:
        found = _begin(services, mark)
    except EfsBackupError as error:
        _logger.exception("The mark of this restore: %s", error.message)
        _tell(services, error)
        return
    decided = decide_restore(found, machine.instance_id)
    _logger.info("%s", decided.reason)
    if found and not decided.yes:
        _send(services, report_on_repeated(found, decided, settings))
        return
    _carry_out(services, found or mark, asked)


def _begin(services: RestoreServices, mark: RestoreMark) -> RestoreMark | None:
    """Leave the mark; gives the one that is there. Raises RestoreFailed: without a mark nothing is restored."""
    key, bucket = mark_key(services.settings), services.log_bucket
    try:
        found = bucket.begin(key, mark.to_text())
    except BucketRefused as refused:
        raise RestoreFailed(
            f"The mark that keeps this restore from being done twice cannot be left: {refused.message} Nothing was"
            " touched.",
            "See that the bucket of RestoreLogBucket is there, and that the instance's role may write to it, and use"
            " its KMS key if it has one of its own.",
        ) from refused
    return RestoreMark.from_text(found, bucket.address(key)) if found is not None else None


def _carry_out(services: RestoreServices, mark: RestoreMark, asked: Stop) -> None:
    outcome = _outcome_of(lambda: _run(services, asked))
    is_over = isinstance(outcome, RestoreResult) and outcome.status is RestoreStatus.SUCCESS
    if services.machine.reboots and not is_over:
        _logger.info("The machine boots anew; the restore goes on afterwards")
        return
    logs = _store_logs(services)
    result = "Failed" if isinstance(outcome, EfsBackupError) else outcome.status
    ended = mark.over(services.machine.clock(), result, outcome.message, logs)
    try:
        services.log_bucket.replace(mark_key(services.settings), ended.to_text())
    except BucketRefused:
        _logger.exception("The mark does not say how the restore ended")
    _send(services, _report_on(outcome, services, logs))
    _put(services, restore_ended(outcome, services.settings, logs))


def _outcome_of(run: Callable[[], RestoreResult]) -> RestoreResult | EfsBackupError:
    try:
        result = run()
    except EfsBackupError as error:
        _logger.exception("The restore failed: %s", error.message)
        return error
    except Stopped:
        return RestoreFailed("It was stopped while it compared; nothing was touched.", "Deploy the stack again.")
    except Exception as error:
        _logger.exception("An error that has no name")
        return RestoreFailed(f"{type(error).__name__}: {error}", "Read the log.")
    _logger.info("%s: %s", result.status, result.message)
    return result


def _run(services: RestoreServices, asked: Stop) -> RestoreResult:
    settings, machine = services.settings, services.machine
    read, write = Side(settings.backup_file_system, "backup"), Side(settings.target_file_system, "target")
    runner = Runner.with_new_family()
    with both_mounted(machine, services.file_systems, runner, read, write) as (backup, target):
        place = inside(target, settings.restore_prefix)
        refuse_detours(target, place)
        order = replace(restore_request(settings, str(backup), str(place)), within=str(target))
        run = RestoreRun(order, now=machine.clock(), runner=runner, stop=asked, watcher=LogWatcher())
        return run.plan() if settings.dry_run else run.run()


def _tell(services: RestoreServices, outcome: RestoreResult | EfsBackupError) -> None:
    """Store the logs, and mail how it went."""
    logs = _store_logs(services)
    _send(services, _report_on(outcome, services, logs))
    _put(services, restore_ended(outcome, services.settings, logs))


def _report_on(outcome: RestoreResult | EfsBackupError, services: RestoreServices, logs: str | None) -> Report:
    if isinstance(outcome, EfsBackupError):
        return report_on_failure(outcome, services.settings, logs)
    return report_on_restore(outcome, services.settings, logs)


def _store_logs(services: RestoreServices) -> str | None:
    machine, label = services.machine, services.settings.folder_label
    now = machine.clock()
    services.log_bucket.upload(machine.boot_log, boot_log_key(label, _TASK, now))
    return services.log_bucket.upload(machine.log, agent_log_key(label, _TASK, now))


def give_up(services: RestoreServices) -> None:
    """End in the place of an agent that has died for good: say so, and give the instance back."""
    machine = services.machine
    try:
        words = last_lines(machine.log) or last_lines(machine.boot_log)
        logs = _store_logs(services)
        _send(services, report_on_end_without_result(services.settings, words, logs))
        _put(services, restore_ended(ended_without_result(words), services.settings, logs))
    finally:
        insist(services.group.stop_instance)


def _send(services: RestoreServices, report: Report) -> None:
    _logger.info("%s\n%s", report.subject, report.text)
    try:
        insist(lambda: services.notifier.report(report))
    except ReportFailed:
        _logger.exception("The report could not be sent; it is in the log")
    if (chat := services.chat) is not None:
        _try("The chat", lambda: chat.notify(report))


def _put(services: RestoreServices, event: Event) -> None:
    _try("The bus", lambda: services.bus.put([event]))


def _try(whom: str, tell: Callable[[], None]) -> None:
    """Once: the mail is the one that is insisted on."""
    try:
        tell()
    except ReportFailed:
        _logger.exception("%s could not be told", whom)
