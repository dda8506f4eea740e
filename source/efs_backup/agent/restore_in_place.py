"""The agent's restore into the source of its stack: mount, compare, bring back or undo; the record says the rest.

That it is done once is the record's matter: one that has ended is claimed by nobody, and one that another instance has
begun neither.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

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
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.mounting import inside
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.restore_asked import settle_restore
from efs_backup.engine.runs.undo import UndoRun
from efs_backup.engine.trees.straight import refuse_detours
from efs_backup.engine.trees.tree_walk import Stopped

_SOURCE, _BACKUP = "source", "backup"

_logger = logging.getLogger(__name__)


def restored(services: BackupServices, restore: BackupRecord, asked: Stop) -> BackupRecord:
    """Carry out this restore, or undo; gives its record as it has ended, whatever happened."""
    machine = services.machine
    mounts = _mounts_of(services)
    stop = Stop(Window((restore.window_stop - machine.clock()).total_seconds()))
    if why := asked.reason():
        stop.ask(why)
    try:
        ended = _run(services, restore, stop)
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


def _run(services: BackupServices, restore: BackupRecord, stop: Stop) -> BackupRecord:
    """Raises EfsBackupError, and Stopped where nothing was touched."""
    machine, order, runner = services.machine, order_of(restore), Runner.with_new_family()
    with (
        stopping_on_signals(stop),
        Heartbeat(services, restore, stop) as watcher,
        _mounted(services, runner, order) as (backup, source),
    ):
        if order.undoes is not None:
            request = UndoRequest(str(_place(source, order.undoes)), moves_changed=order.moves_changed)
            undo = UndoRun(request, now=machine.clock(), stop=stop, watcher=watcher)
            undone = undo.plan() if order.dry_run else undo.run()
            return with_undo(restore, undone, _mounts_of(services), machine.clock())
        wanted = settle_restore(_asked(services, order, backup, source), machine.clock(), stop.is_due)
        wanted = replace(wanted, within=str(source))
        run = RestoreRun(wanted, now=machine.clock(), runner=runner, stop=stop, watcher=watcher)
        result = run.plan() if order.dry_run else run.run()
        return with_restore(restore, result, _mounts_of(services), machine.clock())


@contextmanager
def _mounted(services: BackupServices, runner: Runner, order: RestoreOrder) -> Iterator[tuple[Path, Path]]:
    """The snapshots, for reading only, and the source; that for writing only where something is to be changed."""
    settings, machine = services.settings, services.machine
    mount_source = mounted_for_writing if order.writes else mounted_for_reading
    read, changed = Side(settings.backup_file_system, _BACKUP), Side(settings.source_file_system, _SOURCE)
    with (
        mounted_for_reading(machine, services.file_systems, runner, read) as backup,
        mount_source(machine, services.file_systems, runner, changed) as source,
    ):
        yield backup, source


def _asked(services: BackupServices, order: RestoreOrder, backup: Path, source: Path) -> AskedRestore:
    settings = services.settings
    target = _place(source, settings.backup_prefix if order.into is None else order.into)
    return order.asked(str(backup), str(target), settings.folder_label, settings.interval, settings.tuning)


def _place(source: Path, path: str) -> Path:
    """A directory of the source, where users may have put symlinks. Raises RestoreFailed, MountFailed."""
    place = inside(source, path)
    refuse_detours(source, place)
    return place
