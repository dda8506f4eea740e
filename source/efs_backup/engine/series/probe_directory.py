"""A directory of our own in BACKUP, in which files are made to see what its file system can do.

BACKUP may be written by others: nothing is opened through a symlink, and nothing is deleted but what a probe makes.
"""

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, open_below, open_place
from efs_backup.engine.machine.regular_file import IN_PLACE
from efs_backup.engine.trees.held import held

PROBES_PREFIX = ".efs-backup-doctor-"
OWNER = "owner"
NAMES = frozenset({OWNER, "file", "link", "symlink", "CASE", "case"})
TIME_TEST = ".time-test-"
_PRIVATE = 0o700
_PLACE = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDWR | IN_PLACE


@contextmanager
def probe_directory(place: Path) -> Iterator[int]:
    """A descriptor of a new directory in this one, removed in the end; what killed probes have left goes first.

    Raises OSError.
    """
    with held(open_place(str(place), _PLACE)) as parent:
        _remove_left(parent)
        name = f"{PROBES_PREFIX}{uuid.uuid4().hex}"
        os.mkdir(name, _PRIVATE, dir_fd=parent)
        try:
            with held(open_below(parent, name, LISTING, within_mount=True)) as directory:
                try:
                    with held(_owned(directory)):
                        yield directory
                finally:
                    _empty(directory)
        finally:
            with suppress(OSError):
                os.rmdir(name, dir_fd=parent)


def _owned(directory: int) -> int:
    """The file that tells that we live; where there are no locks, its age has to."""
    owner = os.open(OWNER, _FILE | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=directory)
    with suppress(OSError):
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return owner


def _empty(directory: int) -> None:
    for name in os.listdir(directory):
        if name in NAMES or name.startswith(TIME_TEST):
            with suppress(OSError):
                os.unlink(name, dir_fd=directory)


def _remove_left(parent: int) -> None:
    for name in os.listdir(parent):
        if name.startswith(PROBES_PREFIX):
            with suppress(OSError):
                _remove_if_dead(parent, name)


def _remove_if_dead(parent: int, name: str) -> None:
    """Raises OSError where it is nobody's that has died: then it stays."""
    with held(open_below(parent, name, LISTING, within_mount=True)) as directory:
        if os.fstat(directory).st_uid != os.geteuid():
            return
        with suppress(FileNotFoundError), held(os.open(OWNER, _FILE, dir_fd=directory)) as owner:
            _refuse_living(owner)
        _empty(directory)
    os.rmdir(name, dir_fd=parent)


def _refuse_living(owner: int) -> None:
    """Raises OSError where a lock is held; where there are no locks nobody can hold one."""
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            raise
