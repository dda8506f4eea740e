"""A scratch directory: where a drill restores to, and leaves nothing behind.

It is empty, or has the mark: a file that names what a drill has made there and not removed yet. Nothing else in it is
ever touched.
"""

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from efs_backup.domain.errors import Locked, RestoreFailed
from efs_backup.domain.snapshots.locations import LOST_AND_FOUND
from efs_backup.engine.machine.regular_file import IN_PLACE, is_regular
from efs_backup.engine.runs.restore_plan import has_lost_and_found
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.held import held

MARK_NAME = ".efs-backup-drill"

_PRIVATE = 0o700
_MOST_BYTES = 2**16
_NAMED = 3
_OURS = re.compile(r"restored-[0-9a-f]{32}", re.ASCII)
_HELD = frozenset({errno.EACCES, errno.EAGAIN})
_MARK_FLAGS = os.O_RDWR | os.O_CREAT | IN_PLACE
_ANOTHER = "Give an empty or new directory as --scratch: a drill leaves nothing in it."


@contextmanager
def scratch_directory(scratch: Path, note: Callable[[str], None], *, keeps: bool = False) -> Iterator[Path]:
    """A new private directory in the scratch directory; both are as they were at the end, unless it is to be kept.

    What a drill that was killed has left there is removed first. Raises RestoreFailed where the scratch directory is
    neither empty nor marked, or cannot be used, and Locked where another drill is using it.
    """
    with ExitStack() as stack:
        with _refused(scratch):
            place = _prepare(scratch, note, stack, keeps=keeps)
        yield place


def _prepare(scratch: Path, note: Callable[[str], None], stack: ExitStack, *, keeps: bool) -> Path:
    """Make the directory; the stack gets what is to be done at the end, which begins with what is made last."""
    if not os.path.lexists(scratch):
        scratch.mkdir(_PRIVATE)
        stack.callback(_remove_if_empty, scratch)
    is_marked = _refuse_what_is_not_for_drills(scratch)
    mark = stack.enter_context(held(os.open(scratch / MARK_NAME, _MARK_FLAGS, 0o600)))
    _lock(mark, scratch)
    if not (is_marked or keeps):
        stack.callback(_unmark, scratch, mark)
    for left in _named_in(mark):
        _remove(scratch, left, note)
    name = f"restored-{secrets.token_hex(16)}"
    _write(mark, name)
    stack.callback(_forget if keeps else _clear, scratch, name, mark, note)
    (scratch / name).mkdir(_PRIVATE)
    return scratch / name


def _refuse_what_is_not_for_drills(scratch: Path) -> bool:
    """Whether there is a mark. Raises RestoreFailed."""
    names = set(os.listdir(scratch))
    if MARK_NAME in names:
        return True
    if has_lost_and_found(scratch):
        names.discard(LOST_AND_FOUND)
    if names:
        first = ", ".join(map(repr, sorted(names)[:_NAMED]))
        raise RestoreFailed(
            f"The scratch directory {str(scratch)!r} is not empty ({first}), and no drill has marked it; nothing was"
            " touched.",
            _ANOTHER,
        )
    return False


def _lock(mark: int, scratch: Path) -> None:
    """Have the mark for ourselves; where the file system has no locks, nobody else is kept from it."""
    if not is_regular(mark):
        raise RestoreFailed(f"{str(scratch / MARK_NAME)!r} is no regular file; nothing was touched.", _ANOTHER)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_held = os.fstat(mark).st_nlink == 0  # who had it has removed it just now
    except OSError as error:
        is_held = error.errno in _HELD
    if is_held:
        raise Locked(
            f"Another drill is using the scratch directory {str(scratch)!r}.",
            "Wait until it ends, or give another one.",
        )


def _named_in(mark: int) -> list[str]:
    """The directories that drills have made and not removed; what else may stand in the file means nothing."""
    lines = os.pread(mark, _MOST_BYTES, 0).decode("ascii", "replace").split("\n")
    return [line for line in lines if _OURS.fullmatch(line)]


def _write(mark: int, text: str) -> None:
    os.ftruncate(mark, 0)
    os.pwrite(mark, text.encode(), 0)


def _clear(scratch: Path, name: str, mark: int, note: Callable[[str], None]) -> None:
    if _remove(scratch, name, note):
        _forget(scratch, name, mark, note)


def _forget(_scratch: Path, _name: str, mark: int, _note: Callable[[str], None]) -> None:
    with suppress(OSError):
        os.ftruncate(mark, 0)


def _remove(scratch: Path, name: str, note: Callable[[str], None]) -> bool:
    """Remove what was restored, as far as that is possible; whether it is gone. No wish to stop is heeded."""
    try:
        deletion = delete_content(scratch, name)
        if deletion.is_whole:
            os.rmdir(scratch / name)
            return True
        text = str(deletion.first[0])
    except FileNotFoundError:
        return True
    except OSError as error:
        text = error.strerror or str(error)
    note(f"{str(scratch / name)!r} could not be removed, and the next drill tries it again: {text}.")
    return False


def _unmark(scratch: Path, mark: int) -> None:
    with suppress(OSError):
        if not os.fstat(mark).st_size:
            os.unlink(scratch / MARK_NAME)


def _remove_if_empty(scratch: Path) -> None:
    with suppress(OSError):
        os.rmdir(scratch)


@contextmanager
def _refused(scratch: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RestoreFailed(
            f"The scratch directory {str(scratch)!r} cannot be used: {error.strerror}.",
            "Make it, or let this user write to it, or give another one as --scratch.",
        ) from error
