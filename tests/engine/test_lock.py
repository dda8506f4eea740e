"""The lock of a series as others read it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.names import LOCK_NAME
from efs_backup.engine.series.lock import lock_there


def _symlink(place: Path) -> None:
    other = place.with_name("other")
    other.write_text("somebody else's")
    place.symlink_to(other)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, _symlink], ids=["a FIFO", "a directory", "a symlink"])
def test_what_is_no_file_is_no_lock_and_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A source may hold one that anybody has made there, and nobody would ever write into a FIFO."""
    make(tmp_path / LOCK_NAME)
    assert lock_there(tmp_path) is None


def test_a_lock_is_told_by_its_inode_and_its_text(tmp_path: Path) -> None:
    """The same file by another path is the same lock; another one of the same text is not."""
    assert lock_there(tmp_path) is None
    lock = tmp_path / LOCK_NAME
    lock.write_text("whose it is")
    assert lock_there(tmp_path) == (lock.stat().st_ino, b"whose it is")
