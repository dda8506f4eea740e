"""The lists of the parts, written by the survey: what many threads have found need not be looked for again by one."""

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from efs_backup.copy_worker.attributes import NOT_SURVEYED, packed
from efs_backup.domain.copying.commands import PartSizes
from efs_backup.domain.copying.parts import Piece, share_out
from efs_backup.engine.machine.os_errors import temporary_space_named

_WRITTEN_AT_ONCE = 2**20


class PartLists:
    """Lists of NUL-separated paths `./directory/name`, as fpart writes them, and beside them the attributes of each.

    A directory in which nothing is to be copied ends in a slash. Pieces of at most `most` are written, from many
    threads at a time, and become parts once the sizes of those are known. Everything raises CopyFailed where the disk
    with the temporary files refuses.
    """

    def __init__(self, place: Path, most: Piece) -> None:
        self._place = place
        self._most = most
        self._pieces: list[Piece] = []
        self._paths, self._attributes = _Pieces(place / "part"), _Pieces(place / "attributes.part")
        self._waiting: list[tuple[bytes, bytes]] = []
        self._files = self._size = 0
        self._lock = threading.Lock()
        with temporary_space_named(str(place)):
            place.mkdir()

    def add(self, directory: str, mode: int, found: Sequence[tuple[bytes, os.stat_result]]) -> None:
        """What was found in a directory ("" for the root) of this mode."""
        place = b"./" + os.fsencode(directory) + b"/" if directory else b"./"
        listed = [(place + name + b"\0", packed(seen, mode)) for name, seen in found]
        sizes = [seen.st_size for _, seen in found]
        with self._lock:
            if self._fits(len(listed), size := sum(sizes)):
                self._waiting += listed
                self._files, self._size = self._files + len(listed), self._size + size
                return
            for entry, size in zip(listed, sizes, strict=True):
                self._add(entry, 1, size)

    def _fits(self, files: int, size: int) -> bool:
        return len(self._waiting) + files < self._most.files and self._size + size < self._most.size

    def add_empty(self, directory: str) -> None:
        """A directory in which nothing is to be copied."""
        with self._lock:
            self._add((b"./" + os.fsencode(directory) + b"/\0", NOT_SURVEYED), 0, 0)

    def gather(self, sizes: PartSizes) -> None:
        """Make the parts, and a table of them: a line each, with number, files and bytes."""
        self._end_piece()
        shares = share_out(self._pieces, self._most, sizes)
        with temporary_space_named(str(self._place)):
            self._write_table(shares)
            for number, share in reversed([*enumerate(shares, 1)]):
                self._paths.split_off(share.start, number)
                self._attributes.split_off(share.start, number)

    def _write_table(self, shares: Sequence[range]) -> None:
        with (self._place / "parts").open("w") as table:
            for number, share in enumerate(shares, 1):
                pieces = self._pieces[share.start : share.stop]
                table.write(f"{number} {sum(piece.files for piece in pieces)} {sum(piece.size for piece in pieces)}\n")

    def _add(self, entry: tuple[bytes, bytes], files: int, size: int) -> None:
        self._waiting.append(entry)
        self._files, self._size = self._files + files, self._size + size
        if len(self._waiting) >= self._most.files or self._size >= self._most.size:
            self._end_piece()

    def _end_piece(self) -> None:
        if self._waiting:
            with temporary_space_named(str(self._place)):
                self._paths.append(b"".join(path for path, _ in self._waiting))
                self._attributes.append(b"".join(attributes for _, attributes in self._waiting))
            self._pieces.append(Piece(self._files, self._size))
            self._waiting, self._files, self._size = [], 0, 0


class _Pieces:
    """A file that grows by pieces; parts are split off from its end, so that little is on the disk twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._length = self._written = 0
        self._unwritten: list[bytes] = []
        self._begins: list[int] = []

    def append(self, piece: bytes) -> None:
        self._begins.append(self._length)
        self._length += len(piece)
        self._unwritten.append(piece)
        if self._length - self._written >= _WRITTEN_AT_ONCE:
            self._write()

    def _write(self) -> None:
        with self._path.open("ab") as whole:
            whole.write(b"".join(self._unwritten))
        self._written, self._unwritten = self._length, []

    def split_off(self, first: int, number: int) -> None:
        """Make all from this piece on the part of this number."""
        self._write()
        with self._path.open("r+b") as whole, self._path.with_name(f"{self._path.name}.{number}").open("wb") as part:
            whole.seek(self._begins[first])
            shutil.copyfileobj(whole, part)
            whole.truncate(self._begins[first])
