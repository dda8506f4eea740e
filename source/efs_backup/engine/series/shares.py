"""Files of one order, beside the snapshots: the order, who has begun which share, and what became of it.

All is written under another name, flushed and renamed; whatever else lies there is not read. Who wants to know whether
something is there lists the directory, which a client of NFS asks the server for; that a single name is not there it
may believe itself for a minute.
"""

import json
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.sharing.attempts import Attempt
from efs_backup.domain.sharing.order import Order, read_order
from efs_backup.domain.sharing.result import ShareResult, read_result
from efs_backup.domain.snapshots.names import SHARES_NAME
from efs_backup.engine.machine.regular_file import opened_regular, small_content
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.held import held

PROOF, BLOCKS, INODES, LINKS = "proof", "blocks", "inodes", "links"
"""Sections of a result after its first line: new blocks of the manifest, where each lies, facts about hard links."""

_ORDER, _STOP, _BEGUN, _ENDED, _LIFE, _UNFINISHED = "order.json", "stop", "begun", "ended", "life", "unfinished"
_PRIVATE = 0o700
_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KEY = re.compile(r"begun\.(\d{1,6})\.(\d{1,6})", re.ASCII)
_IDENTITY = re.compile(r"[0-9a-f]{16}", re.ASCII)
_MOST_BYTES = 2**30
"""Of an order or a result: some million subtrees."""
_MOST_ATTEMPTS = 100
_READ_AT_ONCE = 2**20


