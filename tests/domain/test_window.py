"""How long a backup may take."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.window import Window, minutes_of, one_time_cron, stop_of_window
from tests.domain.strategies import times


@given(st.floats(0, 1e9))
def test_without_a_window_a_backup_takes_as_long_as_it_needs(elapsed: float) -> None:
    """There is no end to count down to."""
    window = Window.of_minutes(None)
    assert window.left(elapsed) is None
    assert not window.is_closed(elapsed)


@pytest.mark.parametrize(
    ("elapsed", "left", "is_closed"),
    [(0, 90, False), (30, 60, False), (89.9, 0.1, False), (90, 0, True), (1e9, 0, True)],
)
def test_a_window_closes_when_its_minutes_are_over(elapsed: float, left: float, is_closed: bool) -> None:
    """Not before, and then for good."""
    window = Window.of_minutes(1.5)
    assert window.left(elapsed) == pytest.approx(left)
    assert window.is_closed(elapsed) == is_closed


@given(st.floats(1e-3, 1e6), st.floats(0, 1e9))
def test_what_is_left_is_never_negative_and_never_more_than_the_window(minutes: float, elapsed: float) -> None:
    """The time left is shown to people."""
    left = Window.of_minutes(minutes).left(elapsed)
    assert left is not None
    assert 0 <= left <= minutes * 60


@pytest.mark.parametrize("minutes", [0, -0.0, -1, float("nan"), float("inf"), float("-inf")])
def test_a_window_that_is_no_time_is_refused(minutes: float) -> None:
    """A window of no minutes would end every backup before it begins."""
    with pytest.raises(WrongUsage, match=r"minutes above 0, .* no time would be left\."):
        Window.of_minutes(minutes)


@pytest.mark.parametrize(
    ("window_minutes", "stop_after"),
    [(240, 225), (180, 165), (60, 45), (31, 16), (30, 15), (29, 14.5), (20, 10), (15, 7.5), (1, 0.5)],
)
def test_the_copy_stops_15_minutes_before_the_window_ends(window_minutes: int, stop_after: float) -> None:
    """A window of less than 30 minutes keeps half of itself."""
    start = datetime(2026, 11, 22, 2, tzinfo=UTC)
    assert stop_of_window(start, window_minutes) == start + timedelta(minutes=stop_after)


@given(times, st.integers(1, 100_000))
def test_the_copy_stops_within_its_window(start: datetime, window_minutes: int) -> None:
    """After the start, and with time for the farewell."""
    assert start < stop_of_window(start, window_minutes) < start + timedelta(minutes=window_minutes)


@pytest.mark.parametrize(
    ("time", "cron"),
    [
        (datetime(2026, 11, 22, 4, 45, tzinfo=UTC), "cron(45 4 22 11 ? 2026)"),
        (datetime(2026, 11, 22, 4, 45, 1, tzinfo=UTC), "cron(46 4 22 11 ? 2026)"),
        (datetime(2026, 11, 22, 4, 45, 0, 1, tzinfo=UTC), "cron(46 4 22 11 ? 2026)"),
        (datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC), "cron(0 0 1 1 ? 2027)"),
        (datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC), "cron(0 0 29 2 ? 2028)"),
        (datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=2))), "cron(30 23 21 11 ? 2026)"),
    ],
)
def test_a_one_time_schedule_names_a_full_minute_in_utc(time: datetime, cron: str) -> None:
    """Seconds are rounded up: it never fires early. EventBridge knows no other zone."""
    assert one_time_cron(time) == cron


@given(times)
def test_a_one_time_schedule_fires_within_the_minute_and_never_early(time: datetime) -> None:
    """Its five fields name one minute of one year."""
    minute, hour, day, month, weekday, year = one_time_cron(time).removeprefix("cron(").removesuffix(")").split()
    fires = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
    assert weekday == "?"
    assert timedelta(0) <= fires - time < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("0.3", 0.3), ("4h", 240), ("90m", 90), ("1h30m", 90), ("1h 30min", 90), ("45s", 0.75), ("1.5h", 90),
     ("1d", 1440), ("1D2H", 1560)],
)  # fmt: skip
def test_a_length_of_time_is_written_as_people_do(text: str, minutes: float) -> None:
    """A bare number is minutes."""
    assert minutes_of(text) == pytest.approx(minutes)


@pytest.mark.parametrize("text", ["", "h", "4x", "4h4h", "30m1h", "1w", "one hour", "--", "4h;"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """With examples of what is one."""
    with pytest.raises(WrongUsage, match="such as 4h"):
        minutes_of(text)
