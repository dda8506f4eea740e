"""Mounts for the tests: bound directories, memory, full disks, and file systems that root may not or cannot look at."""

import ctypes
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_C_LIBRARY = ctypes.CDLL(None, use_errno=True)


class Mounts:
    """Mounts, each on a directory that is made for it (on a file, if one is there); all are unmounted at the end."""

    def __init__(self) -> None:
        self._points: list[Path] = []
        self._descriptors: list[int] = []

    def bind(self, what: Path, point: Path) -> Path:
        """Show a directory or file at a second place."""
        if not what.is_file():
            point.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", what, point], check=True)
        return self._mounted(point)

    def memory(self, point: Path) -> Path:
        """A new file system in memory."""
        point.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
        return self._mounted(point)

    def of_somebody(self, point: Path) -> Path:
        """A FUSE mount as another user makes it: root may not look at it (EACCES)."""
        return self._fuse(point, owner=65534)

    def dead(self, point: Path) -> Path:
        """A FUSE mount whose server never answers: who looks at it hangs."""
        return self._fuse(point, owner=0)

    def _fuse(self, point: Path, owner: int) -> Path:
        point.mkdir(parents=True, exist_ok=True)
        descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self._descriptors.append(descriptor)
        options = f"fd={descriptor},rootmode={stat.S_IFDIR:o},user_id={owner},group_id={owner}"
        if _C_LIBRARY.mount(b"nobody's", os.fsencode(point), b"fuse", 0, options.encode()) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(point))
        return self._mounted(point)

    def _mounted(self, point: Path) -> Path:
        self._points.append(point)
        return point

    def unmount_all(self) -> None:
        """Unmount everything, the last first."""
        for descriptor in self._descriptors:
            os.close(descriptor)  # who waits for a dead server gets an error
        for point in reversed(self._points):
            subprocess.run(["umount", "--lazy", point], check=True)


@contextmanager
def mounted_tmpfs(place: Path, options: str) -> Iterator[Path]:
    """A tmpfs of these options at a directory, which is made where it is missing."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(place: Path) -> None:
    """Leave not one byte free on the file system of this directory."""
    with open(place / "filler", "wb", buffering=0) as filler:
        for size in (65536, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue
