"""When a stack's schedule fires next."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.schedule import next_start

BERLIN = ZoneInfo("Europe/Berlin")
THURSDAY = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def _next(expression: str, zone: tzinfo = UTC, after: datetime = THURSDAY) -> str:
    found = next_start(expression, after, zone)
    return f"{found:%Y-%m-%d %H:%M}" if found else "never"


@pytest.mark.parametrize(
    ("expression", "fires"),
    [
        ("cron(0 2 * * ? *)", "2026-11-27 02:00"),
        ("cron(30 9 * * ? *)", "2026-11-27 09:30"),
        ("cron(0/15 8-10 ? * MON-FRI *)", "2026-11-26 09:45"),
        ("cron(*/40 9,22 * * ? *)", "2026-11-26 09:40"),
        ("cron(0 2 ? * 1 *)", "2026-11-29 02:00"),
        ("cron(0 2 ? * sat-mon *)", "2026-11-28 02:00"),
        ("cron(0 2 1 jan,jul ? *)", "2027-01-01 02:00"),
        ("cron(0 2 29 2 ? *)", "2028-02-29 02:00"),
        ("cron(0 5 L * ? *)", "2026-11-30 05:00"),
        ("cron(0 5 ? * L *)", "2026-11-28 05:00"),
        ("cron(0 5 ? * 6L *)", "2026-11-27 05:00"),
        ("cron(0 5 ? * TUE#2 *)", "2026-12-08 05:00"),
        ("cron(0 5 ? * 6#5 *)", "2027-01-29 05:00"),
        ("cron(0 5 1W 5 ? *)", "2027-05-03 05:00"),
        ("cron(0 5 28W * ? *)", "2026-11-27 05:00"),
        ("cron(0 5 31W 1 ? *)", "2027-01-29 05:00"),
        ("cron(0 5 LW 2 ? *)", "2027-02-26 05:00"),
        ("cron(0 0 1 1 ? 2199)", "never"),
        ("cron(0 2 * * ? 2020-2025)", "never"),
        ("cron(0 0 30 2 ? *)", "never"),
        ("cron(0 0 31W 2 ? *)", "never"),
    ],
)
def test_a_cron_expression_fires_when_eventbridge_says(expression: str, fires: str) -> None:
    """The forms of the EventBridge User Guide, after Thursday, 26 November 2026, 09:30 UTC."""
    assert _next(expression) == fires


@pytest.mark.parametrize(
    ("after", "fires"),
    [
        ("2026-03-28T12:00", "2026-03-30 00:30"),
        ("2026-10-24T12:00", "2026-10-25 00:30"),
        ("2026-10-25T00:45", "2026-10-26 01:30"),
        ("2026-11-26T01:29", "2026-11-26 01:30"),
        ("2026-11-26T01:30", "2026-11-27 01:30"),
    ],
)
def test_a_schedule_goes_by_the_clock_of_its_zone(after: str, fires: str) -> None:
    """A time that a day in spring lacks is left out; one that a day in autumn has twice is taken once."""
    assert _next("cron(30 2 * * ? *)", BERLIN, datetime.fromisoformat(after).replace(tzinfo=UTC)) == fires


@pytest.mark.parametrize(
    "expression",
    [
        "", "at(2026-11-27T02:00:00)", "cron()", "cron(0 2 * * *)", "cron(0 2 * * * *)", "cron(0 2 ? * ? *)",
        "cron(60 2 * * ? *)", "cron(0 2 32 * ? *)", "cron(0 2 ? * 8 *)", "cron(0 2 ? * 3#6 *)", "cron(0 2 ? * X *)",
        "cron(0/0 2 * * ? *)", "cron(a 2 * * ? *)", "cron(,0 2 * * ? *)", "rate(0 days)",
        "rate(day)", "rate(999999999 days)",
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_no_next_start(expression: str) -> None:
    """Who asks decides what that means: a row is refused, the next start of a stack is not told."""
    with pytest.raises(WrongUsage):
        next_start(expression, THURSDAY, UTC, THURSDAY)


def test_a_rate_counts_from_a_start_of_before() -> None:
    """Without one it could be any moment."""
    since = THURSDAY - timedelta(hours=50)
    assert next_start("rate(1 day)", THURSDAY) is None
    assert next_start("rate(1 day)", THURSDAY, UTC, since) == since + timedelta(hours=72)
    assert next_start("rate(10 hours)", THURSDAY, BERLIN, since) == THURSDAY + timedelta(hours=10)
    assert next_start("rate(5 minutes)", THURSDAY, UTC, THURSDAY + timedelta(days=1)) == THURSDAY + timedelta(days=1)


_LISTS = st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True)


@given(
    hours=_LISTS,
    minutes=st.sampled_from([0, 15, 30, 59]),
    weekdays=st.sets(st.integers(1, 7), min_size=1, max_size=3),
    zone=st.sampled_from(["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    after=st.integers(0, 2 * 365 * 1440).map(lambda minutes: THURSDAY + timedelta(minutes=minutes)),
)
def test_the_next_start_is_the_first_that_the_clock_shows(
    hours: list[int], minutes: int, weekdays: set[int], zone: str, after: datetime
) -> None:
    """Against a watch: somebody who looks at the clock each minute, and writes down the first hit."""
    fields = (",".join(map(str, part)) for part in (hours, weekdays))
    expression = "cron({minutes} {0} ? * {1} *)".format(*fields, minutes=minutes)
    found = next_start(expression, after, ZoneInfo(zone))
    assert found
    assert found > after
    local = found.astimezone(ZoneInfo(zone))
    assert (local.hour in hours, local.minute, local.isoweekday() % 7 + 1 in weekdays) == (True, minutes, True)
    assert local.fold == 0
    for minute in range(1, (found - after) // timedelta(minutes=1)):
        shown = (after + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        hit = shown.minute == minutes and shown.hour in hours and shown.isoweekday() % 7 + 1 in weekdays
        assert not hit or shown.fold
