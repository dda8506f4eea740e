"""The files in which a quarantine holds what its restore, and each undo of it, has noted.

Nobody but us can enter the quarantine. All is opened by descriptors all the same: it may have been moved or copied.
"""

import fcntl
import gzip
import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from efs_backup.copy_worker.beneath import PASSING, make_below, open_below
from efs_backup.domain.copying.quarantine import JOURNAL_DIRECTORY
from efs_backup.domain.copying.restore_journal import Entry, Head
from efs_backup.domain.errors import RestoreFailed
from efs_backup.engine.machine.regular_file import IN_PLACE, opened_regular, small_content
from efs_backup.engine.trees.held import held

_JOURNAL, _ENDED, _UNDONE, _LOCK = "journal.gz", "ended.json", "undone.json", "lock"
_PRIVATE_DIRECTORY, _PRIVATE = 0o700, 0o600
_IN_MEMORY = 16 * 1024 * 1024
_MOST_OF_A_LINE = 1024 * 1024
_MOST_OF_A_RECORD = 2**20
_BLOCK = 1024 * 1024
_FAST = 1
_TORN = (ValueError, EOFError, zlib.error, gzip.BadGzipFile)


class Spool:
    """Lines of a journal that is not begun yet, packed; in memory as long as they are few."""

    def __init__(self) -> None:
        self._file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._packed = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=_FAST, mtime=0)
        self.count = 0

    def add(self, entry: Entry) -> None:
        """Take one more line. Raises OSError where there is no room for it."""
        self._packed.write(entry.to_line().encode())
        self.count += 1

    def packed(self) -> Iterator[bytes]:
        """All of it, as gzip members; nothing is added afterwards."""
        self._packed.close()
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            yield block

    def close(self) -> None:
        """Let go of it."""
        self._packed.close()
        self._file.close()


def write_journal(quarantine: int, head: Head, spool: Spool) -> None:
    """Put a journal, whole and flushed, into an open quarantine. Raises OSError."""
    with _directory(quarantine, makes=True) as place:
        beside = f".{_JOURNAL}"
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=place)
        with _made(beside, place) as file:
            file.write(gzip.compress(head.to_line().encode(), _FAST, mtime=0))
            for block in spool.packed():
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, _JOURNAL, src_dir_fd=place, dst_dir_fd=place)


def write_end(quarantine: int) -> None:
    """Note when the restore ended, by the clock of the file system there. Raises OSError."""
    with _directory(quarantine) as place, _made(_ENDED, place) as file:
        file.write(json.dumps({"ended_ns": os.fstat(file.fileno()).st_ctime_ns}).encode())


def write_undone(quarantine: int, record: Mapping[str, Any]) -> None:
    """Note what an undo came to, in the place of what the one before did. Raises OSError."""
    with _directory(quarantine) as place:
        beside = f".{_UNDONE}"
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=place)
        with _made(beside, place) as file:
            file.write(json.dumps(record, indent=2).encode())
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, _UNDONE, src_dir_fd=place, dst_dir_fd=place)


def has_journal(quarantine: int) -> bool:
    """Whether an open directory is a quarantine that can be undone by its journal."""
    try:
        with _directory(quarantine) as place:
            return stat.S_ISREG(os.stat(_JOURNAL, dir_fd=place, follow_symlinks=False).st_mode)
    except OSError:
        return False


def read_head(quarantine: int) -> Head | None:
    """The restore that an open quarantine is of; None where it has no journal. Raises RestoreFailed, OSError."""
    try:
        with _lines(quarantine) as lines:
            return Head.parse(next(lines, ""))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except _TORN as error:
        raise _torn(error) from error


def entries_of(quarantine: int) -> Iterator[Entry]:
    """Read what the restore was about to do, in the order of its journal. Raises RestoreFailed and OSError."""
    try:
        with _lines(quarantine) as lines:
            next(lines, "")
            for line in lines:
                yield Entry.parse(line)
    except _TORN as error:
        raise _torn(error) from error


def ended_ns_of(quarantine: int) -> int | None:
    """When the restore ended, by the clock of the target's file system; None where it did not, or nobody knows."""
    found = _record(quarantine, _ENDED).get("ended_ns")
    return found if isinstance(found, int) else None


def undone_of(quarantine: int) -> Mapping[str, Any]:
    """Read what the last undo came to; nothing where there was none."""
    return _record(quarantine, _UNDONE)


@contextmanager
def undoing(quarantine: int) -> Iterator[None]:
    """Be the only undo of a quarantine. A full disk, or one without locks, keeps nobody from it.

    Raises RestoreFailed where another one is at work.
    """
    try:
        with _directory(quarantine, makes=True) as place:
            lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | IN_PLACE, _PRIVATE, dir_fd=place)
    except OSError:
        yield
        return
    with held(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RestoreFailed("Another undo of this quarantine is at work.", "Wait for its end.") from error
        except OSError:
            pass
        yield


def began_at(now: datetime) -> str:
    """A time as records have it."""
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def _directory(quarantine: int, *, makes: bool = False) -> Iterator[int]:
    opened = (
        make_below(quarantine, JOURNAL_DIRECTORY, _PRIVATE_DIRECTORY)[0] if makes
        else open_below(quarantine, JOURNAL_DIRECTORY, PASSING)
    )  # fmt: skip
    with held(opened) as place:
        yield place


@contextmanager
def _made(name: str, place: int) -> Iterator[IO[bytes]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | IN_PLACE
    with open(os.open(name, flags, _PRIVATE, dir_fd=place), "wb") as file:
        yield file


@contextmanager
def _lines(quarantine: int) -> Iterator[Iterator[str]]:
    with (
        _directory(quarantine) as place, opened_regular(_JOURNAL, directory=place) as journal,
        os.fdopen(journal, "rb", closefd=False) as file, gzip.GzipFile(fileobj=file, mode="rb") as packed,
        TextIOWrapper(packed, encoding="ascii") as text,
    ):  # fmt: skip
        yield iter(lambda: text.readline(_MOST_OF_A_LINE), "")


def _record(quarantine: int, name: str) -> Mapping[str, Any]:
    """A small record; nothing where there is none, or none that can be read."""
    try:
        with _directory(quarantine) as place:
            found = json.loads(small_content(name, _MOST_OF_A_RECORD, directory=place))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _torn(error: object) -> RestoreFailed:
    return RestoreFailed(
        f"The journal of this quarantine cannot be read ({error}); nothing more was touched.",
        "What is in the quarantine can be moved back by hand.",
    )
