"""Holds on a backup file system, whatever lies in their place, and prunes that obey them."""

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efs_backup.domain.errors import BackupError
from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.hold import Cause, Hold, Torn
from efs_backup.domain.snapshots.names import HOLD_NAME, FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.scrubbing import ScrubRule
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.series.hold import By, hold, hold_all, label_hold, release, undisturbed
from efs_backup.engine.series.protected import protected
from efs_backup.engine.series.prune import plan_pruning, prune
from efs_backup.engine.series.series import Series, Snapshot
from tests.support.builders import write
from tests.support.watchers import Quiet

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ME = By("me on here", NOW, "a test")


def _series(backup: Path, interval: Interval = Interval.DAILY, days: int = 6) -> Series:
    """A series with a snapshot of each of the last days, none of them with anything in it."""
    series = Series(backup, FolderLabel("web"), interval, NOW)
    for day in range(1, days + 1):
        (series.path / _name(day)).mkdir(parents=True)
    return series


def _name(days_ago: int) -> str:
    return str(SnapshotName.of(NOW - timedelta(days=days_ago)))


def _cause(days_ago: int, at: datetime = NOW) -> Cause:
    return Cause(SnapshotName.of(NOW - timedelta(days=days_ago)), "much", "tripwire", at, 0.6)


def _names(series: Series) -> list[str]:
    return [str(one.name) for one in series.snapshots()]


def _prune(series: Series, count: int) -> list[str]:
    pruned = prune(series, Retention(count), lambda: False)
    assert pruned.warnings == ()
    return [*map(str, pruned.dropped)]


@pytest.fixture
def daily(backup: Path) -> Series:
    """Six days."""
    return _series(backup)


def _protected(series: Series) -> dict[SnapshotName, str]:
    return protected(series, [one.name for one in series.snapshots()])


def test_nothing_older_is_dropped_and_what_is_newer_rotates(daily: Series) -> None:
    """By a prune of any kind; and its plan says so."""
    hold(daily, _cause(3))
    assert [*map(str, _protected(daily))] == [_name(4), _name(5), _name(6)]
    assert [*map(str, plan_pruning(daily, Retention(1)).drop)] == [_name(2), _name(3)]
    assert _prune(daily, 1) == [_name(2), _name(3)]
    assert _names(daily) == [_name(1), _name(4), _name(5), _name(6)]
    release(daily, ME)
    assert _prune(daily, 1) == [_name(4), _name(5), _name(6)]


def test_a_hold_of_one_series_protects_those_of_all_its_label(backup: Path, daily: Series) -> None:
    """The weekly one must not lose what is good because only the daily one has seen the change; others are free."""
    weekly = _series(backup, Interval.WEEKLY)
    hold(daily, _cause(3))
    assert _prune(weekly, 1) == [_name(2), _name(3)]
    other = Series(backup, FolderLabel("mail"), Interval.DAILY, NOW)
    (other.path / _name(5)).mkdir(parents=True)
    assert _protected(other) == {}


def test_a_second_mass_change_holds_what_is_older_than_that(daily: Series) -> None:
    """The first may have been meant, and nobody has said so yet; it still counts from when it began."""
    hold(daily, _cause(4, NOW - timedelta(days=4)))
    hold(daily, _cause(2))
    found = label_hold(daily.label_path).holds[Interval.DAILY]
    assert isinstance(found, Hold)
    assert (str(found.since), found.began) == (_name(2), NOW - timedelta(days=4))
    assert _prune(daily, 1) == [_name(2)]


def test_a_person_holds_all_that_is_there(backup: Path, daily: Series) -> None:
    """The newest too, in every series."""
    weekly = _series(backup, Interval.WEEKLY, 9)
    cause = hold_all(daily, ME)
    assert len(cause.protects) == 9
    assert _prune(daily, 1) == _prune(weekly, 1) == []
    tomorrow = Series(backup, daily.label, Interval.DAILY, NOW + timedelta(days=1))
    for seconds in (5, 6):
        (daily.path / str(SnapshotName.of(NOW + timedelta(seconds=seconds)))).mkdir()
    assert len(_prune(tomorrow, 1)) == 1


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _symlink(path: Path) -> None:
    path.with_name("elsewhere").write_text(Hold(_cause(3)).to_text())
    path.symlink_to("elsewhere")


