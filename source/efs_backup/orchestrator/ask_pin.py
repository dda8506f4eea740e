"""A person wants a snapshot pinned, released or noted: it waits in the table for the next agent."""

from datetime import datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.operations.pin_requests import PinRequest
from efs_backup.domain.operations.triggers import AskPin
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.orchestrator.rows import row_asked
from efs_backup.orchestrator.services import Services


def ask_pin(services: Services, now: datetime, asked: AskPin, request_id: str) -> Decision:
    """Store what is asked for; a second delivery of the same event changes nothing, whatever was done since."""
    try:
        row = row_asked(services, asked.label, asked.interval)
    except (NothingThere, WrongUsage) as unknown:
        return Decision(Action.IGNORE, unknown.message)
    wish, of = asked.wish, f" of {row}" if row else ""
    if not services.pins.ask(PinRequest(wish, now, asked.event_id or request_id, row)):
        return Decision(Action.IGNORE, "the event was delivered before")
    return Decision(Action.NOTE, f"the agent of the next backup{of} carries out the {wish.action} of {wish.snapshot}")
