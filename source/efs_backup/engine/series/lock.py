"""One backup of a series at a time."""

import errno
import fcntl
import json
import os
import pwd
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.errors import CopyFailed, Hung, Locked
from efs_backup.domain.snapshots.names import LOCK_NAME, READERS_NAME
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.patience import within
from efs_backup.engine.machine.process import end_family
from efs_backup.engine.machine.regular_file import IN_PLACE, is_regular, opened_regular
from efs_backup.engine.trees.held import held

_RELEASE_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_TEXT_BYTES = 512
_MOST_READ = 4096
"""Bytes: more than any owner of a lock writes."""
_HELD = frozenset({errno.EACCES, errno.EAGAIN})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
_MAKING = os.O_CREAT | IN_PLACE


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: the user, the process on its host, since when, and the mark of the processes it started."""

    user: str
    host: str
    process: int
    started: str
    family: str

    @classmethod
    def this_process(cls, family: str, now: datetime) -> "Owner":
        """The process that asks."""
        return cls(_user_name(), socket.gethostname(), os.getpid(), now.isoformat(timespec="seconds"), family)

    def __str__(self) -> str:
        return f"process {self.process} of {self.user} on {self.host}, started {self.started}"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # an unnamed user, as in many containers
        return f"user {os.geteuid()}"


@contextmanager
def locked(
    directory: Path, owner: Owner, *, seconds: float = 0.0, beat: Callable[[], None] = lambda: None
) -> Iterator[Owner | None]:
    """Hold the series' lock; yields the dead owner from whom it was taken over, or None.

    seconds: how long it is asked for again and again; beat: is called meanwhile.

    The kernel (on NFS the server) keeps the lock as long as its owner lives, and no longer: a lock never has to be
    removed by hand. The file's text only says whose it is: where it cannot be written, as on a full disk, the work goes
    on. What a dead owner of this host left running is killed first, for it may still write into a partial. Raises
    Locked where another backup holds it, CopyFailed where the file system has no locks, or the lock is no file.
    """
    with refusals_named(str(directory)):
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | _MAKING, 0o600)
    with held(descriptor):
        _refuse_no_file(descriptor, directory)
        with _no_locks_named(directory):
            _acquire(descriptor, directory, seconds, beat)
        dead = _read(descriptor)
        if dead:
            _end_remains(dead, directory)
        _write(descriptor, json.dumps(asdict(owner)))
        try:
            yield dead
        finally:
            with suppress(Hung):  # the kernel ends the lock in any case
                within(lambda: _write(descriptor, ""), str(directory), _RELEASE_SECONDS)


def refuse_unusable(directory: Path) -> None:
    """Raises CopyFailed where `locked` would not get as far as to ask for the lock; nothing is made or locked."""
    if os.path.lexists(directory / LOCK_NAME):
        with refusals_named(str(directory)):
            descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | IN_PLACE)
        with held(descriptor):
            _refuse_no_file(descriptor, directory)


def _refuse_no_file(descriptor: int, directory: Path) -> None:
    if not is_regular(descriptor):
        raise CopyFailed(
            f"{str(directory / LOCK_NAME)!r} is no file, so two backups at once could not be kept apart; nothing"
            " was touched.",
            "Remove it: the next backup makes a file there.",
        )


def refuse_running_backup(directory: Path) -> None:
    """Raises Locked where a backup of this series is running; that is asked without writing anything.

    A lock is asked for only where somebody has written that it is his, or a backup that begins just now would find the
    series locked by us. Who may not read the lock's file is not refused.
    """
    with suppress(OSError, ValueError), opened_regular(directory / LOCK_NAME) as descriptor:
        owner = _read(descriptor)
        if owner and not _try_shared(descriptor):
            raise Locked(f"A backup of this label is running: {owner}.", "Wait until it ends, and run it again.")


def lock_there(directory: Path) -> tuple[int, bytes] | None:
    """Inode and text of the series' lock, which names the backup that runs; None where there is none, or no file."""
    try:
        with opened_regular(directory / LOCK_NAME) as descriptor:
            return os.fstat(descriptor).st_ino, os.pread(descriptor, _MOST_READ, 0)
    except (OSError, ValueError):
        return None


@contextmanager
def reading(directory: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Keep the snapshots of a series from being pruned; many may read at a time, also while a backup runs.

    Where the backup is mounted read-only or full and nobody has read from it before, there is no file to lock, and some
    file systems have no locks. That is noted: then a snapshot that is pruned meanwhile fails the restore.
    """
    with ExitStack() as stack:
        try:
            descriptor = os.open(directory / READERS_NAME, os.O_RDONLY | _MAKING, 0o600)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except FileNotFoundError:
            pass  # there is no series; who looks for a snapshot will say so
        except OSError as error:
            note(f"This series cannot be locked ({error.strerror}): while this runs, prune nothing in it.")
        yield


@contextmanager
def without_readers(directory: Path) -> Iterator[bool]:
    """Whether nobody reads from the series; if so, nobody begins to until this ends."""
    try:
        descriptor = os.open(directory / READERS_NAME, os.O_RDWR | _MAKING, 0o600)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        yield True  # nobody has a lock on a file that cannot be made
        return
    with held(descriptor):
        with _no_locks_named(directory):
            is_free = _try_exclusive(descriptor)
        yield is_free


@contextmanager
def _no_locks_named(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise CopyFailed(
            f"The file system of {str(directory)!r} has no locks ({error.strerror}), so two backups at once could not"
            " be kept apart; nothing was touched.",
            "Mount it with locks: NFS 4.1, or NFS 3 with its lock service (rpc.statd), and without `nolock`.",
        ) from error


def _try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        return False
    return True


def _try_shared(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True


def _acquire(descriptor: int, directory: Path, seconds: float, beat: Callable[[], None]) -> None:
    give_up = time.monotonic() + seconds
    while not (is_ours := _try_exclusive(descriptor)) and time.monotonic() < give_up:
        time.sleep(_AGAIN_SECONDS)
        beat()
    if not is_ours:
        raise Locked(
            f"Another backup of this series is running: {_read(descriptor) or 'its owner is not known'}.",
            f"Wait until it ends, or stop that process. The lock is {str(directory / LOCK_NAME)!r}.",
        )


def _end_remains(dead: Owner, directory: Path) -> None:
    if dead.family and dead.host == socket.gethostname() and not end_family(dead.family):
        raise Locked(
            f"A backup of this series has died, but its copies cannot be killed: {dead}.",
            f"A mount may hang: look for processes in state D. The lock is {str(directory / LOCK_NAME)!r}.",
        )


def _read(descriptor: int) -> Owner | None:
    text = os.pread(descriptor, _MOST_READ, 0)
    try:
        return Owner(**json.loads(text)) if text.strip(b"\0 \n") else None
    except (ValueError, TypeError):
        return Owner("unknown", "unknown", 0, "unknown", "")


def _write(descriptor: int, text: str) -> None:
    """Over the former text, in its place and never shorter: so it needs no space, also on a full disk."""
    with suppress(OSError):
        os.pwrite(descriptor, text.encode().ljust(_TEXT_BYTES), 0)
        os.ftruncate(descriptor, _TEXT_BYTES)
        os.fsync(descriptor)
