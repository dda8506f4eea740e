"""The facts of a series report, on a disk that may hold anything."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.series_report.data import as_data
from efs_backup.domain.series_report.facts import SeriesReport
from efs_backup.domain.series_report.page import page
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.report_facts import report_facts
from efs_backup.engine.series.series import Series
from tests.support.builders import small_tree
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.support.reading import Reader
from tests.support.warm import WarmProgram


@pytest.fixture(scope="module")
def three_nights(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Path:
    """A backup with three nights: the second and the third changed something, below names that mean harm."""
    source, backup = small_tree(tmp_path_factory.mktemp("source") / "tree"), tmp_path_factory.mktemp("backup")
    cli = Cli({**os.environ, **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}, warm_program)
    odd = source / os.fsdecode(b"<b>\xff\n") / "in"
    for content in ("", "one", "more"):
        if content:
            odd.mkdir(parents=True, exist_ok=True)
            (odd / f"{content}.txt").write_text(content * 1000)
        cli("run", source, backup)
    return backup


@pytest.fixture
def series(three_nights: Path, tmp_path: Path) -> Series:
    """The series of it, to be spoiled."""
    return _series(Path(shutil.copytree(three_nights, tmp_path / "backup", symlinks=True)))


def _series(backup: Path) -> Series:
    return Series(backup, FolderLabel("efs-backup"), Interval.DAILY, datetime.now(UTC))


def _report(series: Series) -> SeriesReport:
    records, faults = read_records(series.path)
    return report_facts(series, records, [fault.message for fault in faults])


def test_a_report_tells_of_all_nights(series: Series, cli: Cli) -> None:
    """Their sizes and durations, where most changed, and what persons have said about snapshots."""
    cli("pin", series.label_path.parent, "latest", "--reason", "the audit")
    cli("note", series.label_path.parent, "latest", "before <the> move")
    told = _report(series)
    assert [night.status for night in told.nights] == [BackupStatus.SUCCESS] * 3
    assert all(night.seconds is not None and night.size and night.snapshot for night in told.nights)
    assert told.snapshots == 3
    assert told.looked_at == 2
    assert (told.busiest[0].path, told.busiest[0].files) == (os.fsdecode(b"<b>\xff\n/in"), 2)
    assert told.busiest[0].size == 7000
    assert "the audit" in told.kept[0].pin
    assert told.kept[0].note == "before <the> move"
    assert told.lacks == ()


def test_records_that_are_gone_are_told_by_seals(series: Series) -> None:
    """When, and how much there was; not how long it took."""
    told = report_facts(series, [])
    assert [night.size is not None for night in told.nights] == [True] * 3
    assert all(night.seconds is None for night in told.nights)


def test_whatever_lies_there_a_page_is_made(series: Series) -> None:
    """Of what cannot be read it is told; nothing is waited for, and nothing is followed out of the series."""
    manifests = series.path / ".manifests"
    first, second, third = sorted(path.name.partition(".")[0] for path in manifests.glob("*.seal.json"))
    (manifests / f"{third}.changes.gz").write_bytes(b"torn")
    (manifests / f"{second}.seal.json").write_bytes(b"[" * 100_000)
    (manifests / f"{first}.seal.json").unlink()
    os.mkfifo(manifests / f"{first}.seal.json")
    (manifests / "90000101T000000Z.seal.json").write_text(json.dumps({"manifest": {"size": 1e300}}))
    (manifests / "damaged.json").unlink(missing_ok=True)
    (manifests / "damaged.json").symlink_to("/dev/zero")
    (manifests / "scrub.json").write_text("[" * 100_000)
    (series.path / ".pins").mkdir()
    os.mkfifo(series.path / ".pins" / f"{third}.pin.json")
    (series.label_path / "series.json").write_text("{")
    (series.path / ".records" / "00000000.json").write_text("{")
    told = _report(series)
    assert len(told.nights) == 3
    assert told.looked_at == 1
    words = " ".join(told.lacks)
    for word in (third, "series.json", "00000000.json", "The seal of"):
        assert word in words
    Reader(page(told))
    json.dumps(as_data(told))


def test_a_broken_clock_hides_no_night(series: Series) -> None:
    """A record of the year 9999, and one whose window is a million years, are not believed."""
    records, _ = read_records(series.path)
    odd = [
        BackupRecord.from_item({**records[0].to_item(), "BackupId": "1", "BackupStartTime": "9999-12-31T00:00:00"}),
        BackupRecord.from_item({**records[0].to_item(), "BackupId": "2", "BackupWindow": "1e300"}),
    ]
    told = report_facts(series, [*records, *odd])
    assert told.last is not None
    assert told.last.start <= told.made + timedelta(days=1)
    Reader(page(told))


def test_changes_are_not_counted_for_ever(series: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds, and of a night that is too large, the rest has to do; the page says so."""
    ticks = count(0, 15)
    told = report_facts(series, [], clock=lambda: next(ticks))
    assert (told.looked_at, "would take too long" in told.lacks[0]) == (1, True)
    monkeypatch.setattr("efs_backup.engine.series.report_facts.MOST_PACKED", 10)
    told = report_facts(series, [])
    assert (told.looked_at, "too many" in told.lacks[0]) == (0, True)


def test_the_command_writes_one_file(series: Series, cli: Cli, tmp_path: Path) -> None:
    """Whole, or not at all; in the place of the one before, and through no link."""
    other = tmp_path / "other.html"
    other.write_text("mine")
    file = tmp_path / "report.html"
    file.symlink_to(other)
    backup = series.label_path.parent
    assert cli("report", backup, "--html", file, "--json").json["verdict"] == "good"
    assert not file.is_symlink()
    assert other.read_text() == "mine"
    assert "All is well" in Reader(file.read_text()).text
    assert not [one for one in tmp_path.iterdir() if one.name.endswith(".new")]
    assert "--html FILE" in cli("report", backup, code=2).stderr
    assert "could not be written" in cli("report", backup, "--html", tmp_path / "no" / "x.html", code=1).stderr
    assert "There is no weekly series" in cli("report", backup, "--interval", "weekly", "--json", code=5).stderr


def test_drills_are_told_by_their_evidence(series: Series, cli: Cli, tmp_path: Path) -> None:
    """Those of the series; what is none of that is told, and not waited for."""
    evidence = tmp_path / "evidence"
    backup = series.label_path.parent
    cli("drill", backup, "--scratch", tmp_path / "scratch", "--evidence", evidence)
    (made,) = evidence.glob("*.json")
    (evidence / "drill-20261120T020000Z.json").write_text("{}")
    os.mkfifo(evidence / "drill-20261121T020000Z.json")
    told = cli("report", backup, "--evidence", evidence, "--json").json
    assert [(one["status"], one["different"], one["evidence"]) for one in told["drills"]] == [
        (DrillStatus.PASSED, 0, str(made))
    ]
    assert len(told["notes"]) == 2
    other = json.loads(made.read_text()) | {"label": "other"}
    made.write_text(json.dumps(other))
    assert cli("report", backup, "--evidence", evidence, "--json").json["drills"] == []
