"""A person wants a hold, or its end: it waits in the table for the next agent, for only an agent has the snapshots."""

import logging
from datetime import datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.operations.hold_requests import HoldRequest
from efs_backup.domain.operations.triggers import AskHold
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.orchestrator.rows import row_asked
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def ask_hold(services: Services, now: datetime, asked: AskHold, request_id: str) -> Decision:
    """Store what is asked for; a second delivery of the same event changes nothing, and is answered like the first."""
    request = HoldRequest(asked.action, asked.reason, asked.by, now, asked.event_id or request_id)
    try:
        row = row_asked(services, asked.label, asked.interval)
    except (NothingThere, WrongUsage) as unknown:
        return Decision(Action.IGNORE, unknown.message)
    if not services.holds.of_row(row).ask(request):
        _logger.info("The event was delivered before")  # to somebody, perhaps, whom its answer did not reach
    of = f" of {row}" if row else ""
    return Decision(Action.NOTE, f"the agent of the next backup{of} carries out the {asked.action}")