class OrderFiles:
    """The files of one order. All raise OSError, FileNotFoundError where the order is over.

    place: the directory in the series that has such orders.
    """

    def __init__(self, series: Path, identity: str, place: str = SHARES_NAME) -> None:
        if not _IDENTITY.fullmatch(identity):
            raise ValueError(f"{identity!r} names no order")
        self.identity = identity
        self.path = series / place / identity

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
        self._write(_ORDER, [order.text().encode()])

    def order(self) -> Order:
        """The order. Raises ValueError of anything else."""
        return read_order(self._read(_ORDER))

    def stop(self) -> None:
        """Ask all who work at it to stop."""
        self._write(_STOP, [])

    def names(self) -> frozenset[str]:
        """The names in the directory at this moment."""
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
        """Begin an attempt at a share, before anything is touched; each has another number.

        A symlink that leads nowhere: a name and who has it, made by one request, or by somebody else.
        """
        for number in range(_MOST_ATTEMPTS):
            attempt = Attempt(share, number, by)
            with suppress(FileExistsError):
                self._file(f"{_BEGUN}.{attempt.key}").symlink_to(by)
                return attempt
        raise OSError(f"share {share} was begun {_MOST_ATTEMPTS} times")

    def attempts(self, names: Iterable[str] | None = None, known: Container[str] = ()) -> list[Attempt]:
        """All that were begun, in order, but those whose keys are known; of these names, if it was listed before."""
        keys = (_KEY.fullmatch(name) for name in (self.names() if names is None else names))
        begun = ((int(key[1]), int(key[2])) for key in keys if key and f"{int(key[1])}.{int(key[2])}" not in known)
        return [Attempt(share, number, self._begun_by(share, number)) for share, number in sorted(begun)]

    def _begun_by(self, share: int, number: int) -> str:
        try:
            return os.readlink(self._file(f"{_BEGUN}.{share}.{number}"))
        except OSError:  # no symlink of ours, or the order is over
            return "?"

    def unfinished(self, attempt: Attempt) -> Path:
        """A directory of its own for the large files of an attempt that is not the first."""
        path = self.path / f"{_UNFINISHED}.{attempt.key}"
        path.mkdir(_PRIVATE, exist_ok=True)
        return path

    def live(self, attempt: Attempt, done: CopyStatistics, beat: int) -> None:
        """Say that an attempt goes on, and how far it is."""
        said = {"beat": beat, "files": done.number_of_files, "size": done.total_file_size}
        copied = {"copied": done.number_of_files_transferred, "copied_size": done.total_transferred_file_size}
        self._write(f"{_LIFE}.{attempt.key}", [json.dumps({**said, **copied}).encode()], is_durable=False)

    def life(self, attempt: Attempt, names: Container[str]) -> tuple[int, CopyStatistics]:
        """(a number that is another each time that it was heard of; how far it is). names: what is there."""
        name = f"{_LIFE}.{attempt.key}"
        said = self._said(name) if name in names else {}
        names = ("beat", "files", "size", "copied", "copied_size")
        beat, files, size, copied, copied_size = (found if type(found := said.get(one)) is int else 0 for one in names)
        return beat, CopyStatistics(files, copied, 0, size, copied_size)

    def end(self, attempt: Attempt, result: ShareResult, sections: Mapping[str, Callable[[], Iterable[bytes]]]) -> None:
        """Write the result of an attempt, with its sections, as one file that is there as a whole or not at all.

        They are measured first, so that its first line can say where each begins.
        """
        lengths = {name: sum(map(len, content())) for name, content in sections.items()}
        head = json.dumps({"result": result.said(), "sections": lengths}).encode() + b"\n"
        contents = chain([head], chain.from_iterable(content() for content in sections.values()))
        self._write(f"{_ENDED}.{attempt.key}", contents)

    def fail(self, attempt: Attempt, why: str) -> None:
        """Write that an attempt has ended without a result: nothing of it is at work any more."""
        self._write(f"{_ENDED}.{attempt.key}", [json.dumps({"failure": why}).encode()])

    def ended(self, attempt: Attempt, names: Container[str]) -> "ShareResult | str | None":
        """The result of an attempt, or why there is none, or None of one that has not ended. Raises ValueError.

        names: what is there.
        """
        if f"{_ENDED}.{attempt.key}" not in names:
            return None
        try:
            with self._opened(attempt) as file:
                said = _head_of(file)
        except FileNotFoundError:
            return None
        return str(said["failure"]) if "failure" in said else read_result(said.get("result"))

    @contextmanager
    def section(self, attempt: Attempt, name: str) -> Iterator[Iterator[bytes]]:
        """A section of a result, in pieces. Raises ValueError where it is not all there."""
        with self._opened(attempt) as file:
            lengths = _head_of(file).get("sections")
            if not isinstance(lengths, dict) or name not in lengths:
                raise ValueError(f"the result has no section {name!r}")
            for before, length in lengths.items():
                if type(length) is not int or length < 0:
                    raise ValueError("the result is torn")
                if before == name:
                    break
                file.seek(length, os.SEEK_CUR)
            yield _pieces(file, lengths[name])

    @contextmanager
    def _opened(self, attempt: Attempt) -> Iterator[IO[bytes]]:
        with (
            opened_regular(self._file(f"{_ENDED}.{attempt.key}")) as descriptor,
            os.fdopen(descriptor, "rb", closefd=False) as file,
        ):
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
        return small_content(self._file(name), _MOST_BYTES)

    def _write(self, name: str, contents: Iterable[bytes], *, is_durable: bool = True) -> None:
        beside = self._file(f".{os.urandom(8).hex()}.new")
        with open(os.open(beside, _MAKING, 0o600), "wb") as file:
            file.writelines(contents)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        os.rename(beside, self._file(name))


def _head_of(file: IO[bytes]) -> dict[str, Any]:
    """The first line of a result. Raises ValueError."""
    try:
        said = json.loads(file.readline(_MOST_BYTES))
    except RecursionError as error:
        raise ValueError("it is no result") from error
    if not isinstance(said, dict):
        raise ValueError("it is no result")  # noqa: TRY004 - of what a file holds
    return said


def _pieces(file: IO[bytes], length: int) -> Iterator[bytes]:
    while length:
        piece = file.read(min(length, _READ_AT_ONCE))
        if not piece:
            raise ValueError("the result is torn")
        length -= len(piece)
        yield piece


def orders_left(series: Path, place: str = SHARES_NAME) -> list[OrderFiles]:
    """The orders that lie in a series, in the directory for their kind."""
    try:
        names = os.listdir(series / place)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [OrderFiles(series, name, place) for name in sorted(names) if _IDENTITY.fullmatch(name)]
