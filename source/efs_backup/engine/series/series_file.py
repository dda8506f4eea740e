"""Reading and writing the file in which a series knows itself."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from efs_backup.domain.errors import SeriesTooNew, SeriesTorn
from efs_backup.domain.snapshots.series_file import SERIES_FILE, SeriesFile, torn
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.regular_file import small_content
from efs_backup.engine.series.private_files import flush_directory
from efs_backup.engine.trees.held import held

_MOST_BYTES = 2**20

_LOCK = ".series.lock"
_PRIVATE = 0o600


def read_series_file(label: Path) -> SeriesFile | SeriesTorn | None:
    """The file of a label's directory; None where there is none. Raises SeriesTooNew."""
    path = label / SERIES_FILE
    try:
        return SeriesFile.parse(small_content(path, _MOST_BYTES).decode(), str(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return torn(str(path), getattr(error, "strerror", None) or error)
    except SeriesTorn as error:
        return error


def is_second_copy(label: Path) -> bool:
    """Whether the series of a label are a copy of others: what their manifests tell of inodes holds there."""
    try:
        file = read_series_file(label)
    except SeriesTooNew:
        return False
    return isinstance(file, SeriesFile) and file.copy_of is not None


def change_series_file(label: Path, change: Callable[[SeriesFile | None], SeriesFile | None]) -> None:
    """Write what is changed, whole or not at all, and durable; what is equal, or cannot be read, is left alone.

    One writes at a time, for backups of several intervals share the file. Raises BackupFull or CopyFailed.
    """
    with refusals_named(str(label)), alone(label):
        stored = read_series_file(label)
        if isinstance(stored, SeriesTorn):
            return
        wanted = change(stored)
        if wanted is not None and wanted != stored:
            _replace(label, wanted.to_text())


def _replace(label: Path, text: str) -> None:
    beside = label / f".{SERIES_FILE}"
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    beside.rename(label / SERIES_FILE)
    flush_directory(label)


@contextmanager
def alone(label: Path) -> Iterator[None]:
    """Hold a lock of the label's own; an NFS server gives an exclusive one only on a file that is open for writing."""
    with held(os.open(label / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
