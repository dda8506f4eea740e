"""Hashes: SHA-256 of files, read by a descriptor of the directory that they lie in."""

import os
import stat

from efs_backup.copy_worker.throttle import OPERATIONS_OF_A_MEBIBYTE

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from efs_backup.copy_worker.throttle import Payable

    class Hash(Protocol):
        """A hash under way."""

        def update(self, content: bytes, /) -> None: ...  # noqa: D102
        def digest(self) -> bytes: ...  # noqa: D102


READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
LATE = b"late"
"""In place of the hash of a file that is not to be read for it now: a window that it outgrew would never be enough."""

_BLOCK = 1024 * 1024
_OPERATIONS_TO_OPEN = 2


def new_hash(content: bytes = b"") -> "Hash":
    """A SHA-256, which processors do at more than a GiB a second."""
    from _hashlib import openssl_sha256  # noqa: PLC0415 - 6 to 20 ms that only those pay who have something to hash

    return openssl_sha256(content)


class HashStopped(Exception):
    """Somebody asked to stop before a file was read to its end."""


def sha256_of(
    directory: int, name: str | bytes, throttle: "Payable", is_stopping: "Callable[[], bool]" = lambda: False
) -> tuple[bytes, os.stat_result]:
    """(SHA-256, the attributes before) of a regular file, in a directory that is open.

    Raises OSError, ValueError of what is no regular file or changed meanwhile, and HashStopped.
    """
    throttle.pay(_OPERATIONS_TO_OPEN)
    descriptor = os.open(name, READING, dir_fd=directory)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise ValueError("it is no regular file")
        sha256, read = new_hash(), 0
        while block := os.read(descriptor, _BLOCK):
            throttle.pay(OPERATIONS_OF_A_MEBIBYTE)
            sha256.update(block)
            read += len(block)
            if is_stopping():
                raise HashStopped
        after = os.fstat(descriptor)
        if read != before.st_size or (after.st_ctime_ns, after.st_mtime_ns) != (before.st_ctime_ns, before.st_mtime_ns):
            raise ValueError("it changed while it was read")
        return sha256.digest(), before
    finally:
        os.close(descriptor)
