"""Large files that a backup has begun, and that the next one continues."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.names import UNFINISHED_NAME
from efs_backup.engine.machine.regular_file import small_content
from efs_backup.engine.trees.delete import delete_content

_PRIVATE = 0o700
_MOST_BYTES = 4096
_UNTIL = ".until"


class UnfinishedFiles:
    """The directory of a series in which a copy worker lets large files grow; see `copy_worker.large_file`."""

    def __init__(self, series: Path) -> None:
        self._path = series / UNFINISHED_NAME

    def make(self) -> Path:
        """Have the directory, a real one of our own. Raises OSError."""
        with suppress(FileExistsError):
            self._path.mkdir(_PRIVATE)
        if not stat.S_ISDIR(self._path.lstat().st_mode):
            self._path.unlink()
            self._path.mkdir(_PRIVATE)
        return self._path

    def told(self) -> Iterator[str]:
        """A sentence about each file that waits."""
        for name, size in sorted(self._files()):
            file = name.split("-", 5)[-1]
            yield f"{file!r} was cut off after {sized(size)}; the next backup continues it there."

    def forget(self) -> None:
        """Remove all: a backup that is whole has left nothing to go on with. Raises OSError."""
        delete_content(self._path.parent, self._path.name)
        with suppress(OSError):  # somebody has put something into it, or mounted something on it
            self._path.rmdir()

    def _files(self) -> Iterator[tuple[str, int]]:
        with suppress(FileNotFoundError, NotADirectoryError):
            for name in os.listdir(self._path):
                if not name.endswith((_UNTIL, f"{_UNTIL}.new")):
                    yield name, self._believed(name)

    def _believed(self, name: str) -> int:
        """The bytes with which the next backup goes on: those that are known to be on the disk."""
        try:
            said = small_content(self._path / f"{name}{_UNTIL}", _MOST_BYTES)
        except (OSError, ValueError):
            return 0
        return int(said) if said.isdigit() else 0
