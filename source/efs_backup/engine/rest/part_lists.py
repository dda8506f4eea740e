"""The lists of the parts: pieces that are written as the walk finds them, and become parts of equal weight."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from efs_backup.domain.copying.commands import PartSizes
from efs_backup.domain.copying.parts import Piece, share_out
from efs_backup.engine.machine.os_errors import temporary_space_named

_WRITTEN_AT_ONCE = 2**20


class PartLists:
    """Lists of NUL-separated paths `./directory/name`, as fpart writes them.

    Pieces of at most `most` are written, and become parts once the sizes of those are known. Everything raises
    CopyFailed where the disk with the temporary files refuses.
    """

    def __init__(self, place: Path, most: Piece) -> None:
        self._path = place / "pieces"
        self._most = most
        self._pieces: list[Piece] = []
        self._begins: list[int] = []
        self._waiting: list[bytes] = []
        self._unwritten: list[bytes] = []
        self._files = self._size = self._length = self._written = 0
        with temporary_space_named(str(place)):
            place.mkdir(parents=True, exist_ok=True)

    def add(self, path: str, size: int) -> None:
        """Add a file of so many bytes."""
        self._waiting.append(b"./" + os.fsencode(path) + b"\0")
        self._files, self._size = self._files + 1, self._size + size
        if self._files >= self._most.files or self._size >= self._most.size:
            self._end_piece()

    def gather(self, sizes: PartSizes, part: Callable[[int], Path]) -> list[Piece]:
        """Make the parts, each as the file that `part` names by its number, from 1; what each holds."""
        self._end_piece()
        shares = share_out(self._pieces, self._most, sizes)
        with temporary_space_named(str(self._path)):
            self._write()
            part(1).parent.mkdir(parents=True, exist_ok=True)
            for number, share in reversed([*enumerate(shares, 1)]):
                self._split_off(share.start, part(number))
        return [_sum(self._pieces[share.start : share.stop]) for share in shares]

    def paths(self) -> Iterator[str]:
        """All paths, of lists that were not made parts."""
        self._end_piece()
        with temporary_space_named(str(self._path)):
            self._write()
            with self._path.open("rb") as whole:
                for path in _split(whole):
                    yield os.fsdecode(path.removeprefix(b"./"))

    def _end_piece(self) -> None:
        if not self._waiting:
            return
        self._begins.append(self._length)
        self._pieces.append(Piece(self._files, self._size))
        self._unwritten.append(b"".join(self._waiting))
        self._length += len(self._unwritten[-1])
        self._waiting, self._files, self._size = [], 0, 0
        if self._length - self._written >= _WRITTEN_AT_ONCE:
            with temporary_space_named(str(self._path)):
                self._write()

    def _write(self) -> None:
        with self._path.open("ab") as whole:
            whole.write(b"".join(self._unwritten))
        self._written, self._unwritten = self._length, []

    def _split_off(self, first: int, part: Path) -> None:
        """Make all from this piece on a part: from the end, so that little is on the disk twice."""
        with self._path.open("r+b") as whole, part.open("wb") as file:
            whole.seek(self._begins[first])
            shutil.copyfileobj(whole, file)
            whole.truncate(self._begins[first])


def _sum(pieces: Sequence[Piece]) -> Piece:
    return Piece(sum(piece.files for piece in pieces), sum(piece.size for piece in pieces))


def _split(file: BinaryIO) -> Iterator[bytes]:
    """Give what stands before each NUL, without the whole file in memory."""
    left = b""
    while block := file.read(_WRITTEN_AT_ONCE):
        *paths, left = (left + block).split(b"\0")
        yield from paths
