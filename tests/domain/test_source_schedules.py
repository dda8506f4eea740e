"""When a row starts: expressions of EventBridge by the clock of a zone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.sources.schedule import LATEST, Schedule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


def _next(expression: str, zone: str = "", after: datetime = NOON) -> str:
    found = Schedule.parse(expression, zone).next_after(after, NOON)
    return f"{found:%Y-%m-%d %H:%M}" if found else "never"


@pytest.mark.parametrize(
    ("expression", "start"),
    [
        ("cron(0 2 * * ? *)", "2026-11-23 02:00"),
        ("cron(0/15 * * * ? *)", "2026-11-22 12:15"),
        ("cron(30 9 ? * MON-FRI *)", "2026-11-23 09:30"),
        ("cron(0 1 ? * SUN *)", "2026-11-29 01:00"),
        ("cron(0 1 ? * 1 *)", "2026-11-29 01:00"),
        ("cron(0 1 ? * 6#1 *)", "2026-12-04 01:00"),
        ("cron(0 1 ? * FRIL *)", "2026-11-27 01:00"),
        ("cron(0 1 ? * L *)", "2026-11-28 01:00"),
        ("cron(0 1 L * ? *)", "2026-11-30 01:00"),
        ("cron(0 1 LW JAN ? *)", "2027-01-29 01:00"),
        ("cron(0 1 1W MAY ? *)", "2027-05-03 01:00"),
        ("cron(0 1 29 2 ? *)", "2028-02-29 01:00"),
        ("cron(0 8,20 * * ? *)", "2026-11-22 20:00"),
        ("cron(0 2 1 1 ? 2199)", "never"),
        ("rate(6 hours)", "2026-11-22 18:00"),
        ("rate(1 day)", "2026-11-23 12:00"),
    ],
)
def test_the_next_start(expression: str, start: str) -> None:
    """As the EventBridge User Guide defines the fields."""
    assert _next(expression) == start


def test_a_zone_has_its_own_clock() -> None:
    """With summer time: an hour that a day lacks has no start, one that comes twice has one."""
    summer, winter = datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert _next("cron(0 2 * * ? *)", "Europe/Berlin") == "2026-11-23 01:00"
    assert _next("cron(30 2 * * ? *)", "Europe/Berlin", summer) == "2027-03-29 00:30"
    first = Schedule.parse("cron(30 2 * * ? *)", "Europe/Berlin").next_after(winter, NOON)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert _next("cron(30 2 * * ? *)", "Europe/Berlin", first) == "2026-10-26 01:30"


@pytest.mark.parametrize(
    "expression",
    [
        "every night", "cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(60 2 * * ? *)",
        "cron(0 24 * * ? *)", "cron(0 2 0 * ? *)", "cron(0 2 * 13 ? *)", "cron(0 2 ? * 8 *)",
        "cron(0/0 2 * * ? *)", "cron(a 2 * * ? *)", "cron(0 2 xW * ? *)", "rate(0 days)", "rate(1 week)",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """Before anything is stored."""
    with pytest.raises(WrongUsage):
        Schedule.parse(expression)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 60 * 24 * 3))
def test_each_start_is_due_for_an_hour_and_no_longer(hour: int, minute: int, later: int) -> None:
    """Whenever somebody looks, the newest start of the last hour is found, and no other."""
    schedule = Schedule.parse(f"cron({minute} {hour} * * ? *)")
    now = NOON.replace(day=25, minute=later % 60, hour=later // 60 % 24)
    due, today = schedule.last_due(now, NOON), now.replace(hour=hour, minute=minute)
    before = today if today <= now else today.replace(day=24)
    assert due == (before if now - before < LATEST else None)
