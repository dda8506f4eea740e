"""The lessons of a walk about what is left out, remembered for another instance that has to know them too."""

import os
from collections.abc import Sequence

from efs_backup.domain.sharing.result import Learned
from efs_backup.domain.warnings import Warned
from efs_backup.engine.trees.left_out import Description, LeftOut
from efs_backup.engine.trees.tree import Tree


class Learning(LeftOut):
    """Leaves out what another one does, and remembers what that is told."""

    def __init__(self, inner: LeftOut) -> None:
        super().__init__()
        self._inner = inner
        self._met = set[int]()
        self._gone, self._closed, self._own = set[str](), set[str](), set[str]()

    @property
    def learned(self) -> Learned:
        """All that was told."""
        return Learned(
            tuple(sorted(self._met)), tuple(sorted(self._gone)), tuple(sorted(self._closed)), tuple(sorted(self._own))
        )  # fmt: skip

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return self._inner(path, entry)

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._inner)

    def is_closed(self, directory: str, /) -> bool:
        """See LeftOut."""
        return self._inner.is_closed(directory)

    def met(self, path: str, attributes: os.stat_result, /) -> bool:
        """See LeftOut."""
        is_met = self._inner.met(path, attributes)
        if is_met:
            self._own.add(path)
        return is_met

    def description(self) -> Description:
        """See LeftOut."""
        return self._inner.description()

    def learn(self, met: Sequence[int], gone: Sequence[str]) -> None:
        """See LeftOut."""
        self._met.update(met)
        self._gone.update(gone)
        self._inner.learn(met, gone)

    def learn_closed(self, path: str) -> None:
        """See LeftOut."""
        self._closed.add(path)
        self._inner.learn_closed(path)

    def notes(self) -> list[str]:
        """See LeftOut."""
        return self._inner.notes()

    def warnings(self) -> list[Warned]:
        """See LeftOut."""
        return self._inner.warnings()


def teach(left_out: LeftOut, learned: Learned, source: Tree) -> None:
    """Tell what another instance has learned."""
    left_out.learn(learned.met, learned.gone)
    for path in learned.closed:
        left_out.learn_closed(path)
    for path in learned.own:
        if found := source.find(path):
            left_out.met(path, found)
