"""The lists of the parts, written by the survey: what many threads have found need not be looked for again by one."""

import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from efs_backup.domain.commands import PartSizes
from efs_backup.domain.parts import Piece, share_out
from efs_backup.engine.refusals import temporary_space_named


class PartLists:
    """Lists of NUL-separated paths `./directory/name`, as fpart writes them; a directory ends in a slash.

    They are written in pieces of at most `most`, from many threads at a time, and become parts once the sizes of those
    are known. Everything raises CopyFailed where the disk with the temporary files refuses.
    """

    def __init__(self, place: Path, most: Piece) -> None:
        self._place = place
        self._most = most
        self._pieces: list[Piece] = []
        self._entries: list[bytes] = []
        self._files = self._size = 0
        self._lock = threading.Lock()
        with temporary_space_named():
            place.mkdir()

    def add(self, directory: str, found: Iterable[tuple[str, int]]) -> None:
        """Names in a directory ("" for the root), each with the bytes of its content."""
        place = b"./" + os.fsencode(directory) + b"/" if directory else b"./"
        with self._lock:
            for name, size in found:
                self._entries.append(place + os.fsencode(name))
                self._files, self._size = self._files + bool(name), self._size + size
                if len(self._entries) >= self._most.files or self._size >= self._most.size:
                    self._end_piece()

    def add_empty(self, directory: str) -> None:
        """A directory in which nothing is to be copied."""
        self.add(directory, [("", 0)])

    def gather(self, sizes: PartSizes) -> None:
        """Make the parts, and a table of them: a line each, with number, files and bytes."""
        self._end_piece()
        shares = share_out(self._pieces, self._most, sizes)
        with temporary_space_named(), (self._place / "parts").open("w") as table:
            for number, share in enumerate(shares, 1):
                self._join(share, self._place / f"part.{number}")
                pieces = self._pieces[share.start : share.stop]
                table.write(f"{number} {sum(piece.files for piece in pieces)} {sum(piece.size for piece in pieces)}\n")

    def _join(self, share: Sequence[int], part: Path) -> None:
        first, *others = map(self._piece, share)
        first.rename(part)
        with part.open("ab") as out:
            for other in others:
                with other.open("rb") as more:
                    shutil.copyfileobj(more, out)
                other.unlink()

    def _end_piece(self) -> None:
        if self._entries:
            with temporary_space_named():
                self._piece(len(self._pieces)).write_bytes(b"".join(entry + b"\0" for entry in self._entries))
            self._pieces.append(Piece(self._files, self._size))
            self._entries, self._files, self._size = [], 0, 0

    def _piece(self, position: int) -> Path:
        return self._place / f"piece.{position}"
