"""When a rule fires: the expressions of EventBridge, minute by minute."""

from datetime import datetime

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import Cron, parse_schedule


def is_due(expression: str, minute: datetime, made: datetime) -> bool:
    """Whether a rule that was made then fires at the beginning of this minute (both UTC). Raises ValueError."""
    try:
        schedule = parse_schedule(expression)
    except WrongUsage as error:
        raise ValueError(f"{expression} is neither cron(...) nor rate(...)") from error
    if isinstance(schedule, Cron):
        return schedule.is_due(minute)
    since = int((minute - made.replace(second=0, microsecond=0)).total_seconds()) // 60
    return since > 0 and since % schedule.minutes == 0
