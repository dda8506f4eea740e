"""When a rule fires: the expressions of EventBridge, minute by minute."""

import re
from datetime import datetime

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.+)\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def is_due(expression: str, minute: datetime, made: datetime) -> bool:
    """Whether a rule that was made then fires at the beginning of this minute (both UTC)."""
    if rate := _RATE.fullmatch(expression):
        since = int((minute - made.replace(second=0, microsecond=0)).total_seconds()) // 60
        return since > 0 and since % (int(rate[1]) * _MINUTES[rate[2]]) == 0
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise ValueError(f"{expression} is neither cron(...) nor rate(...)")
    minutes, hours, days, months, weekdays, years = cron[1].split()
    weekday = minute.isoweekday() % 7 + 1  # EventBridge counts from Sunday, as 1
    told = (minute.minute, minute.hour, minute.day, minute.month, weekday, minute.year)
    return all(map(_matches, (minutes, hours, days, months, weekdays, years), told))


def _matches(field: str, value: int) -> bool:
    return any(_matches_part(part, value) for part in field.split(","))


def _matches_part(part: str, value: int) -> bool:
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        return value % int(step or 1) == 0
    first, _, last = span.partition("-")
    end = int(last or (first if not step else value))
    return int(first) <= value <= end and (value - int(first)) % int(step or 1) == 0
