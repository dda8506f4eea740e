"""Names of one file: separated and made one again, whatever kind they are, and never elsewhere."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.engine.finalize.hard_links import relink, separate
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import A_DAY_AGO_NS, account, write

FAR = 2**24


def _file(path: Path) -> None:
    write(path, "text" * 100_000)
    path.chmod(0o640)


def _sparse_file(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"begin")
        file.seek(FAR)
        file.write(b"middle")
        file.truncate(2 * FAR)


def _fifo(path: Path) -> None:
    os.mkfifo(path)
    path.chmod(0o622)


def _symlink(path: Path) -> None:
    path.symlink_to("nowhere")


def _executable_of_somebody(path: Path) -> None:
    write(path)
    os.chown(path, 4242, 4243)
    path.chmod(0o6755)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    path.chmod(0o666)


KINDS = [
    _file, _sparse_file, _fifo, _symlink,
    pytest.param(_executable_of_somebody, marks=pytest.mark.root), pytest.param(_device, marks=pytest.mark.root),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_separated_name_is_a_file_of_its_own_and_equal(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    """In content, holes, owner, mode and times; nothing else is left beside it."""
    one, other = tmp_path / "one", tmp_path / "below" / "other"
    other.parent.mkdir()
    kind(one)
    os.utime(one, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    os.link(one, other, follow_symlinks=False)
    before = one.lstat()
    with Tree(tmp_path) as tree:
        separate(tree, ["below/other"])
    found = account(tmp_path)
    assert found["./one"].same_file_as != found["./below/other"].same_file_as
    assert other.lstat().st_blocks <= before.st_blocks
    one.unlink()
    other.rename(one)
    assert account(tmp_path)["./one"] == found["./one"]
    assert os.listdir(tmp_path / "below") == []


@pytest.mark.parametrize("change", ["separate", "relink"])
def test_neither_separating_nor_linking_follows_a_symlink(tmp_path: Path, change: str) -> None:
    """A directory that became a link to one outside is an error, and what is outside stays as it is."""
    root, decoy = tmp_path / "root", tmp_path / "decoy"
    write(root / "first")
    for place in (root / "a" / "b", decoy / "b"):
        write(place / "file")
        os.link(place / "file", place / "other")
    (root / "a").rename(root / "moved")
    (root / "a").symlink_to(decoy, target_is_directory=True)
    before = account(decoy)
    inodes = {path.lstat().st_ino for path in decoy.rglob("*")}
    with Tree(root) as tree:
        if change == "separate":
            with pytest.raises(NotADirectoryError):
                separate(tree, ["a/b/file"])
        else:
            relink(tree, [["first", "a/b/file"]])  # what is not there cannot be linked
    assert account(decoy) == before
    assert {path.lstat().st_ino for path in decoy.rglob("*")} == inodes


def test_what_cannot_be_duplicated_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up in the middle, for example: the name keeps its file."""
    write(tmp_path / "file", "text")
    hit: list[bytes] = []

    def refused(_file: int, content: bytes, _at: int) -> int:
        hit.append(content)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refused)
    with Tree(tmp_path) as tree, pytest.raises(OSError, match="No space left"):
        separate(tree, ["file"])
    assert hit == [b"text"]
    assert os.listdir(tmp_path) == ["file"]


def test_only_names_that_are_equal_become_one_file(tmp_path: Path) -> None:
    """The source may have linked others together after they were copied: their contents stay what they were."""
    for name, text, mtime_ns in (("a", "one", 1), ("b", "other", 2), ("c", "other", 2), ("d", "one", 1)):
        write(tmp_path / name, text, A_DAY_AGO_NS + mtime_ns)
    with Tree(tmp_path) as tree:
        relink(tree, [["a", "b", "c", "d"]])
    assert (tmp_path / "a").read_text() == (tmp_path / "d").read_text() == "one"
    assert (tmp_path / "b").read_text() == (tmp_path / "c").read_text() == "other"
    assert (tmp_path / "a").samefile(tmp_path / "d")
    assert (tmp_path / "b").samefile(tmp_path / "c")
