"""Trees for the tests, and a full account of what a tree holds."""

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

A_DAY_AGO_NS = 1_760_000_000_123_456_789
"""An mtime with nanoseconds, well in the past."""


@dataclass(frozen=True)
class Fact:
    """Everything about one path that a snapshot must keep."""

    kind: int
    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    size: int
    content: str
    same_file_as: str


def account(root: Path) -> dict[str, Fact]:
    """Every path below a directory (and "." itself) with all that a snapshot must keep of it."""
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    paths = sorted(_paths(os.fsencode(root), b"."))
    for path in paths:
        found = os.lstat(os.path.join(os.fsencode(root), path))
        if not stat.S_ISDIR(found.st_mode):
            names[found.st_dev, found.st_ino].append(os.fsdecode(path))
    return {os.fsdecode(path): _fact(os.fsencode(root), path, names) for path in paths}


def _paths(root: bytes, path: bytes) -> Iterator[bytes]:
    yield path
    if stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode):
        for name in os.listdir(os.path.join(root, path)):
            yield from _paths(root, os.path.join(path, name))


def _fact(root: bytes, path: bytes, names: dict[tuple[int, int], list[str]]) -> Fact:
    whole = os.path.join(root, path)
    found = os.lstat(whole)
    is_directory = stat.S_ISDIR(found.st_mode)
    return Fact(
        stat.S_IFMT(found.st_mode),
        stat.S_IMODE(found.st_mode),
        (found.st_uid, found.st_gid),
        found.st_mtime_ns,
        0 if is_directory else found.st_size,
        _content(whole, found.st_mode),
        "" if is_directory else names[found.st_dev, found.st_ino][0],
    )


def _content(path: bytes, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return os.fsdecode(os.readlink(path))
    if stat.S_ISREG(mode):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


@dataclass(frozen=True)
class Found:
    """Attributes of an entry as the kernel tells them."""

    st_mode: int
    st_uid: int
    st_gid: int
    st_size: int
    st_blocks: int
    st_rdev: int
    st_mtime_ns: int
    st_atime_ns: int


def write(path: Path, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
    """A file with directories above it, of a known mtime."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def small_tree(root: Path) -> Path:
    """A few files in a few directories."""
    for number in range(12):
        write(root / f"directory {number % 3}" / f"file {number}", f"content {number}")
    (root / "empty directory").mkdir()
    (root / "link").symlink_to("directory 0/file 0")
    os.utime(root / "link", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    return root


def many_parts(root: Path) -> None:
    """Files enough for several of the smallest parts, each with something that only rsync can copy."""
    for number in range(800):
        write(root / f"part {number // 160}" / f"file {number}", f"content {number}")
    for directory in root.glob("part *"):
        os.mkfifo(directory / "fifo")
