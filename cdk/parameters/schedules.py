"""Schedules of a form, read as EventBridge reads them."""

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import parse_schedule

from .field import is_open


def refuse_no_schedule(name: str, expression: str) -> None:
    """Raises ValueError where an expression that is known is none of EventBridge's; an empty one is none at all."""
    if not expression or is_open(expression):
        return
    try:
        parse_schedule(expression)
    except WrongUsage as error:
        raise ValueError(f"{name}: {error}") from error