def _huge(path: Path) -> None:
    with path.open("w") as file:
        file.write(Hold(_cause(3)).to_text())
        file.truncate(2**40)


def _torn(path: Path) -> None:
    path.write_text(Hold(_cause(3)).to_text()[:40])


def _empty(path: Path) -> None:
    path.touch()


def _directory(path: Path) -> None:
    (path / "full").mkdir(parents=True)


def _bytes(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize("put", [_fifo, _symlink, _huge, _torn, _empty, _directory, _bytes])
def test_whatever_lies_in_the_place_of_a_hold_holds_everything_and_is_named(
    daily: Series, put: Callable[[Path], None]
) -> None:
    """Nobody waits for a FIFO, follows a symlink, or reads a terabyte; a release takes it away, a hold replaces it."""
    path = daily.path / HOLD_NAME
    put(path)
    found = label_hold(daily.label_path)
    assert isinstance(found.holds[Interval.DAILY], Torn)
    assert _prune(daily, 1) == []
    pruned = prune(daily, Retention(1), lambda: False)
    assert str(path) in [one.path for one in pruned.hold.torn]
    assert daily.foreign() == (["elsewhere"] if put is _symlink else [])
    release(daily, ME)
    assert label_hold(daily.label_path).holds == {}
    put(path) if put is not _symlink else None
    hold(daily, _cause(3))
    assert isinstance(label_hold(daily.label_path).holds[Interval.DAILY], Hold)


def test_what_a_killed_writer_has_left_is_in_nobodys_way(daily: Series) -> None:
    """And is nothing foreign."""
    (daily.path / f"{HOLD_NAME}.new" / "full").mkdir(parents=True)
    hold(daily, _cause(3))
    assert isinstance(label_hold(daily.label_path).holds[Interval.DAILY], Hold)
    assert daily.foreign() == []


def test_a_series_that_is_a_symlink_has_no_hold(backup: Path, daily: Series, tmp_path: Path) -> None:
    """Nothing is read through it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / HOLD_NAME).write_text(Hold(_cause(3)).to_text())
    (daily.label_path / "weekly").symlink_to(tmp_path / "elsewhere")
    (daily.label_path / "monthly").touch()
    assert label_hold(daily.label_path).holds == {}
    assert label_hold(backup / "nothing").holds == {}


def test_nothing_is_released_through_a_symlink(backup: Path, daily: Series) -> None:
    """The label may lead anywhere."""
    hold(daily, _cause(3))
    (backup / "other").symlink_to(daily.label_path)
    with pytest.raises(BackupError, match="symlink"):
        release(Series(backup, FolderLabel("other"), Interval.DAILY, NOW), ME)
    assert label_hold(daily.label_path).holds


def test_who_holds_waits_for_a_prune_that_has_begun_to_drop(daily: Series) -> None:
    """A hold is obeyed from its return on: what is there by then stays."""
    done = threading.Event()

    def hold_now() -> None:
        hold(daily, _cause(1))
        done.set()

    with undisturbed(daily.label_path):
        waiting = threading.Thread(target=hold_now)
        waiting.start()
        assert not done.wait(0.1)
    waiting.join(10)
    assert done.is_set()


def test_who_holds_all_is_told_no_snapshot_that_a_prune_drops_meanwhile(daily: Series) -> None:
    """The snapshots are looked at when the prune that has begun is done."""
    causes, label = list[Cause](), daily.label_path
    waiting = threading.Thread(target=lambda: causes.append(hold_all(daily, ME)))
    with undisturbed(label):
        waiting.start()
        waiting.join(0.1)
        (daily.path / _name(6)).rmdir()
    waiting.join(10)
    assert causes[0].protects == tuple(_name(day) for day in (5, 4, 3, 2, 1))


def test_a_hold_that_cannot_be_written_is_an_error(daily: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever publishes a mass change without it would have it dropped one night later."""
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(BackupError, match="full"):
        hold(daily, _cause(3))


def test_on_a_full_disk_it_can_be_released_and_pruned(daily: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there is no room for a lock, nor for a word to the next seal: a hold may be what has filled it."""
    hold(daily, _cause(3))
    monkeypatch.setattr(Manifests, "note_act", _full)
    monkeypatch.setattr("efs_backup.engine.series.hold.alone", _full)
    release(daily, ME)
    assert len(_prune(daily, 1)) == 5


def test_who_releases_on_a_full_disk_hears_that_no_seal_tells_it(
    daily: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an audit will miss the hold; where there is room nothing is said."""
    notes = list[str]()
    for is_full in (False, True):
        hold(daily, _cause(3))
        if is_full:
            monkeypatch.setattr(Manifests, "note_act", _full)
        release(daily, ME, note=notes.append)
    (note,) = notes
    assert "no seal of the daily series tells of this release" in note
    assert "HoldMissing" in note


def test_who_cannot_hold_on_a_full_disk_is_not_told_to_prune(daily: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prune drops what was to be kept; and it is said that nothing is held."""
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(BackupError, match="Nothing more is held than before") as caught:
        hold_all(daily, ME)
    assert "by something else than `efs-backup prune`" in caught.value.next_step


def _full(*_arguments: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_next_seal_tells_who_held_and_who_released(daily: Series) -> None:
    """And nothing else that lies there."""
    hold(daily, _cause(3))
    manifests = Manifests(daily.path)
    (manifests.path / "act-0.json").write_text("{}")
    os.mkfifo(manifests.path / "act-1.json")
    release(daily, By("ann", NOW + timedelta(hours=1), "it was\na release"))
    told = [(one.act, one.by, one.reason, one.snapshot) for one in manifests.acts().values()]
    assert told == [("hold", "tripwire", "much", _name(3)), ("release", "ann", "it was a release", _name(3))]


def test_one_hold_alone_can_be_released(backup: Path, daily: Series) -> None:
    """By its series; and twice is once."""
    weekly = _series(backup, Interval.WEEKLY)
    hold(daily, _cause(3))
    hold(weekly, _cause(2))
    assert [*release(daily, ME, interval=Interval.WEEKLY).holds] == [Interval.WEEKLY]
    assert [*label_hold(daily.label_path).holds] == [Interval.DAILY]
    release(daily, ME)
    assert release(daily, ME).holds == {}


def test_the_file_says_what_an_operator_wants_to_know(daily: Series) -> None:
    """In JSON, by keys that stay."""
    hold(daily, _cause(3))
    value = json.loads((daily.path / HOLD_NAME).read_text())
    assert {"since", "reason", "share", "protects", "by"} < {*value}


def test_the_hold_is_there_before_the_snapshot(
    source: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut in between leaves a hold too many; the next backup is compared with the same snapshot again.

    Who releases while it runs has not seen what it holds for: that night drops nothing all the same.
    """
    for number in range(210):
        write(source / f"file {number}", "before")
    first = _run(source, backup)
    for number in range(210):
        write(source / f"file {number}", "after")
    with monkeypatch.context() as patch:
        patch.setattr(Series, "publish", _no_publish)
        assert _run(source, backup).status is BackupStatus.FAILED
    series = Series(backup, FolderLabel("web"), Interval.DAILY, NOW)
    assert [*_protected(series)] == _names_of(series) == [first.snapshot]
    publish = Series.publish

    def released_meanwhile(series: Series, name: SnapshotName) -> Snapshot:
        release(series, By("somebody", datetime.now(UTC), "an older one was meant"))
        return publish(series, name)

    monkeypatch.setattr(Series, "publish", released_meanwhile)
    again = _run(source, backup)
    assert again.hold is None
    assert _names_of(series) == [again.snapshot, first.snapshot]
    assert again.status is BackupStatus.SUCCESS
    assert again.verdict
    assert again.verdict.trips


def _names_of(series: Series) -> list[SnapshotName]:
    return [one.name for one in series.snapshots()]


def _run(source: Path, backup: Path) -> BackupResult:
    asked = Asked(Retention(1), init=True)
    request = BackupRequest(
        str(source), str(backup), FolderLabel("web"), Interval.DAILY, asked=asked, scrub=ScrubRule(0)
    )
    runner, stop = Runner.with_new_family(), Stop(Window())
    return BackupRun(request, now=datetime.now(UTC), runner=runner, stop=stop, watcher=Quiet()).run()


def _no_publish(_series: Series, _name: SnapshotName) -> Snapshot:
    raise OSError(5, "Input/output error")
