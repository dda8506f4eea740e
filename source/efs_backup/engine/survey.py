"""A first look at the source: how much there is, which files have several names, and the names in each directory."""

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from efs_backup.domain.evidence import Surveyed
from efs_backup.domain.witness import Names
from efs_backup.engine.hard_links import LinkedInodes
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.tree import Tree
from efs_backup.engine.tree_walk import TreeWalk, joined

_MOST_REMEMBERED = 64 * 2**20
_BYTES_OF_A_DIRECTORY = 600
_BYTES_OF_A_NAME = 60


@dataclass
class Survey:
    """Counts of a tree: files are everything that is no directory; size is the bytes of their contents.

    remembered: the directories by their paths, as many as a limited memory holds.
    """

    files: int = 0
    directories: int = 0
    size: int = 0
    linked_inodes: frozenset[int] = frozenset()
    remembered: dict[str, Surveyed] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return self.files == 0 and self.directories == 0


def take_survey(
    source: Tree, is_left_out: Callable[[str], bool], should_stop: Callable[[], bool] = lambda: False
) -> Survey:
    """List every directory once. Raises SourceUnreadable where one cannot be listed, and Stopped."""
    surveying = _Surveying(source, is_left_out)
    TreeWalk(surveying.enter, threads=source.concurrency.threads, should_stop=should_stop).run()
    return surveying.survey()


class _Surveying:
    """The walk that lists every directory."""

    def __init__(self, source: Tree, is_left_out: Callable[[str], bool]) -> None:
        self._source = source
        self._is_left_out = is_left_out
        self._survey = Survey()
        self._inodes = LinkedInodes()
        self._lock = threading.Lock()
        self._listed_above: dict[str, os.stat_result] = {}
        self._memory_left = _MOST_REMEMBERED

    def survey(self) -> Survey:
        """What was found."""
        self._survey.linked_inodes = self._inodes.repeated()
        return self._survey

    def enter(self, directory: str) -> Iterable[str]:
        """List a directory; what it was before is known from the listing above."""
        before = self._listed_above.pop(directory, None) or self._root(directory)
        names, size, below, linked = Names(), 0, list[str](), list[os.stat_result]()
        for name, attributes, is_directory in self._listed(directory):
            if attributes is None or self._is_left_out(path := joined(directory, name)):
                continue
            if is_directory:
                self._listed_above[path] = attributes
                below.append(name)
                continue
            names.add(os.fsencode(name))
            size += attributes.st_size
            if attributes.st_nlink > 1:
                linked.append(attributes)
        self._note(directory, size, linked, Surveyed(names, tuple(below), before.st_ino, before.st_ctime_ns))
        return below

    def _root(self, directory: str) -> os.stat_result:
        with source_errors_named(self._source.root):
            return self._source.stat(directory)

    def _listed(self, directory: str) -> list[tuple[str, os.stat_result | None, bool]]:
        with source_errors_named(self._source.root, directory):
            try:
                return self._source.list(directory, with_stat=True)
            except (FileNotFoundError, NotADirectoryError):
                return []  # removed in the meantime

    def _note(self, directory: str, size: int, linked: list[os.stat_result], found: Surveyed) -> None:
        with self._lock:
            self._survey.files += found.names.count
            self._survey.size += size
            self._survey.directories += len(found.below)
            for attributes in linked:
                self._inodes.meet(attributes)
            self._remember(directory, found)

    def _remember(self, directory: str, found: Surveyed) -> None:
        """As long as there is room: a tree of very many directories must not fill the memory."""
        names = (directory, *found.below)
        self._memory_left -= _BYTES_OF_A_DIRECTORY + sum(map(len, names)) + _BYTES_OF_A_NAME * len(names)
        if self._memory_left > 0:
            self._survey.remembered[directory] = found
