"""The agent's restore into the source of its stack: mount, compare, bring back or undo; the record says the rest.

That it is done once is the record's matter: one that has ended is claimed by nobody, and one that another instance has
begun neither.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from efs_backup.agent.claim import Claim
from efs_backup.agent.heartbeat import Heartbeat
from efs_backup.agent.mounts import Side, mounted_for_reading, mounted_for_writing
from efs_backup.agent.services import BackupServices
from efs_backup.domain.copying.undoing import UndoRequest
from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import (
    Mounts,
    failed_restore,
    order_of,
    stopped_restore,
    with_restore,
    with_undo,
    without_restore,
)
from efs_backup.domain.requests.asked_restore import AskedRestore
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.sharing.workers import operations_of_each
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.restore_asked import settle_restore
from efs_backup.engine.runs.sharing.restore_leading import end_restores
from efs_backup.engine.runs.undo import UndoRun
from efs_backup.engine.series.series import Series
from efs_backup.engine.trees.straight import refuse_detours
from efs_backup.engine.trees.tree_walk import Stopped

_SOURCE, _BACKUP = "source", "backup"

_logger = logging.getLogger(__name__)


def restored(services: BackupServices, claimed: Claim, asked: Stop) -> BackupRecord:
    """Carry out this restore, or undo; gives its record as it has ended, whatever happened."""
    machine, restore = services.machine, claimed.backup
    mounts = _mounts_of(services)
    stop = Stop(Window((restore.window_stop - machine.clock()).total_seconds()))
    if why := asked.reason():
        stop.ask(why)
    try:
        ended = _run(services, restore, stop, claimed.fleet(services))
    except Stopped:
        ended = stopped_restore(restore, stop.reason() or "its window is over", machine.clock())
    except EfsBackupError as error:
        _logger.exception("The restore failed: %s", error.message)
        ended = without_restore(restore, error, mounts, machine.clock())
    except Exception as error:
        _logger.exception("An error that has no name")
        ended = failed_restore(restore, f"{type(error).__name__}: {error}", machine.clock())
    _logger.info("%s: %s", ended.status, ended.message)
    return ended


def _mounts_of(services: BackupServices) -> Mounts:
    settings, place = services.settings, services.machine.place
    return Mounts((
        (str(place / _SOURCE), settings.source_file_system), (str(place / _BACKUP), settings.backup_file_system),
    ))  # fmt: skip


def _run(services: BackupServices, restore: BackupRecord, stop: Stop, fleet: Fleet | None) -> BackupRecord:
    """Raises EfsBackupError, and Stopped where nothing was touched."""
    machine, order, runner = services.machine, order_of(restore), Runner.with_new_family()
    with (
        stopping_on_signals(stop),
        Heartbeat(services, restore, stop) as watcher,
        both_mounted(services, runner, order, is_shared=fleet is not None) as (backup, source),
    ):
        if fleet is None and order.writes:
            _end_others(services, backup, watcher)
        if order.undoes is not None:
            request = UndoRequest(str(place_of(source, order.undoes)), moves_changed=order.moves_changed)
            undo = UndoRun(request, now=machine.clock(), stop=stop, watcher=watcher)
            undone = undo.plan() if order.dry_run else undo.run()
            return with_undo(restore, undone, _mounts_of(services), machine.clock())
        wanted = settle_restore(_asked(services, order, backup, source), machine.clock(), stop.is_due)
        wanted = replace(wanted, within=str(source), tuning=tuning_of(services, restore))
        run = RestoreRun(wanted, now=machine.clock(), runner=runner, stop=stop, watcher=watcher)
        result = run.plan() if order.dry_run else run.run(fleet)
        return with_restore(restore, result, _mounts_of(services), machine.clock())


@contextmanager
def both_mounted(
    services: BackupServices, runner: Runner, order: RestoreOrder, *, is_shared: bool
) -> Iterator[tuple[Path, Path]]:
    """The snapshots, and the source; that for writing only where something is to be changed.

    Of the snapshots only what several instances tell each other is written, beside them.
    """
    settings, machine = services.settings, services.machine
    mount_source = mounted_for_writing if order.writes else mounted_for_reading
    mount_backup = mounted_for_writing if is_shared else mounted_for_reading
    read = Side(settings.backup_file_system, _BACKUP, settings.backup_access_point if is_shared else "")
    changed = Side(settings.source_file_system, _SOURCE)
    with (
        mount_backup(machine, services.file_systems, runner, read) as backup,
        mount_source(machine, services.file_systems, runner, changed) as source,
    ):
        yield backup, source


def _asked(services: BackupServices, order: RestoreOrder, backup: Path, source: Path) -> AskedRestore:
    settings, target = services.settings, target_of(services, order, source)
    return order.asked(str(backup), str(target), settings.folder_label, settings.interval, settings.tuning)


def target_of(services: BackupServices, order: RestoreOrder, source: Path) -> Path:
    """The directory into which a restore goes. Raises RestoreFailed, MountFailed."""
    return place_of(source, services.settings.backup_prefix if order.into is None else order.into)


def tuning_of(services: BackupServices, restore: BackupRecord) -> Tuning:
    """How one of the instances copies that make a restore: each has its part of the operations."""
    tuning = services.settings.tuning
    operations = operations_of_each(tuning.operations_per_second, restore.wanted_workers or 1)
    return replace(tuning, operations_per_second=operations)


def _end_others(services: BackupServices, backup: Path, watcher: Heartbeat) -> None:
    """Have nobody at work for a restore whose leader was lost. Raises NotFenced."""
    if services.fleet is None:
        return
    settings, machine = services.settings, services.machine
    fleet = services.fleet.around(services.group, machine.instance_id, settings.workers)
    series = Series(backup, settings.folder_label, settings.interval, machine.clock())
    end_restores(series, fleet, lambda: None, watcher.note)


def place_of(source: Path, path: str) -> Path:
    """A directory of the source, where users may have put symlinks. Raises RestoreFailed, MountFailed."""
    place = inside(source, path)
    refuse_detours(source, place)
    return place
