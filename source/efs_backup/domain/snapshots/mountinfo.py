"""The kernel's table of mounts, as /proc/self/mountinfo spells it: see proc(5)."""

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class MountLine:
    """One mount: at `point` it shows the directory `root` of the file system on the device (`8:1`).

    source: what it was mounted from; options: those of the file system.
    """

    number: int
    device: str
    root: str
    point: str
    kind: str
    source: str
    options: str


def parse_mount_line(line: str) -> MountLine:
    """Read a line of the table."""
    before, _, after = line.partition(" - ")
    number, _, device, root, point = before.split(" ")[:5]
    kind, source, options = after.split(" ", 2)
    return MountLine(int(number), device, unescaped(root), unescaped(point), kind, unescaped(source), options)


def unescaped(path: str) -> str:
    """A path of the table, or of /etc/fstab, where space, tab, newline and backslash are octal."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), path)
