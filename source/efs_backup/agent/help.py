"""The agent's help with what another instance leads: it does shares, and touches neither record nor group.

Its own entry in the record's signs of life is all that it writes there.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from efs_backup.agent.help_restore import helping_with_restore
from efs_backup.agent.mounts import Side, both_mounted
from efs_backup.agent.running import told_why
from efs_backup.agent.services import BackupServices
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import EfsBackupError, RecordChanged, RecordGone
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_endings import helper_log_key
from efs_backup.domain.operations.stop_cause import window_closed
from efs_backup.domain.operations.workflow import Action, decide_service
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.sharing.workers import WorkerSign, operations_of_each
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.repeating import Repeating
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.sharing.helping import Helping, HelpRequest

_logger = logging.getLogger(__name__)
_SOURCE, _BACKUP = "source", "backup"


def help_with(services: BackupServices, backup: BackupRecord, asked: Stop) -> bool:
    """Help until the backup has ended, or its leader is lost: then True, for it is to be decided anew what to do.

    False where this instance is to end, or cannot help.
    """
    machine = services.machine
    stop = Stop(Window((backup.window_stop - machine.clock()).total_seconds()), closed=window_closed(backup))
    if why := asked.reason():
        stop.ask(why)
    if services.fleet is None:
        return False
    fleet = services.fleet.around(services.group, machine.instance_id, backup.wanted_workers or 1)
    try:
        with stopping_on_signals(stop, told_why(machine.place)), HelperSigns(services, backup, stop) as watcher:
            _help(services, backup, fleet, stop, watcher)
    except EfsBackupError as error:
        _logger.exception("This instance cannot help: %s", error.next_step)
        return False
    finally:
        key = helper_log_key(services.settings.folder_label, machine.instance_id, machine.clock())
        services.log_bucket.upload(machine.log, key)
    return watcher.is_to_be_decided


def _help(
    services: BackupServices, backup: BackupRecord, fleet: Fleet, stop: Stop, watcher: "HelperSigns"
) -> None:  # fmt: skip
    helping = helping_with_restore if backup.is_restore else _helping_with_backup
    with helping(services, backup, fleet, stop, watcher) as engine:
        helped = engine.run()
    _logger.info("It has done %s shares with %s files", helped.shares, helped.statistics.number_of_files)


@contextmanager
def _helping_with_backup(
    services: BackupServices, _backup: BackupRecord, fleet: Fleet, stop: Stop, watcher: Watcher
) -> Iterator[Helping]:
    settings, runner = services.settings, Runner.with_new_family()
    read = Side(settings.source_file_system, _SOURCE)
    write = Side(settings.backup_file_system, _BACKUP, settings.backup_access_point)
    operations = operations_of_each(settings.tuning.operations_per_second, fleet.workers)
    tuning = replace(settings.tuning, operations_per_second=operations)
    with both_mounted(services.machine, services.file_systems, runner, read, write) as (source, target):
        request = HelpRequest(
            str(inside(source, settings.backup_prefix)), str(target), settings.folder_label, settings.interval, tuning
        )  # fmt: skip
        yield Helping(request, fleet, runner=runner, stop=stop, watcher=watcher)


class HelperSigns(Repeating):
    """The watcher of a helper: says each minute that it lives, and asks it to stop where there is nothing to help."""

    def __init__(self, services: BackupServices, backup: BackupRecord, stop: Stop) -> None:
        self._services = services
        self._backup = backup
        self._stop = stop
        self._work = "begins"
        self._done = CopyStatistics()
        self.is_to_be_decided = False
        super().__init__(self._beat, services.machine.pace.total_seconds(), "signs of life", at_once=True)

    def step(self, name: str) -> None:
        """See Watcher."""
        self._work = name
        _logger.info("Step: %s", name)

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""
        self._done = done

    def note(self, text: str) -> None:
        """See Watcher."""
        _logger.info(text)

    def _beat(self) -> None:
        try:
            self._say()
        except Exception:  # a record that cannot be written now is no reason to leave a share
            _logger.exception("The sign of life could not be written")

    def _say(self) -> None:
        """Say that it lives, and look whether there is anything to help with still."""
        machine, fleet = self._services.machine, self._services.fleet
        try:
            if fleet:
                sign = WorkerSign(machine.clock(), self._work, self._done.number_of_files)
                fleet.signs.say(self._backup.backup_id, machine.instance_id, sign)
            stored = self._services.store.get(self._backup.backup_id)
        except (RecordChanged, RecordGone) as over:
            self._end(over.message)
            return
        decision = decide_service(stored, machine.instance_id, machine.clock(), machine.silence)
        if decision.action is not Action.HELP:
            self._end(decision.reason)

    def _end(self, why: str) -> None:
        _logger.info("It stops helping: %s", why)
        if not self._stop.is_due():
            self.is_to_be_decided = True
            self._stop.ask(why)
