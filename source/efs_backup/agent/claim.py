"""Which backup an instance serves, and as what: its id, and a first sign of life, are in the record at once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from efs_backup.agent.own_record import candidates
from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import RecordChanged
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.workflow import Action, decide_service
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.sharing.workers import LEADS, WorkerSign, leaders_before

_TRIES = 5
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A record that this instance serves. helps: another one leads. lost: who may take themselves for its leader."""

    backup: BackupRecord
    helps: bool = False
    lost: frozenset[str] = frozenset()

    def fleet(self, services: BackupServices) -> Fleet | None:
        """The instances that make it together; None where this one makes it alone."""
        workers = self.backup.wanted_workers or 1
        if services.fleet is None or not self.backup.is_shared or workers == 1:
            return None
        return services.fleet.around(services.group, services.machine.instance_id, workers)

    @contextmanager
    def alone(self, fleet: Fleet | None, watcher: Watcher) -> Iterator[None]:
        """Be the only leader, before anything begins: a former one may only be frozen. Raises NotFenced."""
        if fleet and self.lost:
            watcher.step("fence")
            fleet.fence.expel(self.lost, lambda: None)
        yield


def claim(services: BackupServices) -> Claim | None:
    """The backup that this instance serves or helps with; None where there is none for it. Safe to repeat."""
    for backup in candidates(services):
        if claimed := _claimed(services, backup):
            return claimed
    return None


def _claimed(services: BackupServices, backup: BackupRecord | None) -> Claim | None:
    """The claim of one backup; where another of several instances was faster it is decided again."""
    for _ in range(_TRIES):
        machine, now = services.machine, services.machine.clock()
        decision = decide_service(backup, machine.instance_id, now, machine.silence)
        _logger.info("%s: %s", decision.action, decision.reason)
        if decision.action is Action.GO_HOME or backup is None:
            return None
        if backup.is_shared and services.fleet is None:
            _logger.warning("The stack does not let several instances make a backup any more")
            return None
        if decision.action is Action.HELP:
            return Claim(backup, helps=True)
        try:
            return _taken(services, backup)
        except RecordChanged as changed:
            _logger.info("It does not serve %s: %s", backup.backup_id, changed.message)
        if not backup.is_shared:
            return None
        backup = services.store.get(backup.backup_id)
    return None


def _taken(services: BackupServices, backup: BackupRecord) -> Claim:
    """Write that this instance serves it. Of several, each has said before that it may lead. Raises RecordChanged."""
    machine, now = services.machine, services.machine.clock()
    if backup.is_shared and services.fleet:
        services.fleet.signs.say(backup.backup_id, machine.instance_id, WorkerSign(now, LEADS))
    claimed = replace(backup, instance_id=machine.instance_id, ami_id=machine.ami_id, heartbeat_time=now)
    services.store.update(backup, claimed)
    lost = leaders_before(backup.workers or {}, backup.instance_id, machine.instance_id)
    return Claim(claimed, lost=lost if backup.is_shared else frozenset())
