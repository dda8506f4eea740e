"""Which place of which file system is shown where."""

from dataclasses import dataclass

LOST_AND_FOUND = "lost+found"
"""The directory that ext4 keeps for itself in the root of each of its file systems."""


@dataclass(frozen=True)
class Location:
    """A place of a file system, wherever that is mounted: the device as `8:1`, and the path from its own root."""

    device: str
    path: str

    def is_within(self, other: "Location") -> bool:
        """Whether it is the other one, or inside it."""
        return self.device == other.device and is_within(self.path, other.path)


@dataclass(frozen=True)
class Mount:
    """A mount as mountinfo has it: at `point` it shows what is at `root` in its file system."""

    number: int
    root: Location
    point: str

    def location(self, path: str) -> Location:
        """Find the place that a path at or below the mount's point shows."""
        return Location(self.root.device, _moved(path, self.point, self.root.path))

    def shows(self, wanted: Location) -> str | None:
        """The path at which this mount shows that location: its own point where it shows only a part of it."""
        if wanted.is_within(self.root):
            return _moved(wanted.path, self.root.path, self.point)
        return self.point if self.root.is_within(wanted) else None


def parse_mount(line: str) -> Mount:
    """A line of mountinfo (proc(5)), in which NFS has its root in what it calls the device."""
    before, _, after = line.partition(" - ")
    number, _, device, root, point = before.split(" ")[:5]
    kind, source = after.split(" ")[:2]
    inside = f"/{source.partition(':/')[2]}" if kind.startswith("nfs") else root
    return Mount(int(number), Location(device, _unescaped(inside)), _unescaped(point))


def is_within(path: str, outer: str) -> bool:
    """Whether an absolute path is the other one, or below it."""
    return path == outer or path.startswith(f"{outer.rstrip('/')}/")


def _moved(path: str, old: str, new: str) -> str:
    """A path at or below the old directory, as it is below the new one."""
    below = path.removeprefix(old.rstrip("/")).strip("/")
    return f"{new.rstrip('/')}/{below}" if below else new


def _unescaped(text: str) -> str:
    """A path of mountinfo, where space, tab, newline and backslash are octal."""
    head, *tail = text.split("\\")
    return head + "".join(chr(int(part[:3], 8)) + part[3:] for part in tail)
