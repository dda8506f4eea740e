"""The tools of a restore's helper: the stack's own file systems, and the directory that the record names."""

from collections.abc import Iterator
from contextlib import contextmanager

from efs_backup.agent.restore_in_place import both_mounted, target_of, tuning_of
from efs_backup.agent.services import BackupServices
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import order_of
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.sharing.restore_helping import RestoreHelping, RestoreHelpRequest


@contextmanager
def helping_with_restore(
    services: BackupServices, restore: BackupRecord, fleet: Fleet, stop: Stop, watcher: Watcher
) -> Iterator[RestoreHelping]:
    """Mount both as the leader does; that is enough to help. Raises EfsBackupError."""
    settings, order, runner = services.settings, order_of(restore), Runner.with_new_family()
    with both_mounted(services, runner, order, is_shared=True) as (backup, source):
        target = target_of(services, order, source)
        request = RestoreHelpRequest(
            str(backup), str(target), str(source), settings.folder_label, settings.interval,
            tuning_of(services, restore),
        )  # fmt: skip
        yield RestoreHelping(request, fleet, runner=runner, stop=stop, watcher=watcher)
