"""The spare: how a dropped snapshot becomes it, and how it becomes the next partial."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.pruning import PruneTerms
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.prune import prune
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.spare import Spare
from tests.engine.crashes import each_crash
from tests.engine.spared import a_series, name_of
from tests.support.builders import account, write
from tests.support.mounts import Mounts


def _drop(series: Series, day: int = 3) -> bool:
    return Spare(series).keep(Snapshot(name_of(day), series.path / str(name_of(day))))


def _names(series: Series) -> list[str]:
    return sorted(os.listdir(series.path))


def test_a_dropped_snapshot_becomes_the_spare_by_a_rename(series: Series) -> None:
    """A spare is no snapshot any more, nobody else may look into it, and a mark says of which it was."""
    inode = (series.path / str(name_of(3)) / "directory/file").stat().st_ino
    assert _drop(series)
    spare = Spare(series).discard(but_marked=True)[0]
    assert spare == Snapshot(name_of(3), series.path / f".spare-{name_of(3)}")
    assert [one.name for one in series.snapshots()] == [name_of(1), name_of(2)]
    assert (spare.path / "directory/file").stat().st_ino == inode
    assert spare.path.stat().st_mode & 0o777 == 0o700
    mark = json.loads((series.path / f".spare-{name_of(3)}.json").read_text())
    assert (mark["snapshot"], mark["is_flushed"]) == (str(name_of(3)), True)
    assert series.foreign() == []


def test_there_is_never_more_than_one(series: Series) -> None:
    """A second snapshot that is dropped goes where all go."""
    assert _drop(series)
    assert not _drop(series, 2)
    assert [one.name for one in series.snapshots()] == [name_of(1), name_of(2)]
    assert [one.name for one in series.spares()] == [name_of(3)]


def test_the_spare_becomes_the_partial(series: Series) -> None:
    """By a rename, and no mark of it stays."""
    _drop(series)
    spare = Spare(series).discard(but_marked=True)[0]
    assert spare
    partial = Spare(series).become(spare, name_of(0))
    assert partial == series.partial_path(name_of(0))
    assert (partial / "directory/file").read_text() == "of 3 days ago"
    assert [name for name in _names(series) if name.startswith(".spare")] == []
    assert Spare(series).discard(but_marked=True)[0] is None


def _no_mark(mark: Path) -> None:
    mark.unlink()


def _says(**fields: object) -> Callable[[Path], None]:
    def change(mark: Path) -> None:
        mark.write_text(json.dumps({**json.loads(mark.read_text()), **fields}))

    return change


def _torn(mark: Path) -> None:
    mark.write_text(mark.read_text()[:-5])


def _list(mark: Path) -> None:
    mark.write_text("[1]")


@pytest.mark.parametrize(
    "spoil",
    [
        _no_mark, _torn, _list, _says(is_flushed=False), _says(format=2), _says(snapshot="20261101T020000Z"),
        lambda mark: os.truncate(mark, 0),
    ],
)  # fmt: skip
def test_a_spare_without_a_mark_that_is_right_goes_to_the_trash(series: Series, spoil: Callable[[Path], None]) -> None:
    """A tree without its mark may be anything, and was perhaps never on the disk; a marked one stays if wanted."""
    _drop(series)
    spare = Spare(series)
    assert spare.discard(but_marked=True)[0]
    spoil(series.path / f".spare-{name_of(3)}.json")
    assert spare.discard(but_marked=True)[0] is None
    assert series.spares() == []
    assert os.listdir(series.trash) == [f"spare-{name_of(3)}"]


def test_a_symlink_that_is_named_like_a_spare_is_none(series: Series, tmp_path: Path) -> None:
    """Not even with a mark: what it leads to is neither moved nor changed, and the snapshot stays a snapshot."""
    outside = tmp_path / "outside"
    write(outside / "file")
    outside.chmod(0o755)
    link = series.path / f".spare-{name_of(3)}"
    link.symlink_to(outside)
    before = account(outside), outside.stat().st_ctime_ns
    mark = series.path / f".spare-{name_of(3)}.json"
    mark.write_text(json.dumps({"format": 1, "snapshot": str(name_of(3)), "is_flushed": True, "version": "1"}))
    spare = Spare(series)
    assert spare.discard(but_marked=True)[0] is None
    spare.discard()
    assert not _drop(series)
    assert link.is_symlink()
    assert (account(outside), outside.stat().st_ctime_ns) == before
    assert name_of(3) in [one.name for one in series.snapshots()]


@pytest.mark.parametrize("obstacle", ["file", "mount"])
def test_a_snapshot_that_cannot_become_the_spare_stays_as_it_is(series: Series, mounts: Mounts, obstacle: str) -> None:
    """No mode of it is changed, and there is no mark."""
    snapshot = series.path / str(name_of(3))
    if obstacle == "file":
        (series.path / f".spare-{name_of(3)}").touch()
    else:
        mounts.memory(snapshot / "directory")
    before = snapshot.stat()
    assert not _drop(series)
    after = snapshot.stat()
    assert (after.st_mode, after.st_ctime_ns, after.st_mtime_ns) == (
        before.st_mode, before.st_ctime_ns, before.st_mtime_ns,
    )  # fmt: skip
    assert not (series.path / f".spare-{name_of(3)}.json").exists()


def test_a_spare_in_which_something_is_mounted_is_not_used(series: Series, mounts: Mounts) -> None:
    """Nor is it moved; what is mounted stays as it is."""
    _drop(series)
    mounted = mounts.memory(series.path / f".spare-{name_of(3)}" / "directory")
    write(mounted / "file")
    spare = Spare(series)
    assert spare.discard(but_marked=True)[0] is None
    spare.discard()
    assert (mounted / "file").read_text() == "text"


def test_a_full_disk_that_has_no_room_for_the_mark_lets_the_snapshot_go(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pruning goes on without a spare."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert not _drop(series)
        pruned = prune(series, Retention(2), lambda: False, keeps_spare=True)
    assert pruned.dropped == (name_of(3),)
    assert [name for name in _names(series) if "spare" in name and not name.endswith(".new")] == []


def test_a_crash_while_a_spare_is_kept_leaves_a_snapshot_or_a_spare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its mark and all its content; of a snapshot nothing has changed; and the next prune goes on."""
    made = dict[int, Series]()

    def begin(case: int) -> Callable[[], object]:
        made[case] = a_series(tmp_path / str(case), 1, 2, 3)
        return lambda: prune(made[case], Retention(2), lambda: False, keeps_spare=True)

    seen = set[str]()
    for case in each_crash(monkeypatch, begin):
        series = made[case]
        snapshot, spare = series.path / str(name_of(3)), Spare(series).discard(but_marked=True)[0]
        assert snapshot.exists() != bool(spare)
        seen.add("spare" if spare else "snapshot")
        if not spare:
            assert snapshot.stat().st_mode & 0o777 == 0o755
        tree = spare.path if spare else snapshot
        assert (tree / "directory/file").read_text() == "of 3 days ago"
        prune(series, Retention(2), lambda: False, keeps_spare=True)
        found = Spare(series).discard(but_marked=True)[0]
        assert found
        assert [found.name, *(one.name for one in series.snapshots())] == [name_of(3), name_of(1), name_of(2)]
    assert seen == {"spare", "snapshot"}


