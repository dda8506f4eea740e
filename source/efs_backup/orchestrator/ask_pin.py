"""A person wants a snapshot pinned, released or noted: it waits in the table for the next agent."""

import logging
from datetime import datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.operations.pin_requests import PinRequest
from efs_backup.domain.operations.triggers import AskPin
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.orchestrator.rows import row_asked
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def ask_pin(services: Services, now: datetime, asked: AskPin, request_id: str) -> Decision:
    """Store what is asked for; a second delivery of the same event changes nothing, and is answered like the first."""
    try:
        row = row_asked(services, asked.label, asked.interval)
    except (NothingThere, WrongUsage) as unknown:
        return Decision(Action.IGNORE, unknown.message)
    request, of = PinRequest(asked.wish, now, asked.event_id or request_id, row), f" of {row}" if row else ""
    if not services.pins.ask(request):
        _logger.info("The event was delivered before")  # to somebody, perhaps, whom its answer did not reach
    return Decision(Action.NOTE, f"the agent of the next backup{of} carries out the {request.what}")
