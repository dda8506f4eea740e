"""When a schedule of EventBridge fires, also by a clock with summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import Cron, next_start, parse_schedule

AFTER = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""A Sunday."""

BERLIN = ZoneInfo("Europe/Berlin")


def _next(expression: str, after: datetime = AFTER) -> str:
    return f"{next_start(expression, after):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("expression", "then"),
    [
        ("cron(0 2 * * ? *)", "2026-11-23 02:00"),
        ("cron(1 2 * * ? *)", "2026-11-22 02:01"),
        ("cron(0/15 * * * ? *)", "2026-11-22 02:15"),
        ("cron(*/20 8-10 ? * MON-FRI *)", "2026-11-23 08:00"),
        ("cron(0 22 ? * FRI-MON *)", "2026-11-22 22:00"),
        ("cron(0 2 ? * sat,WED *)", "2026-11-25 02:00"),
        ("cron(0 2 1,15 * ? *)", "2026-12-01 02:00"),
        ("cron(0 2 L * ? *)", "2026-11-30 02:00"),
        ("cron(0 2 L-3 * ? *)", "2026-11-27 02:00"),
        ("cron(0 2 1W MAY ? *)", "2027-05-03 02:00"),
        ("cron(0 2 15W AUG ? *)", "2027-08-16 02:00"),
        ("cron(0 2 31W NOV ? *)", "None"),
        ("cron(0 2 LW MAY ? *)", "2027-05-31 02:00"),
        ("cron(0 2 ? * 6L *)", "2026-11-27 02:00"),
        ("cron(0 2 ? * 2#1 *)", "2026-12-07 02:00"),
        ("cron(0 2 ? * L *)", "2026-11-28 02:00"),
        ("cron(0 2 29 2 ? *)", "2028-02-29 02:00"),
        ("cron(0 2 1 JAN ? 2030/2)", "2030-01-01 02:00"),
        ("cron(0 2 1 1 ? 2020)", "None"),
    ],
)
def test_a_cron_fires_as_eventbridge_says(expression: str, then: str) -> None:
    """All wildcards of its manual; the minute itself is past."""
    found = next_start(expression, AFTER)
    assert (f"{found:%Y-%m-%d %H:%M}" if found else "None") == then


@pytest.mark.parametrize(
    "expression",
    [
        "", "0 2 * * ? *", "cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)", "cron(60 2 * * ? *)",
        "cron(0 24 * * ? *)", "cron(0 2 0 * ? *)", "cron(0 2 * 13 ? *)", "cron(0 2 ? * 8 *)", "cron(0/0 2 * * ? *)",
        "cron(x 2 * * ? *)", "cron(0 2 ? * 2#6 *)", "rate(0 hours)", "rate(1 week)", "rate(-1 day)",
        "rate(1 days)", "rate(2 day)",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    """With an example of one."""
    with pytest.raises(WrongUsage, match="such as cron"):
        parse_schedule(expression)


def test_a_clock_of_a_zone_has_summer_time() -> None:
    """The same hour on the wall is another one in UTC; what the day in spring lacks is left out that day."""
    before_spring = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)
    first = next_start("cron(30 2 * * ? *)", before_spring, BERLIN)
    assert first is not None
    assert (first.astimezone(UTC).day, first.astimezone(UTC).hour) == (29, 0), "the 28th has no half past two"
    winter = next_start("cron(0 3 * * ? *)", AFTER, BERLIN)
    assert winter is not None
    assert winter.astimezone(UTC).hour == 2


def test_the_hour_that_comes_twice_is_one() -> None:
    """A schedule fires once in it."""
    night = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)  # 02:15 in Berlin, for the first time
    first = next_start("cron(30 2 * * ? *)", night, BERLIN)
    assert first is not None
    assert first.astimezone(UTC).isoformat() == "2026-10-25T00:30:00+00:00"
    then = next_start("cron(30 2 * * ? *)", first, BERLIN)
    assert then is not None
    assert then.astimezone(UTC).isoformat() == "2026-10-26T01:30:00+00:00"


def test_a_rate_goes_on_from_where_it_was() -> None:
    """Nobody but EventBridge knows where it began, unless one firing is known."""
    assert next_start("rate(12 hours)", AFTER) is None
    since = AFTER - timedelta(hours=30, minutes=5)
    assert next_start("rate(12 hours)", AFTER, since=since) == since + timedelta(hours=36)
    assert next_start("rate(1 day)", AFTER, since=AFTER) == AFTER + timedelta(days=1)


_fields = st.tuples(  # minute, hour, (day, weekday), month

    st.sampled_from(["0", "*", "5/20", "10-40/7", "1,30"]), st.sampled_from(["2", "*", "22-3", "*/5"]),
    st.sampled_from([("*", "?"), ("?", "MON"), ("L", "?"), ("?", "3#2"), ("14W", "?")]),
    st.sampled_from(["*", "FEB", "1-3,NOV"]),
)  # fmt: skip


@given(_fields, st.integers(0, 800_000))
def test_the_next_time_is_one_at_which_it_is_due_and_no_minute_before_is(
    fields: tuple[str, str, tuple[str, str], str], minutes: int
) -> None:
    """Both ways to ask agree."""
    minute, hour, (day, weekday), month = fields
    cron = parse_schedule(f"cron({minute} {hour} {day} {month} {weekday} *)")
    assert isinstance(cron, Cron)
    after = AFTER + timedelta(minutes=minutes)
    then = cron.next_after(after)
    assert then is not None
    assert cron.is_due(then)
    between = range(1, min(500, int((then - after).total_seconds()) // 60))
    assert not any(cron.is_due(after + timedelta(minutes=ahead)) for ahead in between)
