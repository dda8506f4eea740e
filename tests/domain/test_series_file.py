"""The file in which a series knows itself."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import SeriesTooNew, SeriesTorn
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.identity import FileSystem, Mount, Place
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.series_file import SeriesFile

CREATED = datetime(2026, 11, 22, 2, tzinfo=UTC)
DISK = FileSystem("ext4", "1111", "/dev/sda1")
FILE = SeriesFile(
    "web", CREATED, Place("/srv/data", DISK, 12, "/srv"),
    (Mount("uploads", FileSystem("nfs4", "", "10.0.0.1:/uploads")),), Place("/backup", DISK, 2, "/backup"),
    (ExcludePattern("*.log"),), 240.0, {Interval.DAILY: Retention(30)},
)  # fmt: skip

_NAMES = st.text(st.characters(codec="utf-8"), max_size=9) | st.binary(max_size=9).map(
    lambda name: name.decode(errors="surrogateescape")
)
_SYSTEMS = st.builds(FileSystem, st.sampled_from(["ext4", "nfs4"]), st.sampled_from(["", "1-2"]), _NAMES)
_PLACES = st.builds(Place, _NAMES, _SYSTEMS, st.integers(0, 2**64 - 1), _NAMES)
_FILES = st.builds(
    SeriesFile, _NAMES, st.just(CREATED), st.none() | _PLACES, st.lists(st.builds(Mount, _NAMES, _SYSTEMS)).map(tuple),
    st.none() | _PLACES, st.just((ExcludePattern("a/*"),)), st.none() | st.floats(1, 9999),
    st.dictionaries(st.sampled_from(Interval), st.builds(Retention, st.integers(1, 170))),
)  # fmt: skip


@given(_FILES)
def test_what_is_written_is_read_again(file: SeriesFile) -> None:
    """Whatever bytes the names are of; and the text is UTF-8 that every reader of JSON takes."""
    text = file.to_text()
    assert SeriesFile.parse(text, "here") == file
    strict = json.loads(text, parse_constant=pytest.fail)
    assert json.dumps(strict, ensure_ascii=False).encode()


def test_what_a_later_version_added_is_kept() -> None:
    """At the top, beside the rule of an interval, and intervals that are not known yet."""
    found = json.loads(FILE.to_text())
    found["holds"] = [{"since": "2026"}]
    found["intervals"]["daily"]["keep_weekly"] = 4
    found["intervals"]["yearly"] = {"retain": 5}
    read = SeriesFile.parse(json.dumps(found), "here").with_rule(Interval.DAILY, Retention(14))
    written = json.loads(read.to_text())
    assert written["holds"] == [{"since": "2026"}]
    assert written["intervals"] == {
        "daily": {"retain": 14, "keep_weekly": 4, "carried_out": "last=30"}, "yearly": {"retain": 5},
    }  # fmt: skip


def test_rules_are_stored_so_that_the_version_before_drops_nothing_of_them() -> None:
    """That version knows the number alone, which is the most that the rules keep, and leaves the rest of the file."""
    rules = Retention(daily=30, weekly=12, within=Duration(days=14))
    file = FILE.with_rule(Interval.DAILY, rules).with_rule(Interval.WEEKLY, Retention(8))
    found = json.loads(file.to_text())["intervals"]
    assert found == {
        "daily": {"retain": 57, "rules": "daily=30,weekly=12,within=14d", "carried_out": "last=30"},
        "weekly": {"retain": 8, "carried_out": "last=8"},
    }
    assert SeriesFile.parse(file.to_text(), "here") == file
    plain = SeriesFile.parse(file.to_text(), "here").with_rule(Interval.DAILY, Retention(9))
    assert json.loads(plain.to_text())["intervals"]["daily"] == {"retain": 9, "carried_out": "last=30"}


def test_a_number_that_the_version_before_has_stored_since_is_the_rule() -> None:
    """Somebody has said it later; the rules beside it are of before."""
    found = json.loads(FILE.with_rule(Interval.DAILY, Retention(daily=30, weekly=12)).to_text())
    found["intervals"]["daily"]["retain"] = 20
    read = SeriesFile.parse(json.dumps(found), "here")
    assert read.retention == {Interval.DAILY: Retention(20)}
    assert "rules" not in json.loads(read.to_text())["intervals"]["daily"]


def test_a_rule_is_carried_out_by_a_prune_and_not_by_being_given() -> None:
    """A slip can be told from a steady rule; a file that does not say it has carried out the rule that it has."""
    older = replace(FILE, carried_out={})
    assert older.carried_out_by(Interval.DAILY) == Retention(30)
    changed = older.with_rule(Interval.DAILY, Retention(20)).with_rule(Interval.DAILY, Retention(2))
    assert changed.carried_out_by(Interval.DAILY) == Retention(30)
    assert changed.with_carried_out(Interval.DAILY, Retention(2)).carried_out_by(Interval.DAILY) == Retention(2)
    assert older.carried_out_by(Interval.HOURLY) is None


def test_a_newer_format_is_refused_with_a_sentence() -> None:
    """Nobody here can know what a newer format means."""
    with pytest.raises(SeriesTooNew, match="has the format 2, and this version knows 1 only"):
        SeriesFile.parse('{"format": 2, "anything": {}}', "here")


def _with(**changed: object) -> str:
    return json.dumps({**json.loads(FILE.to_text()), **changed})


@pytest.mark.parametrize(
    "text",
    [
        "", "\0" * 300, "[]", "5", "null", '"x"', "{", FILE.to_text()[:100], "{}", '{"format": 1}', "[" * 100_000,
        _with(format="1"), _with(format=True), _with(created="yesterday"), _with(created=5), _with(source=[]),
        _with(source={"path": "/x"}), _with(source="/x"), _with(mounts={"a": 1}), _with(mounts=["a"]),
        _with(excludes="*.log"), _with(excludes=["["]), _with(excludes=[5]), _with(window_minutes="60"),
        _with(window_minutes=0), _with(window_minutes=float("nan")), _with(intervals=[]), _with(intervals={"daily": 7}),
        _with(intervals={"daily": {"retain": 0}}), _with(intervals={"daily": {"retain": 171}}),
        _with(intervals={"daily": {"retain": "7"}}), _with(intervals={"daily": {"retain": True}}), _with(label=None),
        _with(intervals={"daily": {"retain": 7, "rules": "fortnightly=1"}}),
        _with(intervals={"daily": {"retain": 7, "rules": 5}}),
        _with(intervals={"daily": {"retain": 7, "carried_out": "x"}}),
        _with(label={"base64": "?"}),
    ],
)  # fmt: skip
def test_a_torn_or_odd_file_is_named_with_the_way_to_mend_it(text: str) -> None:
    """Never another error, and never a rule that nobody has set."""
    with pytest.raises(SeriesTorn, match="'here'") as raised:
        SeriesFile.parse(text, "here")
    assert "remove it" in raised.value.next_step


def test_what_a_person_took_out_is_not_known() -> None:
    """The source, for example, to have the next backup write its own."""
    found = json.loads(FILE.to_text())
    for name in ("source", "mounts", "backup", "excludes", "window_minutes"):
        del found[name]
    read = SeriesFile.parse(json.dumps(found), "here")
    assert (read.source, read.mounts, read.backup, read.excludes, read.window_minutes) == (None, (), None, (), None)
    assert read.retention == {Interval.DAILY: Retention(30)}
