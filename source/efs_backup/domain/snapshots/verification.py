"""Verification: what of a snapshot is not as its manifest says."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from efs_backup.copy_worker.attributes import Attributes


class Level(StrEnum):
    """How closely is looked; each level has what the ones before have. attributes: also a symlink's text."""

    NAMES = "names"
    ATTRIBUTES = "attributes"
    CONTENT = "content"


class Aspect(StrEnum):
    """The possible differences of a name."""

    MISSING = "missing"
    EXTRA = "extra"
    KIND = "kind"
    MODE = "mode"
    OWNER = "owner"
    TIME = "time"
    SIZE = "size"
    LINK = "link"
    DEVICE = "device"
    CONTENT = "content"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that is other than it was. path: below the snapshot; inode: of the file in the snapshot, 0 for none."""

    path: str
    aspect: Aspect
    expected: str = ""
    found: str = ""
    inode: int = 0

    def __str__(self) -> str:
        if self.aspect in {Aspect.MISSING, Aspect.EXTRA}:
            return f"{self.path}: {self.aspect}"
        return f"{self.path}: {self.aspect} is {self.found or 'unknown'}, was {self.expected or 'unknown'}"


@dataclass
class Verified:
    """The end of a verification.

    directories, names: that were looked at; files, bytes: whose content was read; late: of those files, how many have
    no hash in the manifest. is_whole: nobody asked to stop before all was looked at.
    """

    directories: int = 0
    names: int = 0
    files: int = 0
    bytes: int = 0
    late: int = 0
    differences: list[Difference] = field(default_factory=list)
    is_whole: bool = True


def differing(said: Attributes, there: Attributes) -> Iterator[tuple[Aspect, str, str]]:
    """(aspect, expected, found) of each attribute that is not as it was. Of a directory no size is compared."""
    if stat.S_IFMT(said.mode) != stat.S_IFMT(there.mode):
        yield Aspect.KIND, stat.filemode(said.mode)[0], stat.filemode(there.mode)[0]
        return
    if said.mode != there.mode:
        yield Aspect.MODE, f"{stat.S_IMODE(said.mode):04o}", f"{stat.S_IMODE(there.mode):04o}"
    if (said.uid, said.gid) != (there.uid, there.gid):
        yield Aspect.OWNER, f"{said.uid}:{said.gid}", f"{there.uid}:{there.gid}"
    if said.mtime_ns != there.mtime_ns:
        yield Aspect.TIME, f"{said.mtime_ns} ns", f"{there.mtime_ns} ns"
    if stat.S_ISREG(said.mode) and said.size != there.size:
        yield Aspect.SIZE, str(said.size), str(there.size)
    if stat.S_ISLNK(said.mode) and said.link != there.link:
        yield Aspect.LINK, repr(said.link), repr(there.link)
    if (stat.S_ISBLK(said.mode) or stat.S_ISCHR(said.mode)) and said.device != there.device:
        yield Aspect.DEVICE, str(said.device), str(there.device)
