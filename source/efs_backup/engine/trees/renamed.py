"""A directory of which one name is seen under another: for one file that is brought back to a new name."""

import os

from efs_backup.copy_worker.throttle import Throttle
from efs_backup.engine.trees.tree import LeavesOut, Tree


class RenamedTree(Tree):
    """A tree that has, for those who ask, nothing but one name: `name`, which is `was` in the directory itself."""

    def __init__(self, root: str | os.PathLike[str], was: str, name: str, throttle: Throttle | None = None) -> None:
        super().__init__(root, throttle)
        self._was = was
        self._name = name

    def names(self, path: str, leaves_out: LeavesOut | None = None) -> list[str]:  # noqa: ARG002 - it is all there is
        """See Tree."""
        return [] if path else [self._name]

    def list(self, path: str, leaves_out: LeavesOut | None = None) -> list[tuple[str, os.stat_result]]:
        """See Tree."""
        return [(name, self.stat(name)) for name in self.names(path, leaves_out)]

    def stat(self, path: str) -> os.stat_result:
        """See Tree."""
        return super().stat(self._real(path))

    def read_link(self, path: str) -> str:
        """See Tree."""
        return super().read_link(self._real(path))

    def open_file(self, path: str) -> int:
        """See Tree."""
        return super().open_file(self._real(path))

    def _real(self, path: str) -> str:
        """The path in the directory. Raises FileNotFoundError for all that is not seen."""
        if path in {"", "."}:
            return path
        if path != self._name:
            raise FileNotFoundError(path)
        return self._was
