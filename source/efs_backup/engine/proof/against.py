"""Names of a tree held against the lines of a manifest: type, size, mtime, mode, owner, content."""

import os
import stat
from collections.abc import Callable

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.hashing import HashStopped, sha256_of
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped


class LineFacts:
    """The attributes of a line, under the names that the kernel gives them."""

    __slots__ = ("st_atime_ns", "st_blocks", "st_gid", "st_mode", "st_mtime_ns", "st_rdev", "st_size", "st_uid")

    def __init__(self, wanted: Attributes) -> None:
        self.st_mode, self.st_uid, self.st_gid = wanted.mode, wanted.uid, wanted.gid
        self.st_size, self.st_rdev, self.st_mtime_ns = wanted.size, wanted.device, wanted.mtime_ns
        self.st_atime_ns = self.st_blocks = 0


def has_content(wanted: Attributes) -> bool:
    """Whether there is something in it that could be compared."""
    return stat.S_ISREG(wanted.mode)


class Against:
    """A tree in which names are compared with lines of a manifest; fidelity: how exactly it can hold them."""

    def __init__(self, tree: Tree, fidelity: Fidelity, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._tree = tree
        self._fidelity = fidelity
        self._should_stop = should_stop

    def aspects(self, path: str, wanted: Attributes) -> tuple[str, ...] | None:
        """In what the name at this path differs; None where nothing is there. Raises Stopped."""
        try:
            with self._tree.above(path) as (directory, name):
                found = os.stat(name, dir_fd=directory, follow_symlinks=False)
                self._tree.throttle.pay()
                return self._aspects(directory, name, found, wanted)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except HashStopped as error:
            raise Stopped from error
        except OSError as error:
            return (f"content (it cannot be read: {error.strerror})",)

    def _aspects(self, directory: int, name: str, found: os.stat_result, wanted: Attributes) -> tuple[str, ...]:
        losses = self._fidelity.losses(LineFacts(wanted), _native(found))
        if "type" in losses or "size" in losses:
            return losses
        return (*losses, "content") if self._has_other_content(directory, name, wanted) else losses

    def _has_other_content(self, directory: int, name: str, wanted: Attributes) -> bool:
        if stat.S_ISLNK(wanted.mode):
            return os.fsencode(os.readlink(name, dir_fd=directory)) != wanted.link
        if not wanted.sha256:
            return False
        try:
            return sha256_of(directory, name, self._tree.throttle, self._should_stop)[0] != wanted.sha256
        except ValueError:
            return True  # it changed while it was read


def _native(found: os.stat_result) -> LineFacts:
    """The same attributes as a line has; st_rdev means nothing but for devices."""
    is_device = stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode)
    return LineFacts(Attributes(
        found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_size, found.st_rdev if is_device else 0,
    ))  # fmt: skip
