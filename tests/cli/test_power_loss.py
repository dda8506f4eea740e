"""A machine that loses its power: of a partial only what is known to have reached the disk is believed."""

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly


@pytest.fixture
def tree(source: Path) -> Path:
    """Files of every way to be copied: written at once, by rsync, with holes."""
    for number in range(20):
        write(source / "directory" / f"small {number}", f"content {number}")
    for number in range(3):
        write(source / "directory" / f"middle {number}", "x" * 300_000)
        with (source / "directory" / f"sparse {number}").open("wb") as file:
            file.truncate(100_000)
            file.write(b"begin")
        os.utime(source / "directory" / f"sparse {number}", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    return source


@pytest.fixture
def partial(cli: Cli, tree: Path, backup: Path) -> Path:
    """Leave a partial that is whole but for its end: a snapshot, named as a partial again, with its mark."""
    snapshot = Path(cli("run", tree, backup, "--json").json["path"])
    left = snapshot.with_name(f".partial-{snapshot.name}")
    snapshot.rename(left)
    for link in backup.glob("efs-backup/daily.*"):
        link.unlink()
    _mark(left, None)
    return left


def _mark_of(partial: Path) -> Path:
    return partial.with_name(partial.name.replace(".partial-", ".flushed-"))


def _mark(partial: Path, until_ns: int | None) -> None:
    _mark_of(partial).write_text(json.dumps({"format": 1, "until_ns": until_ns}))


def _lose(path: Path) -> None:
    """The content that a disk never got: the attributes are right, and there are zeros."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*") if stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size)


def _back_up(cli: Cli, tree: Path, backup: Path) -> dict[str, Any]:
    result: dict[str, Any] = cli("run", tree, backup, "--json").json
    assert account(Path(result["path"])) == account(tree)
    return result


def _remove(mark: Path) -> None:
    mark.unlink()


def _make_directory(mark: Path) -> None:
    mark.unlink()
    mark.mkdir()


BROKEN: dict[str, Callable[[Path], object]] = {
    "removed": _remove,
    "torn": lambda mark: mark.write_bytes(bytes(32)),
    "a directory": _make_directory,
    "true": lambda mark: mark.write_text('{"format": 1, "until_ns": true}'),
}


@pytest.mark.parametrize("mark", mostly_nightly(BROKEN, 2))
def test_without_a_whole_mark_nothing_of_a_partial_is_believed(
    cli: Cli, tree: Path, backup: Path, partial: Path, mark: str
) -> None:
    """Files of the right size and time, and with zeros in them, are copied anew; the mark may be torn too."""
    BROKEN[mark](_mark_of(partial))
    for path in _files(partial):
        _lose(path)
    result = _back_up(cli, tree, backup)
    assert result["linked_files"] == 0
    assert any("may not have reached the disk" in note for note in result["notes"])
    assert not any("Pruning failed" in note for note in result["notes"])
    assert not [path for path in backup.glob("efs-backup/daily/.flushed-*") if path.is_file()]


@pytest.mark.former
def test_rsync_alone_believes_nothing_of_a_partial_without_a_mark(
    cli: Cli, tree: Path, backup: Path, partial: Path
) -> None:
    """The same with the former copier."""
    _remove(_mark_of(partial))
    for path in _files(partial):
        _lose(path)
    cli.environment["EFS_BACKUP_RUN_COPIER"] = "rsync"
    assert _back_up(cli, tree, backup)["linked_files"] == 0


@both_copiers
def test_a_marked_partial_is_continued(cli: Cli, tree: Path, backup: Path, partial: Path) -> None:
    """Flushed files are kept: the next backup is incremental, and leaves no mark; rsync alone begins with nothing."""
    result = _back_up(cli, tree, backup)
    kept = result["files"] if cli.copier is Copier.LINKS else 0
    assert result["linked_files"] == kept
    assert (result["transferred_files"] == 0) == (cli.copier is Copier.LINKS)
    assert not list(backup.glob("efs-backup/daily/.flushed-*"))


@both_copiers
def test_what_was_written_after_the_last_flush_is_not_believed(
    cli: Cli, tree: Path, backup: Path, partial: Path
) -> None:
    """Older files are linked; rsync alone cannot tell one from the other, and believes nothing."""
    files = _files(partial)
    lost, kept = files[::2], files[1::2]
    _wait_for_the_clock_of(partial)
    for path in lost:
        _lose(path)
    _mark(partial, min(path.stat().st_ctime_ns for path in lost))
    assert all(path.stat().st_ctime_ns < min(path.stat().st_ctime_ns for path in lost) for path in kept)
    inodes = {path.stat().st_ino for path in kept}
    result = _back_up(cli, tree, backup)
    published = {path.stat().st_ino for path in _files(Path(result["path"]))}
    if cli.copier is Copier.RSYNC:  # a new file may have the number of one that is deleted
        assert result["linked_files"] == 0
        return
    assert len(published & inodes) == len(kept)
    assert not published & {path.stat().st_ino for path in lost if path.exists()}


@both_copiers
def test_an_unmarked_partial_does_not_hide_the_snapshot_below_it(cli: Cli, tree: Path, backup: Path) -> None:
    """Files that are not believed are linked from the last snapshot, which was flushed before it was published."""
    snapshot = Path(cli("run", tree, backup, "--json").json["path"])
    left = snapshot.with_name(".partial-2001-01-01T000000Z")
    left.mkdir()
    for path in _files(snapshot):
        place = left / path.relative_to(snapshot)
        write(place, "y" * path.stat().st_size, A_DAY_AGO_NS)
    result = _back_up(cli, tree, backup)
    assert result["transferred_files"] == 0


@both_copiers
def test_a_graceful_end_marks_its_partial_and_a_kill_does_not(
    cli: Cli, source: Path, backup_on_efs: Path, slow_rsync: None
) -> None:
    """The one flushes what it leaves; of the other nobody knows."""
    for number in range(400):
        write(source / f"part {number // 160}" / f"file {number}", f"content {number}")
    for directory in source.glob("part *"):
        os.mkfifo(directory / "fifo")
    series = backup_on_efs / "efs-backup" / "daily"
    for number in (signal.SIGKILL, signal.SIGTERM):
        known = set(series.glob(".partial-*"))
        running = cli.start("run", source, backup_on_efs, "--jobs", 1)
        _wait_for(lambda: _has_begun(set(series.glob(".partial-*")) - known))  # noqa: B023 - it ends in this turn
        running.send_signal(number)
        running.communicate()
        new = set(series.glob(".partial-*")) - known
        assert [_mark_of(path).exists() for path in new] == [number is signal.SIGTERM]
    assert json.loads(_mark_of(new.pop()).read_text()) == {"format": 1, "until_ns": None}


def _has_begun(partials: set[Path]) -> bool:
    return any(any(path.glob("part */*")) for path in partials)


def _wait_for_the_clock_of(directory: Path) -> None:
    """Until what is written there gets a later ctime than all that is there."""
    probe, before = directory.with_name("clock"), max(path.stat().st_ctime_ns for path in _files(directory))
    _wait_for(lambda: probe.write_text("now") and probe.stat().st_ctime_ns > before)
    probe.unlink()


def _wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)
