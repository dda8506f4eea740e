"""The partial in which a backup begins: a spare, what another backup has left, or a new one; and what is believed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.series.flush_marks import ALL, NOTHING, FlushMark
from efs_backup.engine.series.partial import Partial, begin_partial
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.spare import Spare
from tests.engine.crashes import each_crash
from tests.engine.spared import a_series, name_of
from tests.support.builders import write
from tests.support.mounts import Mounts

NEW, OLD, OLDER = name_of(0), name_of(1), name_of(2)


@pytest.fixture
def series(backup: Path) -> Series:
    """One published snapshot."""
    return a_series(backup, 9)


def _begin(series: Series, name: SnapshotName = NEW, *, is_empty: bool = False, keeps_spare: bool = True) -> Partial:
    return begin_partial(series, name, is_empty=is_empty, keeps_spare=keeps_spare)


def _left(series: Series, name: SnapshotName, until: int | None = NOTHING) -> Path:
    """A partial that a backup has left, with a mark unless nothing is on the disk; its file."""
    file = write(series.create_partial(name) / "file", str(name))
    if until != NOTHING:
        FlushMark(series.path, name).write(until)
    return file


def _spare(series: Series) -> Path:
    """A spare; its file."""
    write(series.path / str(OLDER) / "file", "spare")
    assert Spare(series).keep(Snapshot(OLDER, series.path / str(OLDER)))
    return series.path / f".spare-{OLDER}" / "file"


def _marks(series: Series) -> list[str]:
    return sorted(name for name in os.listdir(series.path) if name.startswith((".flushed-", ".spare-")))


def _ctime(path: Path) -> int:
    return path.stat().st_ctime_ns


def _tick() -> None:
    """Wait until the file system's clock has gone on."""
    time.sleep(0.02)


def test_without_anything_it_begins_with_an_empty_one(series: Series) -> None:
    """Of which nothing is on the disk."""
    partial = _begin(series)
    assert (partial.path, partial.trusted_until_ns, partial.notes) == (series.partial_path(NEW), ALL, ())
    assert os.listdir(partial.path) == []
    assert FlushMark(series.path, NEW).until_ns() == NOTHING
    assert _marks(series) == []


def _begins_in_place_and_is_believed(series: Series, before: int, inode: int) -> None:
    """All that was there is believed; the mark lies between it, of this ctime and inode, and what is made now."""
    _tick()
    partial = _begin(series)
    _tick()
    made = write(partial.path / "made")
    assert (partial.path / "file").stat().st_ino == inode
    assert partial.trusted_until_ns is ALL
    until = FlushMark(series.path, NEW).until_ns()
    assert until is not None
    assert before < until < _ctime(made)


def test_a_spare_becomes_the_partial_and_is_believed(series: Series) -> None:
    """Files that this backup makes in it are newer than the mark, so that the next one believes none before a flush."""
    spare = _spare(series)
    before, inode = _ctime(spare), spare.stat().st_ino
    _begins_in_place_and_is_believed(series, before, inode)
    assert _marks(series) == [f".flushed-{NEW}"]


def test_a_partial_that_was_flushed_is_continued_in_place_and_believed(series: Series) -> None:
    """A flushed partial is renamed; its old mark is gone, and what comes next is newer than the mark in its place."""
    file = _left(series, OLD, ALL)
    before, inode = _ctime(file), file.stat().st_ino
    _begins_in_place_and_is_believed(series, before, inode)
    assert (_marks(series), [one.name for one in series.partials()]) == ([f".flushed-{NEW}"], [NEW])


@pytest.mark.parametrize("until", [NOTHING, 12345])
def test_a_partial_of_a_killed_backup_is_continued_and_believed_as_far_as_it_was_flushed(
    series: Series, until: int
) -> None:
    """And no further in the backup after this one, should that be killed, too."""
    _left(series, OLD, until)
    partial = _begin(series)
    assert partial.trusted_until_ns == until
    assert FlushMark(series.path, NEW).until_ns() == until
    assert [note[:40] for note in partial.notes] == (["A partial of a killed backup may not hav"] * (until == NOTHING))
    assert _marks(series) == [f".flushed-{NEW}"]


@pytest.mark.parametrize("until", [NOTHING, 12345, ALL])
def test_a_partial_of_the_same_name_is_continued(series: Series, until: int | None) -> None:
    """A clock that stands still gives the same name again."""
    file = _left(series, NEW, until)
    partial = _begin(series)
    assert (partial.path / "file").samefile(file)
    assert partial.trusted_until_ns == until
    stored = FlushMark(series.path, NEW).until_ns()
    assert stored == until if until is not ALL else stored


