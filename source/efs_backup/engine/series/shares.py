"""Files of one order, beside the partial: the order, who has begun which share, and what became of it.

All is written under another name, flushed and renamed; whatever else lies there is not read. Who wants to know whether
something is there lists the directory, which a client of NFS asks the server for; that a single name is not there it
may believe itself for a minute.
"""

import json
import os
import re
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.sharing.attempts import Attempt
from efs_backup.domain.sharing.order import Order, read_order
from efs_backup.domain.sharing.result import ShareResult, read_result
from efs_backup.domain.snapshots.names import SHARES_NAME
from efs_backup.engine.series.private_files import flush_directory, read_regular
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.held import held

PROOF, BLOCKS, INODES, LINKS = "proof", "blocks", "inodes", "links"
"""Files of a result beside it: the new blocks of the manifest, where each lies, and facts about hard links."""

_ORDER, _STOP, _BEGUN, _ENDED, _LIFE, _UNFINISHED = "order.json", "stop", "begun", "ended", "life", "unfinished"
_PRIVATE = 0o700
_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KEY = re.compile(r"begun\.(\d{1,6})\.(\d{1,6})", re.ASCII)
_IDENTITY = re.compile(r"[0-9a-f]{16}", re.ASCII)
_MOST_BYTES = 2**30
"""Of an order or a result: some million subtrees."""
_MOST_ATTEMPTS = 100


