"""The series report: days from records and seals, pictures of them, and a page that means nothing but what it says."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.forecast import Forecast
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.series_report.busiest import Busiest, Busy
from efs_backup.domain.series_report.calendar import calendar
from efs_backup.domain.series_report.data import as_data
from efs_backup.domain.series_report.days import MOST_DAYS, Day, Look, Night, days_of, nights_of, sane
from efs_backup.domain.series_report.facts import Drill, ScrubCoverage, SeriesReport
from efs_backup.domain.series_report.page import page
from efs_backup.domain.series_report.plots import Plot, decimal_step, time_step
from efs_backup.domain.series_report.verdict import Verdict, age_of, verdict_of
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.seal import ManifestFigures, Seal
from tests.domain.reports import HOSTILE, NOW, hostile, records, report
from tests.support.reading import Reader

_GOOD = report()


def _night(status: BackupStatus, hour: int = 2, new: float | None = 1.0, ago: int = 0) -> Night:
    return Night(NOW.replace(hour=hour) - timedelta(days=ago), status, "x", 60.0, 3.0, 5.0, new)


def _seal(name: str, size: object = 7) -> Seal:
    manifest = ManifestFigures("0" * 64, 1, 3, 2, size, 0)  # type: ignore[arg-type]
    return Seal("home", "daily", name, NOW, manifest, None, (), (), None, None, "efs-backup")


@pytest.mark.parametrize(
    "told", [_GOOD, hostile(), report([]), report(records(3))], ids=["good", "hostile", "empty", "few"]
)
def test_a_page_is_whole_and_has_no_script(told: SeriesReport) -> None:
    """Whatever names mean. Nothing is fetched, and nothing could be run."""
    text = page(told)
    read = Reader(text)
    assert not {name for name in read.attributes if name.startswith("on")} | {"src", "href", "style"} & read.attributes
    assert "default-src 'none'" in text
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "").replace("https://x", "")


def test_names_that_mean_harm_are_shown() -> None:
    """As text, with every letter that cannot be printed escaped."""
    read = Reader(page(hostile()))
    shown = "<script>alert(1)</script> \" ' & \\n\\t\\x1b[31m \\xff\\u202e --></style><img src=x onerror=alert(2)>"
    assert read.text.count(shown) >= 10
    json.dumps(as_data(hostile()))


def test_each_picture_has_a_word_and_a_table() -> None:
    """For who cannot see it."""
    text = page(_GOOD)
    assert text.count('<svg class="plot') == text.count("<summary>As a table</summary>") == 4
    assert text.count('role="img" aria-label="') == 4
    assert "81 with a snapshot, 1 incomplete, 1 failed, 7 without a known backup" in text


def test_a_page_tells_what_is_asked() -> None:
    """How old the newest snapshot is, how much is new, and whether the nights will fit."""
    read = Reader(page(_GOOD)).text
    for words in ("All is well", "7 hours", "29 of 30", "230.8\xa0GB were copied in 81 days", "of a window of 2 h",
                  "fills its window in", "alice/mail", "it has done all that was due (100%)"):  # fmt: skip
        assert words in read


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ({}, Verdict.GOOD, ""),
        ({"holds": ["Held."]}, Verdict.LOOK, "A hold keeps"),
        ({"scrub": ScrubCoverage(90, 8)}, Verdict.LOOK, "8 days behind"),
        ({"lacks": ["Torn."]}, Verdict.LOOK, "could not be read"),
        ({"nights": [_night(BackupStatus.SUCCESS, 1), _night(BackupStatus.INCOMPLETE)]}, Verdict.LOOK, "was stopped"),
        ({"nights": [_night(BackupStatus.SUCCESS, 1), _night(BackupStatus.FAILED)]}, Verdict.BAD, "ended as Failed"),
        ({"nights": [_night(BackupStatus.SUCCESS, ago=3)]}, Verdict.BAD, "3 days old"),
        ({"nights": []}, Verdict.BAD, "No backup is known to have succeeded."),
        ({"drills": [Drill(NOW, DrillStatus.DIFFERENT)]}, Verdict.BAD, "The last drill found"),
        ({"damaged": hostile().damaged}, Verdict.BAD, "1 stored file"),
    ],
)
def test_the_verdict_is_that_of_the_worst(change: dict[str, object], verdict: Verdict, words: str) -> None:
    """And says why."""
    found, sentences = verdict_of(replace(_GOOD, **change))  # type: ignore[arg-type]
    assert found is verdict
    assert words in " ".join(sentences)


def test_a_day_is_shown_as_the_worst_of_its_backups() -> None:
    """An hourly series has many in one."""
    statuses = (BackupStatus.SUCCESS, BackupStatus.FAILED, BackupStatus.SUCCESS)
    day = Day(NOW.date(), tuple(_night(status, hour) for hour, status in enumerate(statuses)))
    assert (day.look, day.told, day.new, day.size) == (Look.FAILED, "2 Success, 1 Failed", 2.0, 5.0)
    assert Day(NOW.date()).told == "no backup known"


def test_seals_tell_of_nights_whose_records_have_gone() -> None:
    """Their size, and that they succeeded; what is on record already is told once."""
    known = records(3)
    seals = {name: _seal(name) for name in ("20260301T020000Z", "20260302T020000Z", str(known[-1].snapshot))}
    nights = nights_of(known, seals, None, NOW)
    assert [night.snapshot for night in nights[:2]] == ["20260301T020000Z", "20260302T020000Z"]
    assert len(nights) == 5
    assert nights[0].size == 7


def test_what_a_broken_clock_has_written_is_left_out() -> None:
    """A night in the future would be the last backup for ever."""
    odd = replace(records(1)[0], start_time=NOW + timedelta(days=400))
    assert nights_of([odd], {"90000101T000000Z": _seal("90000101T000000Z")}, None, NOW) == []


@pytest.mark.parametrize("value", [None, "7", True, -1, float("nan"), float("inf"), 1e300, 2**70, []])
def test_numbers_that_nobody_of_us_has_written_are_unknown(value: object) -> None:
    """No picture is drawn of them."""
    assert sane(value) is None
    page(replace(_GOOD, nights=nights_of([], {"20261120T020000Z": _seal("20261120T020000Z", value)}, None, NOW)))


@given(
    st.lists(
        st.tuples(st.integers(-3, 400), st.sampled_from(BackupStatus), st.none() | st.floats(0, 2.0**60)), max_size=40
    )
)
@example([(0, BackupStatus.SUCCESS, 5e-324)])
def test_every_past_is_a_page(drawn: Sequence[tuple[int, BackupStatus, float | None]]) -> None:
    """With each day once, half a year at most, today the last."""
    nights = [_night(status, new=new, ago=ago) for ago, status, new in drawn if ago >= 0]
    days = days_of(nights, NOW)
    assert 1 <= len(days) <= MOST_DAYS
    assert days[-1].date == NOW.date()
    assert calendar(days).count("<rect") == len(days)
    Reader(page(SeriesReport("x", Interval.DAILY, NOW, "p", sorted(nights, key=lambda night: night.start))))


@given(st.floats(1e-3, 2.0**62))
def test_an_axis_has_a_few_round_values(top: float) -> None:
    """Whatever it measures."""
    for step in (decimal_step(top), time_step(max(top, 1.0))):
        assert step > 0
    assert 1 <= top / decimal_step(top) <= 8


def test_a_window_that_fills_is_told() -> None:
    """With the line of the nights, and how long it fits."""
    told = replace(_GOOD, forecast=Forecast(600, 60, 12.0))
    assert "fills its window in 12 days" in Reader(page(told)).text
    plot = Plot(_GOOD.days, lambda day: day.seconds, str, limits=(9_999.0,))
    assert plot.top > 9_999


def test_directories_are_counted_from_changes() -> None:
    """A file that is gone, new or other counts; of what is there, its bytes."""
    busiest, seen = Busiest(), set[bytes]()
    busiest.add(
        b"# efs-backup changes 1\n"
        b"+ ./a/b/c/new type=file mode=0644 size=10 time=1.0 inode=7\n"
        b"~ ./a/b/other type=file size=5 time=2.0 inode=8\n< type=file size=500 time=1.0\n"
        b"- ./a/gone type=file size=900 time=1.0 inode=9\n"
        b"+ ./a/b/dir type=dir mode=0755\n+ ./top type=link link=x time=1.0\n> ./x ./y\n",
        seen,
    )
    busiest.end_night(seen)
    assert busiest.most(3) == [Busy(b"a/b", 2, 15, 1), Busy(b"", 1, 0, 1), Busy(b"a", 1, 0, 1)]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 minutes"), (1500, "25 minutes"), (7200, "2 hours"), (3e5, "3 days")]
)
def test_an_age_is_told_in_one_unit(seconds: float, told: str) -> None:
    """As a person would."""
    assert age_of(seconds) == told


def test_a_hostile_name_is_no_attribute() -> None:
    """Of a square neither."""
    night = replace(_night(BackupStatus.FAILED), message=HOSTILE)
    assert "onerror" not in calendar(days_of([night], NOW))
