"""Mounts of the EFS simulator, with faults on demand."""

import json
import subprocess
from pathlib import Path
from typing import Any

_WITHOUT_LATENCY = ("meta_read_us=0", "meta_write_us=0", "read_us=0", "write_us=0")


class Simulator:
    """Makes mounts below one directory; a mount of a known name shows the same files again."""

    def __init__(self, program: Path, place: Path) -> None:
        self._program = program
        self.place = place
        self._mounted: list[Path] = []

    def mount(self, name: str, *options: str) -> Path:
        """Mount a file system, anew if it is mounted already; options as in bench/efs_sim/README.md."""
        backing, mount = self.place / f"{name}.backing", self.place / name
        backing.mkdir(parents=True, exist_ok=True)
        mount.mkdir(exist_ok=True)
        self.unmount(mount)
        chosen = ",".join((*_WITHOUT_LATENCY, *options))
        subprocess.run([self._program, backing, mount, "-o", chosen], check=True)
        self._mounted.append(mount)
        return mount

    def mount_again(self, name: str, mount: Path) -> None:
        """Mount the same files at a second place, as from the same server."""
        subprocess.run(
            [self._program, self.place / f"{name}.backing", mount, "-o", ",".join(_WITHOUT_LATENCY)], check=True
        )
        self._mounted.append(mount)

    def unmount(self, mount: Path) -> None:
        """Unmount; nothing if it is not mounted."""
        if mount in self._mounted:
            subprocess.run(["umount", "--lazy", mount], check=True)
            self._mounted.remove(mount)

    def unmount_all(self) -> None:
        """Unmount everything."""
        for mount in list(self._mounted):
            self.unmount(mount)

    @staticmethod
    def counts(mount: Path) -> dict[str, Any]:
        """The statistics since it was mounted."""
        counted: dict[str, Any] = json.loads((mount / ".efs_sim_stats").read_text())
        return counted