def test_a_left_partial_comes_before_the_spare(series: Series) -> None:
    """The spare waits for the next one."""
    _spare(series)
    _left(series, OLD, ALL)
    partial = _begin(series)
    assert (partial.path / "file").read_text() == str(OLD)
    assert Spare(series).discard(but_marked=True)[0]


def test_of_several_partials_the_newest_is_continued_and_the_others_are_deleted_at_once(series: Series) -> None:
    """A file that only two of them share must not look like one that a snapshot has, too."""
    newest, older = _left(series, OLD), _left(series, OLDER, ALL)
    os.link(newest, older.parent / "shared")
    partial = _begin(series)
    assert partial.notes[0] == "1 older partial went to the trash."
    assert (partial.path / "file").read_text() == str(OLD)
    assert (partial.path / "file").stat().st_nlink == 1
    assert os.listdir(series.trash) == []
    assert [one.name for one in series.partials()] == [NEW]


def test_a_partial_in_which_something_is_mounted_is_not_continued(series: Series, mounts: Mounts) -> None:
    """An older one is, and what is mounted stays where it is."""
    _left(series, OLDER, ALL)
    mounted = mounts.memory(_left(series, OLD).with_name("mounted"))
    write(mounted / "file", "somebody's")
    partial = _begin(series)
    assert (partial.path / "file").read_text() == str(OLDER)
    assert (mounted / "file").read_text() == "somebody's"
    assert sorted(one.name for one in series.partials()) == [OLD, NEW]
    assert partial.notes == ()


def test_stock_tools_begin_with_nothing(series: Series) -> None:
    """Partials of former nights go, and the spare stays for another night."""
    _spare(series)
    _left(series, OLD, ALL)
    _left(series, OLDER)
    partial = _begin(series, is_empty=True)
    assert os.listdir(partial.path) == []
    assert partial.notes == ("2 older partials went to the trash.",)
    assert FlushMark(series.path, NEW).until_ns() == NOTHING
    assert Spare(series).discard(but_marked=True)[0]


def test_who_wants_no_spare_does_not_use_one(series: Series) -> None:
    """A spare that nobody wants goes to the trash."""
    _spare(series)
    partial = _begin(series, keeps_spare=False)
    assert os.listdir(partial.path) == []
    assert series.spares() == []
    assert os.listdir(series.trash) == [f"spare-{OLDER}"]


def test_a_symlink_that_is_named_like_a_partial_is_not_continued(series: Series, tmp_path: Path) -> None:
    """A symlink's target stays as it is."""
    outside = tmp_path / "outside"
    write(outside / "file")
    (series.path / f".partial-{OLD}").symlink_to(outside)
    partial = _begin(series)
    assert not partial.path.is_symlink()
    assert os.listdir(partial.path) == []
    assert os.listdir(outside) == ["file"]


def _case_of_spare(series: Series) -> None:
    _spare(series)


def _case_of_flushed(series: Series) -> None:
    _left(series, OLD, ALL)


def _case_of_killed(series: Series) -> None:
    _left(series, OLD)
    _left(series, OLDER, ALL)


@pytest.mark.parametrize(
    ("prepare", "is_believed"), [(_case_of_spare, True), (_case_of_flushed, True), (_case_of_killed, False)]
)
def test_after_a_crash_at_any_step_no_more_is_believed_than_was_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Series], None], is_believed: bool
) -> None:
    """And no less: what is on the disk is not copied again. What the crashed backup made after it is not believed."""
    made = dict[int, Series]()

    def begin(case: int) -> Callable[[], object]:
        made[case] = a_series(tmp_path / str(case), 9)
        prepare(made[case])
        _tick()
        return lambda: _begin(made[case])

    crashes = 0
    for case in each_crash(monkeypatch, begin):
        series, crashes = made[case], crashes + 1
        _tick()
        young = [write(partial.path / "young") for partial in series.partials() if partial.name == NEW]
        partial = _begin(series, name_of(-1))
        until = partial.trusted_until_ns
        old = _ctime(partial.path / "file")
        assert (until is ALL or old < until) == is_believed
        for file in young:
            assert (partial.path / file.name).exists()
            assert until is not ALL
            assert _ctime(partial.path / file.name) >= until
        assert [one.name for one in series.partials()] == [name_of(-1)]
        assert [one.path.name for one in series.snapshots()] == [str(name_of(9))]
    assert crashes >= 2
