"""The forecast of the window."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.forecast import (
    PastNight,
    expected_seconds,
    foretell,
    line_through,
    theil_sen,
    usual_nights,
    what_grew,
)
from efs_backup.domain.operations.past_nights import forecast_in_window, past_nights, with_forecast
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.warnings import WarningKind
from tests.support.records import RUNNING

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOUR = 3600.0
WINDOW, STOP = 3 * HOUR, 2.75 * HOUR


def _nights(*seconds: float, files: float = 1000, copied: float = 10, size: float = 1e9) -> list[PastNight]:
    """One a day, the last one now."""
    first = NOW - timedelta(days=len(seconds) - 1)
    return [PastNight(first + timedelta(days=day), one, files, copied, size) for day, one in enumerate(seconds)]


_numbers = st.floats(-1e6, 1e6)
_points = st.lists(st.tuples(st.integers(0, 60).map(float), _numbers), min_size=2, max_size=20)


@given(st.floats(-1e3, 1e3), _numbers, st.sets(st.integers(0, 60), min_size=2, max_size=28))
def test_the_slope_of_a_straight_line_is_found(slope: float, level: float, days: set[int]) -> None:
    """Whatever the days."""
    assert theil_sen([(day, level + slope * day) for day in days]) == pytest.approx(slope, abs=1e-4)


@given(_points)
def test_the_slope_is_the_median_of_all_pairs(points: list[tuple[float, float]]) -> None:
    """Nothing for points above each other; the order of the points does not matter."""
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if a[0] != b[0]]
    assert theil_sen(points) == pytest.approx(median(slopes) if slopes else 0.0)
    assert theil_sen(points[::-1]) == pytest.approx(theil_sen(points))


@given(st.integers(0, 27), st.floats(0, 1e8), st.floats(-10, 100))
def test_one_odd_night_does_not_bend_the_line(odd: int, seconds: float, slope: float) -> None:
    """Of 28 nights on a line one is anything; least squares would follow it."""
    nights = [3000 + slope * day for day in range(28)]
    nights[odd] = seconds
    assert line_through(_nights(*nights), lambda night: night.seconds).slope == pytest.approx(slope, abs=1e-6)


def test_fewer_than_seven_nights_say_nothing() -> None:
    """Neither seconds nor days."""
    assert foretell(_nights(*[HOUR] * 6), NOW, WINDOW, STOP) is None
    assert expected_seconds(_nights(*[HOUR] * 6), NOW) is None
    assert foretell([], NOW, WINDOW) is None


def test_a_night_that_takes_as_long_as_ever_is_no_warning() -> None:
    """Also where the single nights lie apart."""
    told = foretell(_nights(*[HOUR + 300 * (day % 3) for day in range(28)]), NOW, WINDOW, STOP)
    assert told is not None
    assert (told.seconds, told.days_left, told.warning) == (HOUR + 300, None, None)


def test_the_days_are_counted_to_the_time_at_which_the_copy_is_stopped() -> None:
    """The days leave room for how much longer a bad night takes; 60 seconds more each night."""
    seconds = [5000 + 60.0 * day for day in range(28)]
    told = foretell(_nights(*seconds), NOW, 4 * HOUR, 3.75 * HOUR)
    assert told is not None
    now = median(seconds[-7:])
    assert str(told) == f"{now / 60:.1f} minutes, and fills its window in {told.days_left:,.0f} days"
    assert told.high == pytest.approx(0)
    assert told.days_left == pytest.approx((3.75 * HOUR - now) / 60, abs=0.1)
    assert told.warning is None


def test_fewer_than_fourteen_days_are_a_warning_that_says_what_grew() -> None:
    """The files do, by a tenth of a percent; the copied ones by more."""
    nights = [
        replace(night, files=1e6 + 1e3 * day, copied=1e3 * (1 + day / 10))
        for day, night in enumerate(_nights(*[5000 + 200.0 * day for day in range(14)]))
    ]
    told = foretell(nights, NOW, 2.75 * HOUR, 2.5 * HOUR)
    assert told is not None
    assert told.warning is not None
    assert told.warning.kind is WarningKind.WINDOW_FILLS
    assert told.days_left is not None
    assert told.days_left < 14
    assert "the number of copied files grew most, by" in str(told.warning)
    assert str(told.warning).count(".") >= 2
    assert what_grew(nights[:1] * 7) == ""


def test_four_fifths_of_the_window_are_a_warning() -> None:
    """With the longest of the nights, however level they are; without a window there is none."""
    nights = _nights(*[2 * HOUR] * 13, 2.5 * HOUR, *[2 * HOUR] * 7)
    told = foretell(nights, NOW, WINDOW, STOP)
    assert told is not None
    assert told.warning is not None
    assert "takes 120.0 minutes, and up to 30.0 minutes more" in str(told.warning)
    open_ended = foretell(nights, NOW, None)
    assert open_ended is not None
    assert (open_ended.seconds, open_ended.days_left, open_ended.warning) == (2 * HOUR, None, None)


def test_a_window_that_is_too_short_already_has_no_days_left() -> None:
    """Not less than none."""
    told = foretell(_nights(*[HOUR] * 7), NOW, 1200, 600)
    assert told is not None
    assert told.days_left == 0
    assert told.warning is not None


def test_a_first_backup_is_no_usual_night() -> None:
    """A first backup copies everything; where every night does, they are usual."""
    first, *others = _nights(*[20 * HOUR, *[HOUR] * 9])
    whole = replace(first, copied=first.files)
    told = foretell([whole, *others], NOW, WINDOW, STOP)
    assert told is not None
    assert (told.high, told.warning) == (0, None)
    assert len(usual_nights([replace(one, copied=one.files) for one in others], NOW)) == 9


def test_records_of_a_clock_that_had_jumped_are_left_out() -> None:
    """Those of the future, of long ago, that ended before they began, or took thirty years."""
    good = _nights(*[HOUR] * 8)
    odd = [
        replace(good[0], start=NOW + timedelta(days=4000), seconds=1.0),
        replace(good[0], start=datetime(1970, 1, 2, tzinfo=UTC), seconds=9e4),
        replace(good[0], seconds=-5.0),
        replace(good[0], seconds=3e9),
        replace(good[0], seconds=float("nan")),
        replace(good[0], files=float("inf")),
    ]
    assert usual_nights([*odd, *good], NOW) == good
    assert foretell([*odd, *good], NOW, WINDOW, STOP) == foretell(good, NOW, WINDOW, STOP)


@pytest.mark.parametrize("copied", [0.0, 5.0])
def test_nights_of_no_files_and_no_time_are_no_error(copied: float) -> None:
    """There is nothing to divide by, and nothing that grows; all at the same moment too."""
    nights = _nights(*[0.0] * 9, files=0, copied=copied, size=0)
    told = foretell(nights, NOW, WINDOW, STOP)
    assert told is not None
    assert (told.seconds, told.high, told.days_left, told.grown) == (0, 0, None, "")
    assert foretell([replace(one, start=NOW) for one in nights], NOW, WINDOW) is not None
    assert expected_seconds(nights, NOW, 1000) == 0


def test_what_is_expected_of_more_files_is_more() -> None:
    """By the seconds a file of the last seven nights."""
    nights = _nights(*[900.0] * 20, *[300.0] * 7)
    assert expected_seconds(nights, NOW) == 300
    assert expected_seconds(nights, NOW, 3000) == pytest.approx(900)


_any_nights = st.builds(
    PastNight,
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - they get one
    | st.integers(0, 40).map(lambda day: NOW - timedelta(days=day)),
    *[st.floats() | st.integers(0, 10**5).map(float)] * 4,
)


@given(st.lists(_any_nights, max_size=40), st.none() | st.floats(1, 1e6))
def test_whatever_is_on_record_a_forecast_is_made_of_numbers(nights: list[PastNight], window: float | None) -> None:
    """Or of nothing."""
    told = foretell(nights, NOW, window)
    if told is not None:
        assert told.high >= 0
        assert 0 <= told.seconds <= 1e9
        assert told.days_left is None or 0 <= told.days_left <= 3650


def test_calm_nights_warn_hardly_ever() -> None:
    """Durations that vary by a tenth, at half of the window: fewer than one warning in a hundred nights."""
    rng = random.Random(7)  # noqa: S311 - the same nights each time
    warned = 0
    for _ in range(300):
        nights = _nights(*[max(0.0, rng.gauss(1.4 * HOUR, 0.1 * HOUR)) for _ in range(28)])
        told = foretell(nights, NOW, WINDOW, STOP)
        warned += told is not None and told.warning is not None
    assert warned < 3


def _record(day: int, minutes: int) -> BackupRecord:
    start = NOW - timedelta(days=day)
    return replace(
        RUNNING, backup_id=BackupId(f"{day:08x}"), start_time=start, stop_time=start + timedelta(minutes=minutes),
        status=BackupStatus.SUCCESS, number_of_files=1000, number_of_files_transferred=10, total_file_size=10**9,
    )  # fmt: skip


_DONE = BackupResult(BackupStatus.SUCCESS, "Done.")


def test_only_successes_of_the_same_interval_are_past_nights() -> None:
    """No drill, nothing that is running, nothing without an end; older records lack figures."""
    good = _record(1, 60)
    others = [
        replace(good, status=BackupStatus.FAILED), replace(good, interval=Interval.WEEKLY),
        replace(good, mode=Mode.DRILL), replace(good, stop_time=None),
        replace(good, number_of_files=10**400),
    ]  # fmt: skip
    old = replace(good, number_of_files=None, number_of_files_transferred=None, total_file_size=None)
    found = [*past_nights([good, *others, old], Interval.DAILY)]
    assert [(night.seconds, night.files) for night in found] == [(3600, 1000), (3600, 0)]


def test_the_result_of_a_success_has_the_forecast_and_its_warning() -> None:
    """From the records and itself; by the window on record, once; a failure has none."""
    begun = replace(RUNNING, start_time=NOW - timedelta(hours=2.6))
    records = [begun, *(_record(day, 156) for day in range(1, 9))]
    told = forecast_in_window(_DONE, begun, records, NOW)
    assert told.forecast is not None
    assert told.forecast.seconds == 2.6 * HOUR
    assert [warned.kind for warned in told.warnings] == [WarningKind.WINDOW_FILLS]
    assert forecast_in_window(told, begun, records, NOW).warnings == told.warnings
    failed = replace(_DONE, status=BackupStatus.FAILED)
    assert with_forecast(failed, begun, records, NOW, WINDOW) == failed
    assert with_forecast(_DONE, begun, records[:3], NOW, WINDOW) == _DONE