class OrderFiles:
    """The files of one order. All raise OSError, FileNotFoundError where the order is over."""

    def __init__(self, series: Path, identity: str) -> None:
        if not _IDENTITY.fullmatch(identity):
            raise ValueError(f"{identity!r} names no order")
        self.identity = identity
        self.path = series / SHARES_NAME / identity

    def make(self) -> None:
        """Make the directory, real ones of our own."""
        self.path.parent.mkdir(_PRIVATE, exist_ok=True)
        with held(os.open(self.path.parent, _DIRECTORY)):
            self.path.mkdir(_PRIVATE)

    def remove(self) -> None:
        """Have nothing of it any more, as far as that can be had."""
        with suppress(OSError):
            delete_content(self.path.parent, self.path.name)
            self.path.rmdir()

    def write_order(self, order: Order) -> None:
        """Write the order."""
        self._write(_ORDER, order.text().encode())

    def order(self) -> Order:
        """The order. Raises ValueError of anything else."""
        return read_order(self._read(_ORDER))

    def stop(self) -> None:
        """Ask all who work at it to stop."""
        self._write(_STOP, b"")

    def names(self) -> frozenset[str]:
        """What is there now."""
        with held(os.open(self.path, _DIRECTORY)) as directory:
            return frozenset(os.listdir(directory))

    def is_over(self) -> bool:
        """Whether nobody should go on with it."""
        try:
            names = self.names()
        except FileNotFoundError:
            return True
        return _ORDER not in names or _STOP in names

    def begin(self, share: int, by: str) -> Attempt:
        """Begin an attempt at a share; each has another number. It is on the disk before anything is touched."""
        for number in range(_MOST_ATTEMPTS):
            attempt = Attempt(share, number, by)
            with suppress(FileExistsError):
                self._make_first(f"{_BEGUN}.{attempt.key}", json.dumps({"by": by}).encode())
                return attempt
        raise OSError(f"share {share} was begun {_MOST_ATTEMPTS} times")

    def attempts(self, names: Iterable[str] | None = None) -> list[Attempt]:
        """All that were begun, in order; of these names, if it was listed before."""
        keys = (_KEY.fullmatch(name) for name in (self.names() if names is None else names))
        found = [
            Attempt(int(key[1]), int(key[2]), str(self._said(key[0]).get("by", "?"))) for key in keys if key
        ]  # fmt: skip
        return sorted(found, key=lambda one: (one.share, one.number))

    def unfinished(self, attempt: Attempt) -> Path:
        """A directory of its own for the large files of an attempt that is not the first."""
        path = self.path / f"{_UNFINISHED}.{attempt.key}"
        path.mkdir(_PRIVATE, exist_ok=True)
        return path

    def live(self, attempt: Attempt, done: CopyStatistics, beat: int) -> None:
        """Say that an attempt goes on, and how far it is."""
        said = {"beat": beat, "files": done.number_of_files, "size": done.total_file_size}
        copied = {"copied": done.number_of_files_transferred, "copied_size": done.total_transferred_file_size}
        self._write(f"{_LIFE}.{attempt.key}", json.dumps({**said, **copied}).encode(), is_durable=False)

    def life(self, attempt: Attempt) -> tuple[int, CopyStatistics]:
        """(a number that is another each time that it was heard of; how far it is)."""
        said = self._said(f"{_LIFE}.{attempt.key}")
        names = ("beat", "files", "size", "copied", "copied_size")
        beat, files, size, copied, copied_size = (found if type(found := said.get(one)) is int else 0 for one in names)
        return beat, CopyStatistics(files, copied, 0, size, copied_size)

    def end(self, attempt: Attempt, result: ShareResult) -> None:
        """Write the result of an attempt, after the files beside it."""
        self._write(f"{_ENDED}.{attempt.key}", result.text().encode())

    def fail(self, attempt: Attempt, why: str) -> None:
        """Write that an attempt has ended without a result: nothing of it is at work any more."""
        self._write(f"{_ENDED}.{attempt.key}", json.dumps({"failure": why}).encode())

    def ended(self, attempt: Attempt, names: Container[str]) -> "ShareResult | str | None":
        """The result of an attempt, or why there is none, or None of one that has not ended. Raises ValueError.

        names: what is there.
        """
        if f"{_ENDED}.{attempt.key}" not in names:
            return None
        try:
            said = json.loads(self._read(f"{_ENDED}.{attempt.key}"))
        except FileNotFoundError:
            return None
        except RecursionError as error:
            raise ValueError("it is no result") from error
        return str(said["failure"]) if isinstance(said, dict) and "failure" in said else read_result(said)

    @contextmanager
    def writing(self, attempt: Attempt, what: str) -> Iterator[IO[bytes]]:
        """A file beside the result, flushed when the block ends."""
        with open(os.open(self._file(f"{what}.{attempt.key}"), _MAKING, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def reading(self, attempt: Attempt, what: str) -> Iterator[IO[bytes]]:
        """A file beside a result. Raises ValueError of what is no regular file."""
        with open(
            os.open(self._file(f"{what}.{attempt.key}"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"
        ) as file:
            yield file

    def _file(self, name: str) -> Path:
        return self.path / name

    def _said(self, name: str) -> dict[str, Any]:
        try:
            said = json.loads(self._read(name))
        except (OSError, ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    def _read(self, name: str) -> bytes:
        return read_regular(self._file(name), _MOST_BYTES)

    def _write(self, name: str, content: bytes, *, is_durable: bool = True) -> None:
        beside = f".{os.urandom(8).hex()}.new"
        self._make(beside, content, is_durable=is_durable)
        os.rename(self._file(beside), self._file(name))

    def _make_first(self, name: str, content: bytes) -> None:
        """Make a file that is whole from the first moment on. Raises FileExistsError."""
        beside = f".{os.urandom(8).hex()}.new"
        self._make(beside, content)
        try:
            os.link(self._file(beside), self._file(name))
        finally:
            os.unlink(self._file(beside))
        flush_directory(self.path)

    def _make(self, name: str, content: bytes, *, is_durable: bool = True) -> None:
        with open(os.open(self._file(name), _MAKING, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())


def orders_left(series: Path) -> list[OrderFiles]:
    """The orders that lie in a series."""
    try:
        names = os.listdir(series / SHARES_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [OrderFiles(series, name) for name in sorted(names) if _IDENTITY.fullmatch(name)]
