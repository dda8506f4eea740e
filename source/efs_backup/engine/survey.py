"""A first look at the source: how much there is, which files have several names, and the names in each directory."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from efs_backup.domain.evidence import Surveyed
from efs_backup.domain.witness import Names
from efs_backup.engine.hard_links import LinkedInodes
from efs_backup.engine.part_lists import PartLists
from efs_backup.engine.refusals import source_errors_named
from efs_backup.engine.tree import Tree
from efs_backup.engine.tree_walk import TreeWalk, joined

_MOST_REMEMBERED = 64 * 2**20
_BYTES_OF_A_DIRECTORY = 600
_BYTES_OF_A_NAME = 60
_NAMES_AT_A_TIME = 1000


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
    source: Tree,
    is_left_out: Callable[[str], bool],
    should_stop: Callable[[], bool] = lambda: False,
    lists: PartLists | None = None,
) -> Survey:
    """List every directory once; `lists` gets all that is to be copied.

    Raises SourceUnreadable where a directory cannot be listed, CopyFailed of the lists, and Stopped.
    """
    surveying = Surveying(source, is_left_out, lists)
    TreeWalk(surveying.enter, threads=source.concurrency.threads, should_stop=should_stop).run()
    return surveying.survey()


class Surveying:
    """A survey under way: of a walk of its own, or of another one, which tells what it lists, a parent always first."""

    def __init__(self, source: Tree, is_left_out: Callable[[str], bool], lists: PartLists | None) -> None:
        self._source = source
        self._is_left_out = is_left_out
        self._lists = lists
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
        """List a directory; the names to go down into."""
        return self.take(directory, self._listed(directory))

    def take(self, directory: str, listed: Iterable[tuple[str, os.stat_result, bool]]) -> Iterable[str]:
        """Note what is in a directory: names, attributes, and whether each is a directory; gives the directories.

        What the directory itself was before is known from the listing above it.
        """
        before = self._listed_above.pop(directory, None) or self._root(directory)
        names, below, batch = Names(), list[str](), list[tuple[str, os.stat_result]]()
        place = joined(directory, "")
        for name, attributes, is_directory in listed:
            if self._is_left_out(path := place + name):
                continue
            if is_directory:
                self._listed_above[path] = attributes
                below.append(name)
                continue
            names.add(os.fsencode(name))
            batch.append((name, attributes))
            if len(batch) == _NAMES_AT_A_TIME:
                self._note(directory, batch)
                batch = []
        self._note(directory, batch)
        self._end(directory, Surveyed(names, tuple(below), before.st_ino, before.st_ctime_ns))
        return below

    def _root(self, directory: str) -> os.stat_result:
        with source_errors_named(self._source.root):
            return self._source.stat(directory)

    def _listed(self, directory: str) -> Iterator[tuple[str, os.stat_result, bool]]:
        with source_errors_named(self._source.root, directory):
            try:
                for name, attributes, is_directory in self._source.entries(directory, with_stat=True):
                    if attributes:
                        yield name, attributes, is_directory
            except (FileNotFoundError, NotADirectoryError):
                return  # removed in the meantime

    def _note(self, directory: str, found: list[tuple[str, os.stat_result]]) -> None:
        if self._lists:
            self._lists.add(directory, ((name, attributes.st_size) for name, attributes in found))
        with self._lock:
            self._survey.size += sum(attributes.st_size for _, attributes in found)
            for _, attributes in found:
                self._inodes.meet(attributes)

    def _end(self, directory: str, found: Surveyed) -> None:
        if self._lists and not found.names.count and directory:
            self._lists.add_empty(directory)
        with self._lock:
            self._survey.files += found.names.count
            self._survey.directories += len(found.below)
            self._remember(directory, found)

    def _remember(self, directory: str, found: Surveyed) -> None:
        """As long as there is room: a tree of very many directories must not fill the memory."""
        names = (directory, *found.below)
        self._memory_left -= _BYTES_OF_A_DIRECTORY + sum(map(len, names)) + _BYTES_OF_A_NAME * len(names)
        if self._memory_left > 0:
            self._survey.remembered[directory] = found
