"""Which place of which file system is shown where."""

from dataclasses import dataclass

from efs_backup.domain.snapshots.mountinfo import MountLine

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


def located(line: MountLine) -> Mount:
    """The mount of a line of the kernel's table, in which NFS has its root in what it was mounted from."""
    inside = f"/{line.source.partition(':/')[2]}" if line.kind.startswith("nfs") else line.root
    return Mount(line.number, Location(line.device, inside), line.point)


def is_within(path: str, outer: str) -> bool:
    """Whether an absolute path is the other one, or below it."""
    return path == outer or path.startswith(f"{outer.rstrip('/')}/")


def _moved(path: str, old: str, new: str) -> str:
    """A path at or below the old directory, as it is below the new one."""
    below = path.removeprefix(old.rstrip("/")).strip("/")
    return f"{new.rstrip('/')}/{below}" if below else new
