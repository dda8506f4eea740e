"""How many instances the group has to have: one, those of a backup that several make, or one for each open backup."""

import logging

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.running import open_ones
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def want_instance(services: Services, backup: BackupRecord) -> None:
    """Want an instance for each open backup, and for this one, which may open only now. Raises GroupMissing, GroupBusy.

    Where one backup runs at a time it may want several.

    The records are counted again afterwards: a start at the same moment may have written its own, and set a smaller
    number last.
    """
    if services.settings.concurrent_backups == 1:
        services.group.start_instance(backup.wanted_workers or 1)
        return
    wanted = 0
    while wanted != (count := len({backup.backup_id, *(each.backup_id for each in _open(services))})):
        wanted = count
        services.group.start_instance(min(wanted, services.settings.concurrent_backups))


def take_instance(services: Services, backup: BackupRecord | None) -> None:
    """Want no instance for this backup any more. Raises GroupMissing, GroupBusy.

    Others keep theirs: a smaller number alone would let the group choose whose it takes.
    """
    others = [] if services.settings.concurrent_backups == 1 else _open(services)
    others = [each for each in others if backup is None or each.backup_id != backup.backup_id]
    if not others:
        want_none(services, are_several=backup is not None and backup.is_shared)
    elif backup is not None and backup.instance_id in services.group.state().serving:
        services.group.take_away(str(backup.instance_id))
    else:
        _logger.info("No instance serves the backup; one that comes finds its window closed")


def want_none(services: Services, *, are_several: bool = False) -> None:
    """Want no instance, and protect none: a leader that was lost may have left its protection. Raises as above.

    are_several: those of one backup, whatever the stack says by now.
    """
    if are_several or services.settings.workers > 1:
        services.group.unprotect(services.group.state().protected)
    services.group.stop_instance()


def find_open(services: Services, backup_id: str) -> BackupRecord | None:
    """The backup of this id, if it runs beside what was started last; only where several may."""
    if services.settings.concurrent_backups == 1:
        return None
    return next((each for each in _open(services) if each.backup_id == backup_id), None)


def all_running(services: Services, latest: BackupRecord | None) -> list[BackupRecord]:
    """The work that runs: what was started last, and where several backups may run at a time those beside it."""
    beside = _open(services) if services.settings.concurrent_backups > 1 else []
    at_last = [latest] if latest is not None and not latest.has_ended else []
    return open_ones([*at_last, *(each for each in beside if latest is None or each.backup_id != latest.backup_id)])


def is_any_open(services: Services) -> bool:
    """Whether a backup runs beside others that have ended; only where several may."""
    return services.settings.concurrent_backups > 1 and bool(_open(services))


def _open(services: Services) -> list[BackupRecord]:
    return [each for each in services.store.backups() if not each.has_ended]
