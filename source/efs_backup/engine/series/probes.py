"""Probes of BACKUP: what its file system can do, seen by files that are made and removed."""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.domain.doctor.local_facts import Probe
from efs_backup.engine.series.probe_directory import OWNER, probe_directory
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.time_step import time_step_of

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_HELD = frozenset({errno.EACCES, errno.EAGAIN})


def probe(place: Path, clock: Callable[[], datetime]) -> Probe:
    """All of them, in a directory of their own that is gone afterwards. Raises OSError where nothing can be written."""
    with probe_directory(place) as directory:
        with held(os.open("file", _NEW, 0o600, dir_fd=directory)) as file:
            os.write(file, b"probe")
            os.fsync(file)
            here, made = clock(), os.fstat(file)
        return Probe(
            links=_why_not(lambda: os.link("file", "link", src_dir_fd=directory, dst_dir_fd=directory)),
            locks=_locks(directory),
            symlinks=_why_not(lambda: os.symlink("file", "symlink", dir_fd=directory)),
            time_step_ns=time_step_of(directory),
            server=datetime.fromtimestamp(made.st_mtime, UTC),
            here=here,
            owner=made.st_uid,
            knows_case=_knows_case(directory),
            most_links=_most_links(directory),
        )


def _why_not(work: Callable[[], None]) -> str:
    """Why a piece of work is refused; "" where it is not."""
    try:
        work()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _locks(directory: int) -> str:
    """Two open files ask for one lock: the second must be refused; "" where it is."""
    with (
        held(os.open(OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)) as second,
        held(os.open("file", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)) as other,
    ):
        if refused := _why_not(lambda: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)):
            return refused
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return "" if error.errno in _HELD else error.strerror or str(error)
        return "a lock is given to two at once"


def _knows_case(directory: int) -> bool:
    os.close(os.open("CASE", _NEW, 0o600, dir_fd=directory))
    try:
        os.stat("case", dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def _most_links(directory: int) -> int:
    with suppress(OSError, ValueError):
        return max(0, os.fpathconf(directory, "PC_LINK_MAX"))
    return 0
