"""Words for a time and for a snapshot."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.selection import Selection, Words
from efs_backup.domain.snapshots.when import Edge, Reading, read_iso, read_time

BERLIN = Reading(datetime(2026, 11, 26, 9, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
KIRITIMATI = Reading(BERLIN.now, ZoneInfo("Pacific/Kiritimati"))
HAVANA = Reading(BERLIN.now, ZoneInfo("America/Havana"))
SNAPSHOTS = [SnapshotName.of(datetime(2026, 11, day, 2, tzinfo=UTC)) for day in (26, 25, 24, 21)]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-11-26T09:30:00"),
        ("today", "2026-11-26T22:59:59"),
        ("yesterday", "2026-11-25T22:59:59"),
        ("  Yesterday  18:00 ", "2026-11-25T17:00:00"),
        ("yesterday at 8:05:07", "2026-11-25T07:05:07"),
        ("yesterday 18:00 UTC", "2026-11-25T18:00:00"),
        ("yesterday 18:00 +05:30", "2026-11-25T12:30:00"),
        ("2 days ago", "2026-11-24T09:30:00"),
        ("a week ago", "2026-11-19T09:30:00"),
        ("1 month ago", "2026-10-26T09:30:00"),
        ("3 months ago", "2026-08-26T08:30:00"),
        ("36h", "2026-11-24T21:30:00"),
        ("90 minutes ago", "2026-11-26T08:00:00"),
        ("an hour ago", "2026-11-26T08:30:00"),
        ("3d", "2026-11-23T09:30:00"),
        ("2w ago", "2026-11-12T09:30:00"),
        ("1y2m", "2025-09-26T08:30:00"),
        ("2026-11-22", "2026-11-22T22:59:59"),
        ("20261122", "2026-11-22T22:59:59"),
        ("2026-W47-7", "2026-11-22T22:59:59"),
        ("2026-11-22 UTC", "2026-11-22T23:59:59"),
        ("2026-11-22T18:00", "2026-11-22T17:00:00"),
        ("2026-11-22 18:00:30 +0200", "2026-11-22T16:00:30"),
        ("2026-07-01 18:00", "2026-07-01T16:00:00"),
        ("2026-11-22T02:00:00.5Z", "2026-11-22T02:00:00"),
        ("20261122T020000Z", "2026-11-22T02:00:00"),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, meant: str) -> None:
    """In the local zone, if none is said; a day without a time is its end."""
    assert _utc(read_time(text, BERLIN)) == meant


@pytest.mark.parametrize(
    ("reading", "text", "start", "end"),
    [
        (KIRITIMATI, "today", "2026-11-25T10:00:00", "2026-11-26T09:59:59"),
        (BERLIN, "2025-10-26", "2025-10-25T22:00:00", "2025-10-26T22:59:59"),
        (BERLIN, "2025-03-30", "2025-03-29T23:00:00", "2025-03-30T21:59:59"),
        (BERLIN, "2025-10-26 02:30", "2025-10-26T00:30:00", "2025-10-26T01:30:00"),
        (BERLIN, "2025-03-30 02:30", "2025-03-30T00:30:00", "2025-03-30T01:30:00"),
        (HAVANA, "2024-03-10", "2024-03-10T05:00:00", "2024-03-11T03:59:59"),
        (HAVANA, "2024-11-03", "2024-11-03T04:00:00", "2024-11-04T04:59:59"),
        (HAVANA, "2024-11-02", "2024-11-02T04:00:00", "2024-11-03T03:59:59"),
    ],
)
def test_a_day_is_whole_where_the_clocks_change(reading: Reading, text: str, start: str, end: str) -> None:
    """A time that is shown twice, or never, is the later one for an end, and the earlier one for a start.

    The days are of years that have passed: what a country decides for the next ones changes with its time zone data.
    """
    assert [_utc(read_time(text, reading, edge)) for edge in (Edge.START, Edge.END)] == [start, end]


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.sampled_from([BERLIN, KIRITIMATI, HAVANA]))
def test_a_day_ends_just_before_the_next_one_begins(day: date, reading: Reading) -> None:
    """Whatever the clocks do in between, nothing belongs to both or to none."""
    following = read_time(str(day + timedelta(days=1)), reading, Edge.START)
    assert read_time(str(day), reading) == following - timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "in 3 days", "2026-02-30", "2026-11-22 25:00", "18:00", "10", "days ago", "3 days", "yesterday 18",
     "3x", "2026-11-22T18:00+99:99", "\udcff", "٣ days ago", "9" * 5000, "tomorrow", "-3d"],
)  # fmt: skip
def test_nonsense_is_no_time(text: str) -> None:
    """Nonsense is refused, never guessed at."""
    with pytest.raises(WrongUsage, match="is no time"):
        read_time(text, BERLIN)


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01 00:00 +14:00"])
def test_a_time_beyond_all_times_is_refused(text: str) -> None:
    """By a sentence."""
    with pytest.raises(WrongUsage, match="too far"):
        read_time(text, BERLIN)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """By the one exception that has a name."""
    with suppress(WrongUsage):
        assert read_time(text, BERLIN).tzinfo


def test_a_stack_reads_utc() -> None:
    """Without an offset; words that need a moment to count from are refused."""
    assert _utc(read_iso("2026-11-22T02:00")) == "2026-11-22T02:00:00"
    assert _utc(read_iso("2026-11-22")) == "2026-11-22T23:59:59"
    for text in ("yesterday", "9999-12-31"):
        with pytest.raises(WrongUsage):
            read_iso(text)


def test_a_time_is_shown_with_its_zone() -> None:
    """The name and the offset, for one name may mean several."""
    assert BERLIN.shown(read_time("yesterday", BERLIN)) == "2026-11-25 23:59:59 CET (UTC+01:00)"
    assert Reading(BERLIN.now).shown(BERLIN.now) == "2026-11-26 09:30:00 UTC"
    assert KIRITIMATI.shown(datetime.max.replace(tzinfo=UTC)).startswith("9999-12-31 23:59:59 UTC")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3", SNAPSHOTS[3]), ("daily.1", SNAPSHOTS[1]), ("weekly.0", SNAPSHOTS[2]), ("latest", SNAPSHOTS[0]),
        ("Latest", SNAPSHOTS[0]), ("20261124T020000Z", SNAPSHOTS[2]), ("20261121", SNAPSHOTS[3]),
        ("20261125T0", SNAPSHOTS[1]), ("yesterday", SNAPSHOTS[1]), ("2026-11-23", SNAPSHOTS[3]),
        ("2026-11-25 02:59:59", SNAPSHOTS[2]), ("2 days ago", SNAPSHOTS[2]),
    ],
)  # fmt: skip
def test_the_words_for_a_snapshot(text: str, meant: SnapshotName) -> None:
    """A number, a view, a name or its beginning, the newest, or a time."""
    words = Words(Interval.DAILY, BERLIN, {"weekly.0": SNAPSHOTS[2]})
    assert words.selection(text).choose(SNAPSHOTS) == meant


@pytest.mark.parametrize("text", ["", "x", "weekly.7", "daily.", "daily.-1", "-1", "../..", "2026-11", "snapshot"])
def test_what_is_no_word_for_a_snapshot_is_refused(text: str) -> None:
    """With all the words that there are."""
    with pytest.raises(WrongUsage, match=r"is no snapshot; one is a backup number .*yesterday"):
        Words(Interval.DAILY, BERLIN).selection(text)


def test_since_is_a_snapshot_or_the_start_of_a_day() -> None:
    """Also a snapshot that is gone; what is said to be since a day has that day in it."""
    words = Words(Interval.DAILY, BERLIN)
    since = {text: str(words.since(text, SNAPSHOTS)) for text in ("1", "20200101T000000Z", "yesterday", "3d", "latest")}
    assert since == {
        "1": "20261125T020000Z", "20200101T000000Z": "20200101T000000Z", "yesterday": "20261124T230000Z",
        "3d": "20261123T093000Z", "latest": "20261126T020000Z",
    }  # fmt: skip
    assert str(words.since("0500-01-01", SNAPSHOTS)) == "10000101T000000Z"
    with pytest.raises(WrongUsage):
        words.since("soon", SNAPSHOTS)
    with pytest.raises(NothingThere):
        words.since("9", SNAPSHOTS)


def test_a_beginning_that_several_snapshots_have_is_refused_by_their_names() -> None:
    """For one of them is meant, and nobody knows which."""
    with pytest.raises(WrongUsage, match="3 snapshots: 20261126T020000Z, 20261125T020000Z, 20261124T020000Z"):
        Selection(name="2026112").choose(SNAPSHOTS[:3])
