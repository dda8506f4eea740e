"""A second instance for a backup whose first one came to nothing."""

import logging

from efs_backup.domain.errors import AlreadyStarted, RecordChanged
from efs_backup.domain.operations.instances import tried_again
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.orchestrator.capacity import want_instance
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def try_again(services: Services, backup: BackupRecord, instance_id: str, decision: Decision) -> Decision:
    """Start a second instance in place of this one, and open the record for it.

    The instance is wanted first: where the record cannot be written, the next delivery finds it as it was, and does the
    same; an instance for which no record is open goes home.
    """
    services.stop_rule.arm(backup.backup_id, backup.window_stop)
    want_instance(services, backup)
    again = tried_again(backup, instance_id)
    try:
        if backup.has_ended:
            services.store.start(again, services.store.latest())
        else:
            services.store.update(backup, again)
    except (AlreadyStarted, RecordChanged) as changed:
        return Decision(Action.IGNORE, f"somebody else has decided meanwhile: {changed.message}")
    _logger.warning("%s", again.message)
    return decision
