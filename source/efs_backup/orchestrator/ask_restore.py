"""A person wants something restored into the source, or a restore undone: the group is started for that alone."""

from dataclasses import replace
from datetime import datetime

from efs_backup.domain.operations.record import Mode
from efs_backup.domain.operations.restore_record import restore_id_of
from efs_backup.domain.operations.triggers import AskRestore
from efs_backup.domain.operations.workflow import Decision
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.start import begin, new_backup

RESTORE_MINUTES = 24 * 60
"""The window of a restore, as long as a restore stack's by default."""


def ask_restore(services: Services, now: datetime, asked: AskRestore, request_id: str) -> Decision:
    """Start a restore as a backup is started, or record that it was not; each delivery of one event asks for one."""
    restore = new_backup(services.settings, restore_id_of(asked.event_id or request_id), now)
    order = asked.order.to_text()
    return begin(
        services, replace(restore, mode=Mode.RESTORE, window_minutes=RESTORE_MINUTES, restore_order=order), now
    )
