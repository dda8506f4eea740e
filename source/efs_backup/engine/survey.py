"""A first look at the source: how much there is, and which files have several names."""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from efs_backup.engine.hard_links import LinkedInodes
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.tree import Tree
from efs_backup.engine.tree_walk import TreeWalk, joined


@dataclass
class Survey:
    """Counts of a tree: files are everything that is no directory; size is the bytes of their contents."""

    files: int = 0
    directories: int = 0
    size: int = 0
    linked_inodes: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return self.files == 0 and self.directories == 0


def take_survey(
    source: Tree, is_left_out: Callable[[str], bool], should_stop: Callable[[], bool] = lambda: False
) -> Survey:
    """List every directory once. Raises SourceUnreadable where one cannot be listed, and Stopped."""
    survey, inodes, lock = Survey(), LinkedInodes(), threading.Lock()

    def enter(directory: str) -> Iterable[str]:
        below, files, size = [], 0, 0
        for name, attributes, is_directory in _listed(source, directory):
            if is_left_out(joined(directory, name)) or attributes is None:
                continue
            if is_directory:
                below.append(name)
                continue
            files, size = files + 1, size + attributes.st_size
            with lock:
                inodes.meet(attributes)
        with lock:
            survey.files, survey.size = survey.files + files, survey.size + size
            survey.directories += len(below)
        return below

    TreeWalk(enter, threads=source.concurrency.threads, should_stop=should_stop).run()
    survey.linked_inodes = inodes.repeated()
    return survey


def _listed(source: Tree, directory: str) -> list[tuple[str, os.stat_result | None, bool]]:
    with source_errors_named(source.root, directory):
        try:
            return source.list(directory, with_stat=True)
        except (FileNotFoundError, NotADirectoryError):
            return []  # removed in the meantime
