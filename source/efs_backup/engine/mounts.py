"""What file system a path lies on."""

import os
import re
from dataclasses import dataclass
from pathlib import Path


def kind_of(path: str) -> str:
    """The type of its file system as the kernel names it (`ext4`, `nfs4`, `fuse.x`); "" where it cannot be told."""
    return kind_of_device(os.stat(path).st_dev)


def kind_of_device(device: int) -> str:
    """The type of the file system of this device (`st_dev`), as the kernel names it; "" where it cannot be told."""
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = (_parse(line) for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines())
    return next((kind for mounted, kind in kinds if mounted == number), "")


def _parse(line: str) -> tuple[str, str]:
    """(device, kind) of a line of mountinfo: see proc(5)."""
    before, _, after = line.partition(" - ")
    return before.split()[2], after.split()[0]


@dataclass(frozen=True)
class Mounted:
    """What is mounted somewhere, and the options that the kernel and the server have agreed on."""

    kind: str
    device: str
    options: str


def mounted_at(path: str) -> Mounted | None:
    """What is mounted exactly there; None where nothing is."""
    wanted = os.path.realpath(path)
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    found = [line.partition(" - ")[2] for line in lines if _unescaped(line.split()[4]) == wanted]
    return Mounted(*found[-1].split(" ", 2)) if found else None


def mounts_below(path: str) -> list[str]:
    """The mount points in a directory and below it, bind mounts too, as paths relative to it; "" for itself."""
    root = os.path.realpath(path)
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    places = {_unescaped(line.split()[4]) for line in lines}
    return sorted(
        os.path.relpath(place, root) if place != root else ""
        for place in places
        if place == root or place.startswith(f"{root.rstrip('/')}/")
    )


def _unescaped(path: str) -> str:
    """A path of mountinfo, where space, tab, newline and backslash are octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
