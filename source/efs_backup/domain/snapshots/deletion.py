"""How a deletion ended, and what to do about what it could not delete."""

import errno
import shlex
from dataclasses import dataclass

NAMED = 3
"""Paths that a sentence names; it counts them all."""


@dataclass(frozen=True)
class Undeleted:
    """A path that stays, and the error that says why."""

    path: str
    error_number: int
    error: str

    @classmethod
    def by(cls, error: OSError, path: str) -> "Undeleted":
        """The path that this error keeps."""
        return cls(path, error.errno or errno.EIO, error.strerror or str(error))

    def __str__(self) -> str:
        return f"{self.path!r} ({'something is mounted there' if self.is_mounted else self.error})"

    @property
    def is_mounted(self) -> bool:
        """Whether it is a mount point: no deletion crosses one."""
        return self.error_number in {errno.EXDEV, errno.EBUSY}

    @property
    def remedy(self) -> str:
        """The way to let a kept entry go, a command where there is one; "" where only another try may help."""
        if self.is_mounted:
            return f"umount {shlex.quote(self.path)}"
        if self.error_number in {errno.EPERM, errno.EACCES}:
            return f"chattr -i -a {shlex.quote(self.path)} {shlex.quote(self.path.rpartition('/')[0])}"
        return ""


@dataclass(frozen=True)
class Deletion:
    """The end of a deletion: whether it was asked to stop before, the first of what stays, and how much that is."""

    was_stopped: bool = False
    first: tuple[Undeleted, ...] = ()
    undeleted: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left."""
        return not self.was_stopped and not self.undeleted

    def __str__(self) -> str:
        """A sentence for the operator about what could not be deleted; "" where nothing of the kind is."""
        if not self.undeleted:
            return ""
        named = ", ".join(map(str, self.first))
        more = f" and {self.undeleted - len(self.first):,} more" if self.undeleted > len(self.first) else ""
        remedies = [*dict.fromkeys(remedy for kept in self.first if (remedy := kept.remedy))]
        what_to_do = f" What may let them go: {'; '.join(f'`{remedy}`' for remedy in remedies)}." if remedies else ""
        return f"Not everything that was dropped could be deleted, all else is: {named}{more}.{what_to_do}"
