"""Starts that wait begin when others have ended, the oldest first; what has waited as long as its window is skipped."""

import logging
from datetime import datetime

from efs_backup.domain.errors import AlreadyStarted, NothingThere, WrongUsage
from efs_backup.domain.operations.workflow import Action, Decision, skipped
from efs_backup.domain.sources.turns import Waiting
from efs_backup.orchestrator.logs import concerns
from efs_backup.orchestrator.records import tell
from efs_backup.orchestrator.rows import services_of
from efs_backup.orchestrator.services import Services
from efs_backup.orchestrator.start import begin, new_backup

_logger = logging.getLogger(__name__)


def begin_waiting(services: Services, now: datetime) -> list[Decision]:
    """Begin each start whose turn it is; gives what was decided. One that cannot begin holds up no other."""
    if not services.settings.further_sources:
        return []
    return [_take_turn(services, waiting, now) for waiting in services.sources.waiting()]


def _take_turn(services: Services, waiting: Waiting, now: datetime) -> Decision:
    concerns(waiting.backup_id)
    try:
        decision = _begin_or_skip(services, waiting, now)
        if decision.action is not Action.QUEUE:
            services.sources.forget(waiting)
    except Exception:
        _logger.exception("The backup of %s could not begin; it is tried again with the next look", waiting.row)
        return Decision(Action.QUEUE, f"{waiting.row} could not begin")
    _logger.info("%s, %s: %s", waiting.row, decision.action, decision.reason)
    return decision


def _begin_or_skip(services: Services, waiting: Waiting, now: datetime) -> Decision:
    try:
        own, row = services_of(services, waiting.row)
    except (NothingThere, WrongUsage) as gone:
        return Decision(Action.IGNORE, f"it is forgotten: {gone.message}")
    backup = new_backup(own.settings, waiting.backup_id, now, row)
    if not waiting.has_waited_enough(backup.window_minutes, now):
        return begin(own, backup, now, in_turn=True)
    since = f"{waiting.since:%Y-%m-%d %H:%M} UTC"
    decision = Decision(Action.SKIP, f"it waited since {since}, as long as its window, and others were still running")
    ended = skipped(backup, now, decision)
    try:
        services.store.put(ended)
    except AlreadyStarted as known:
        return Decision(Action.IGNORE, known.message)
    tell(services, ended, now)
    return decision
