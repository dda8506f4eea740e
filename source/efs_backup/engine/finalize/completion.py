"""What makes a copied partial whole: hard links, names checked, directories' attributes."""

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from efs_backup.domain.errors import SourceUnreadable
from efs_backup.engine.finalize.finish import Finish, Finished, FinishOrder
from efs_backup.engine.finalize.hard_links import false_links, groups_of, relink, separate
from efs_backup.engine.machine.os_errors import source_errors_named
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.left_out import Together, Unreadable
from efs_backup.engine.trees.tree import Tree


class Completion:
    """The last step before a publish."""

    def __init__(self, source: Tree, target: Tree, bringer: Bringer, order: FinishOrder) -> None:
        self._source = source
        self._target = target
        self._bringer = bringer
        self._order = order

    def run(self, linked_inodes: frozenset[int]) -> Finished:
        """Complete the target. Raises SourceUnreadable, CopyFailed, and OSError on the target's side."""
        self._check_that_source_is_the_same()
        with source_errors_named(self._source.root):
            left_out = Together([self._order.is_left_out, Unreadable(self._order.troubled)])
            groups = groups_of(self._source, linked_inodes, left_out)
        relink(self._target, groups)
        touched = _directories_of(chain.from_iterable(groups))
        finished = self._check_names(touched)
        if finished.brought and groups:  # what came late may be names of them
            relink(self._target, groups)
            finished = self._check_again(finished, touched)
        if strangers := false_links(self._source, self._target, finished.inodes.repeated()):
            separate(self._target, strangers)
            relink(self._target, groups)
            finished = self._check_again(finished, touched | _directories_of(strangers))
        return finished

    def _check_again(self, before: Finished, touched: frozenset[str]) -> Finished:
        again = self._check_names(touched)
        again.brought, again.brought_size = again.brought + before.brought, again.brought_size + before.brought_size
        return again

    def _check_that_source_is_the_same(self) -> None:
        """An unmounted source is not one of which every file has vanished."""
        with source_errors_named(self._source.root):
            found, started = os.stat(self._source.root), os.fstat(self._source.descriptor)
        if (found.st_dev, found.st_ino) != (started.st_dev, started.st_ino):
            raise SourceUnreadable(f"The source {self._source.root!r} was unmounted or replaced during the backup.")

    def _check_names(self, touched: frozenset[str]) -> Finished:
        """Where names were replaced the copy's witness does not know what is there now."""
        order = replace(self._order, evidence=self._order.evidence.doubting(touched))
        return Finish(self._source, self._target, self._bringer, order).run()


def _directories_of(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(map(os.path.dirname, paths))
