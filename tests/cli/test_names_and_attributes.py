"""Whatever a tree may hold, the snapshot holds too."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli, both_copiers

pytestmark = both_copiers

NAMES = [
    b"with space",
    b"new\nline",
    b"-n",
    b"--delete",
    b"'quote'",
    b'"double"',
    b"back\\slash",
    b"back\\#012slash",
    b"$HOME",
    b"`id`",
    b"*",
    b"?",
    b"[a]",
    b"~",
    b"#",
    b";",
    b"|",
    b"&",
    b":",
    b"\x01\x7f",
    b"\r",
    b"\t",
    b"no utf-8 \xff\xfe",
    "Ünïcödé ☃".encode(),
    b"x" * 255,
    b".snapshot",
    b".snapshots",
    b".zfs",
    b".ckpt",
    b".~tmp~",
    b"...",
    b" ",
    b"file.",
    b"\xe2\x80\xae",
]


@pytest.mark.parametrize("inside", ["files", "directories"])
def test_every_name_is_kept(cli: Cli, tmp_path: Path, backup: Path, inside: str) -> None:
    """As the name of a file and as the name of a directory, in two snapshots that share the files."""
    source = os.fsencode(tmp_path / "source")
    os.mkdir(source)
    for name in NAMES:
        path = os.path.join(source, name)
        if inside == "directories":
            os.mkdir(path)
            path = os.path.join(path, b"file")
        with open(path, "wb") as file:
            file.write(name)
    first, second = (cli("run", tmp_path / "source", backup, "--json").json for _ in range(2))
    assert account(Path(first["path"])) == account(Path(second["path"])) == account(tmp_path / "source")
    assert second["linked_files"] == len(NAMES)


def test_paths_of_several_thousand_bytes_are_kept(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """Up to what the kernel takes in one call."""
    directory = tmp_path / "source" / Path(*["d" * 200] * 17)
    write(directory / "file")
    (directory / ("e" * 100)).mkdir()
    result = cli("run", tmp_path / "source", backup, "--json").json
    assert account(Path(result["path"])) == account(tmp_path / "source")


def _odd_directories(source: Path) -> None:
    for mode in (0o000, 0o111, 0o500, 0o1777, 0o2750, 0o4755, 0o7777):
        for name in ("empty", "full"):
            directory = source / f"{name} {mode:o}"
            directory.mkdir()
            if name == "full":
                write(directory / "file")
            directory.chmod(mode)
            os.utime(directory, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS + mode))


def _odd_files(source: Path) -> None:
    for mode in (0o000, 0o400, 0o755, 0o1644, 0o2755, 0o4755, 0o6777):
        write(source / f"mode {mode:o}").chmod(mode)
    write(source / "empty", "")
    write(source / "future", mtime_ns=4_102_444_800_000_000_001)
    write(source / "epoch", mtime_ns=0)
    write(source / "before the epoch", mtime_ns=-1_000_000_001)


def _symlinks(source: Path) -> None:
    (source / "directory").mkdir(parents=True)
    for name, target in {
        "dangling": "nowhere",
        "absolute": "/etc/passwd",
        "to directory": "directory",
        "to itself": "to itself",
        "up": "../..",
        "odd": "a\nb'\"$x\udcff",
        "long": "x" * 4000,
    }.items():
        (source / name).symlink_to(target)
        os.utime(source / name, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)


def _special_files(source: Path) -> None:
    source.mkdir(exist_ok=True)
    os.mkfifo(source / "fifo", 0o640)
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(source, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{here}/socket")  # the path of a socket is at most 107 bytes
    os.close(here)
    listener.close()


def _hard_links(source: Path) -> None:
    for number in range(3):
        write(source / f"directory {number}" / "one", "shared")
    for number in range(1, 3):
        (source / f"directory {number}" / "one").unlink()
        os.link(source / "directory 0" / "one", source / f"directory {number}" / "one")
    (source / "symlink").symlink_to("somewhere")
    os.link(source / "symlink", source / "another name of the symlink", follow_symlinks=False)


KINDS: list[Callable[[Path], None]] = [_odd_directories, _odd_files, _symlinks, _special_files, _hard_links]


@pytest.mark.root
@pytest.mark.parametrize("make", KINDS)
def test_every_kind_and_attribute_is_kept(cli: Cli, tmp_path: Path, backup: Path, make: Callable[[Path], None]) -> None:
    """In a first snapshot, in one that links all of it, and in the tree that is restored from there."""
    source = tmp_path / "source"
    source.mkdir()
    make(source)
    os.utime(source, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS + 7))
    for _ in range(2):
        assert account(Path(cli("run", source, backup, "--json").json["path"])) == account(source)
    cli("restore", backup, tmp_path / "restored", "--mode", "new")
    assert account(tmp_path / "restored") == account(source)


@pytest.mark.root
def test_numeric_owners_are_kept(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """Users that this machine does not know keep their numbers, on files, directories and symlinks."""
    source = tmp_path / "source"
    write(source / "directory" / "file")
    (source / "link").symlink_to("x")
    for path in (source, source / "directory", source / "directory" / "file", source / "link"):
        os.chown(path, 54321, 65432, follow_symlinks=False)
    assert account(Path(cli("run", source, backup, "--json").json["path"])) == account(source)


def test_sparse_files_stay_sparse(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """A hole takes no space in the snapshot, nor in what is restored."""
    path = write(tmp_path / "source" / "sparse", "")
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
        file.seek(32 * 1024 * 1024)
        file.write(b"in the middle")
    result = cli("run", tmp_path / "source", backup, "--json").json
    cli("restore", backup, tmp_path / "restored")
    for copy in (Path(result["path"]) / "sparse", tmp_path / "restored" / "sparse"):
        assert copy.read_bytes() == path.read_bytes()
        assert copy.stat().st_blocks * 512 < 4 * 1024 * 1024


def test_a_source_that_is_a_symlink_is_followed(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """The operator names a directory; by which way does not matter."""
    (tmp_path / "way").symlink_to(source)
    assert account(Path(cli("run", tmp_path / "way", backup, "--json").json["path"])) == account(source)


@pytest.mark.root
def test_names_of_one_file_that_part_are_two_files_in_the_next_snapshot(cli: Cli, tmp_path: Path, backup: Path) -> None:
    """Equal content and times do not make two files one: a later write to one must not show in the other."""
    source = tmp_path / "source"
    write(source / "one")
    os.link(source / "one", source / "two")
    cli("run", source, backup)
    write(source / "beside").rename(source / "two")
    result = cli("run", source, backup, "--json").json
    assert account(Path(result["path"])) == account(source)
    assert stat.S_ISREG((Path(result["path"]) / "two").stat().st_mode)
