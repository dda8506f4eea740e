"""Where temporary files may be: a directory of our own, in which programs can be started."""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from efs_backup.domain.errors import CopyFailed
from efs_backup.engine.machine.regular_file import IN_PLACE

_PREFIX = "efs-backup-"
_OWNER = ".owner"
"""A file that the process which made the directory holds a lock on for as long as it lives."""

_SAFE = re.compile(r"[\w/.+-]+", re.ASCII)
_USUAL = ("/tmp", "/var/tmp", "/run")  # noqa: S108 - a directory of our own, of unpredictable name, is made there
_ROOM = 2**16
"""Bytes that must be free: the programs, and the lists of a small tree."""


def is_safe(path: str) -> bool:
    """Whether fpsync, which builds shell text from paths, can be given this one."""
    return _SAFE.fullmatch(path) is not None


@contextmanager
def temporary_directory(note: Callable[[str], None]) -> Iterator[Path]:
    """A new directory, removed at the end: in TMPDIR, or where that does not serve elsewhere, which is noted.

    What dead processes left there is removed. Raises CopyFailed where no place serves.
    """
    path, owner = _make_somewhere(note)
    _remove_leftovers(path.parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(owner)


def _make_somewhere(note: Callable[[str], None]) -> tuple[Path, int]:
    refused = list[str]()
    for parent in (*filter(None, [os.environ.get("TMPDIR")]), *_USUAL):
        try:
            made = _make(parent)
        except OSError as error:
            refused.append(f"{parent!r} does not serve ({error.strerror})")
            continue
        if refused:
            note(f"Temporary files are in {str(made[0].parent)!r}, for {', '.join(refused)}.")
        return made
    raise CopyFailed(
        f"There is no place for temporary files: {', '.join(refused)}.",
        "Set TMPDIR to a directory that is on a disk with free space, and not mounted noexec.",
    )


def _make(parent: str) -> tuple[Path, int]:
    """A directory in this one, and the descriptor that holds its lock. Raises OSError where it does not serve."""
    parent = str(Path(parent).absolute())
    if fault := _fault_of(parent):
        raise OSError(None, fault)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        return path, _own(path)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _fault_of(parent: str) -> str | None:
    if not is_safe(parent):
        return "its path has characters that a shell would take for something else"
    if os.statvfs(parent).f_flag & os.ST_NOEXEC:
        return "it is mounted noexec, so no program can be started there"
    mode = os.stat(parent).st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX and os.geteuid() == 0:
        return "everybody may replace files in it, for it lacks the sticky bit"
    return None


def _own(path: Path) -> int:
    """Others see the file only when it is locked; without locks nobody will know when we are dead, and remove it."""
    unlocked = path / f"{_OWNER}.new"
    descriptor = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _make_sure_of_room(descriptor)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unlocked.rename(path / _OWNER)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _make_sure_of_room(descriptor: int) -> None:
    left = _ROOM
    while left:
        left -= os.write(descriptor, bytes(left))
    os.ftruncate(descriptor, 0)


def _remove_leftovers(parent: Path) -> None:
    for path in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    """Raises OSError where its owner lives, or is not known: then it stays.

    The lock's file goes last, for what the dead one started may still write beside it: then another backup tries again.
    """
    descriptor = os.open(path / _OWNER, os.O_RDWR | IN_PLACE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for entry in list(os.scandir(path)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            elif entry.name != _OWNER:
                os.unlink(entry.path)
        shutil.rmtree(path)
    finally:
        os.close(descriptor)
