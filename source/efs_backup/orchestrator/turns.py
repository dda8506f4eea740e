"""Whose turn it is: what is known for that, and the starts that have to wait."""

import logging
from datetime import datetime

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.domain.sources.row import identity_of
from efs_backup.domain.sources.turns import Stage, Waiting
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def stage_of(services: Services, latest: BackupRecord | None, now: datetime, *, in_turn: bool) -> Stage:
    """Gather the facts of a turn. in_turn: of a start that waits, which no other that waits holds up."""
    settings = services.settings
    if not settings.further_sources:  # then what was started last is all that may run
        alone = () if latest is None else (latest,)
        return Stage(latest, alone, (), (), settings.concurrent_backups, now, settings.lifecycle_hold_minutes)
    waiting = () if in_turn else tuple(services.sources.waiting())
    return Stage(
        latest, tuple(services.store.backups()), waiting, services.group.state().instances,
        settings.concurrent_backups, now, settings.lifecycle_hold_minutes,
    )  # fmt: skip


def row_identity(services: Services, backup: BackupRecord) -> str:
    """The row of a backup; `services` are those of the stack, or of that row."""
    return identity_of(backup.label or str(services.settings.folder_label), backup.interval)


def queue(services: Services, backup: BackupRecord, now: datetime, decision: Decision) -> Decision:
    """Let a start wait: its window begins with its turn. It may wait already, by an earlier delivery of its event."""
    row = row_identity(services, backup)
    if services.sources.wait(Waiting(row, backup.backup_id, now)):
        return decision
    if any(each.backup_id == backup.backup_id for each in services.sources.waiting()):
        return decision
    return Decision(Action.IGNORE, f"a backup of {row} waits already for its turn")