def test_of_several_snapshots_that_are_dropped_the_newest_is_kept(backup: Path) -> None:
    """The others are deleted; without a spare all are, and one from before too."""
    series = a_series(backup, 1, 2, 3, 4)
    pruned = prune(series, Retention(1), lambda: False, keeps_spare=True)
    assert pruned.dropped == (name_of(2), name_of(3), name_of(4))
    assert (pruned.warnings, os.listdir(series.trash)) == ((), [])
    assert [one.name for one in series.spares()] == [name_of(2)]
    assert prune(series, Retention(1), lambda: False).dropped == ()
    assert (series.spares(), os.listdir(series.trash)) == ([], [])
    assert [name for name in _names(series) if not name.startswith(".")] == [str(name_of(1))]


def test_nothing_becomes_the_spare_while_somebody_reads(series: Series) -> None:
    """A restore may be reading just this snapshot."""
    with reading(series.path, lambda _text: None):
        pruned = prune(series, Retention(2), lambda: False, keeps_spare=True)
    assert (pruned.plan, series.spares()) == (None, [])
    assert len(series.snapshots()) == 3


def test_nothing_becomes_the_spare_while_something_is_odd(series: Series) -> None:
    """The hold keeps all snapshots."""
    pruned = prune(series, Retention(2), lambda: False, terms=PruneTerms(hold="a clock has jumped"), keeps_spare=True)
    assert (pruned.dropped, series.spares(), len(series.snapshots())) == ((), [], 3)


@pytest.fixture
def series(backup: Path) -> Series:
    """Three snapshots."""
    return a_series(backup, 1, 2, 3)
