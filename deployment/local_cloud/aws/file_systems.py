"""Amazon EFS as folders: one for each file system, found by the addresses of its mount targets."""

import os
import shutil
from pathlib import Path


class FileSystems:
    """Folders below one directory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._by_address = place / "by-address"
        self._by_address.mkdir(parents=True)

    def simulate(self, program: Path, options: str) -> None:
        """Let each mount from now on be one of the simulator bench/efs_sim, with these of its options.

        An instance has slots, caches and latencies of its own then, as it has with Amazon EFS.
        """
        place = self.place / "simulator"
        place.mkdir()
        shutil.copy(program, place / "efs_sim")
        (place / "options").write_text(options)

    def folder(self, file_system: str) -> Path:
        """The root of a file system."""
        return self.place / file_system

    def made(self, file_system: str) -> None:
        """A file system was created."""
        self.folder(file_system).mkdir(exist_ok=True)

    def mountable(self, file_system: str, address: str) -> None:
        """A mount target was created."""
        self.made(file_system)
        (self._by_address / address).symlink_to(f"../{file_system}")

    def not_mountable(self, address: str) -> None:
        """A mount target was deleted."""
        (self._by_address / address).unlink(missing_ok=True)

    def size(self, file_system: str) -> int:
        """The bytes of its files."""
        seen: dict[tuple[int, int], int] = {}
        for directory, _, names in os.walk(self.folder(file_system)):
            for name in names:
                found = os.lstat(os.path.join(directory, name))
                seen[found.st_dev, found.st_ino] = found.st_size
        return sum(seen.values())
