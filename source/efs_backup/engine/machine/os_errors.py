"""The refusals of file systems, and what they mean for the operator."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed, SourceUnreadable

FREE_SPACE = "Free space on the backup file system, for example with `efs-backup prune`, and run the backup again."


def refusal(error: OSError, where: str) -> BackupError:
    """The error of ours for a refusal at this place."""
    if error.errno in NO_SPACE:
        return BackupFull(f"The backup file system is full ({error.strerror}) at {where!r}.", FREE_SPACE)
    if error.errno == errno.EROFS:
        return CopyFailed(f"The backup {where!r} lies on a read-only file system.", "Mount it for writing.")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return CopyFailed(f"The backup {where!r} cannot be written: {error.strerror}.", "Run as root, or as its owner.")
    return CopyFailed(f"The backup file system refused {error.filename or where!r}: {error.strerror}.")


@contextmanager
def refusals_named(where: str) -> Iterator[None]:
    """Turn OSErrors on the backup's side into ours."""
    try:
        yield
    except OSError as error:
        raise refusal(error, where) from error


@contextmanager
def temporary_space_named(place: str) -> Iterator[None]:
    """Turn OSErrors of our own temporary files, in this place, into CopyFailed."""
    try:
        yield
    except OSError as error:
        raise CopyFailed(
            f"Temporary files in {place!r} could not be written: {error.strerror}.",
            "Free space there, or set TMPDIR to a directory with more (some 200 bytes for each file of the source).",
        ) from error


def place_of(error: OSError, directory: str) -> str:
    """Name what an error below this directory is about, as far as it says; else the directory itself."""
    named = error.filename
    is_told = isinstance(named, str) and (not directory or os.path.dirname(named) == directory)
    return named if is_told else directory


@contextmanager
def source_errors_named(source: str, path: str = "") -> Iterator[None]:
    """Turn OSErrors on the source's side into SourceUnreadable."""
    try:
        yield
    except OSError as error:
        raise SourceUnreadable(
            f"{place_of(error, path) or '.'!r} in the source {source!r} cannot be read: {error.strerror}.",
            "Give the backup the right to read it, mend the file system, or leave it out with --exclude.",
        ) from error
