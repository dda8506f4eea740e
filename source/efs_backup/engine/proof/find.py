"""Names found by a pattern: in a manifest, in changes, or where there is no manifest by a walk of the snapshot."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from efs_backup.copy_worker.attributes import attributes_of
from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.snapshots.changes import ADDED, CHANGED, REMOVED
from efs_backup.domain.snapshots.glob import Glob
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.history import History, fields_of
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined

_PLACE = 7
"""Where the path stands among the words that begin a block."""


@dataclass(frozen=True)
class Found:
    """A name, by its raw path. fields: of its line. night: in which it changed, if that was asked; is_new: it came."""

    path: bytes
    fields: bytes
    night: str | None = None
    is_new: bool = False

    @cached_property
    def state(self) -> State:
        """The name as it is. Raises ValueError where its line is torn."""
        return State.of(self.fields)

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.fields.startswith(b"type=dir ")


def find_in_manifest(reader: ManifestReader, glob: Glob) -> Iterator[Found]:
    """Find names in a manifest, in its order, one block in memory at once. Raises OSError, and ValueError if torn."""
    last = None
    for position, path in enumerate(reader.index.paths()):
        is_itself = path not in (last, b"") and glob.matches(path)
        last, test = path, glob.within(path)
        if test or is_itself:
            yield from _in_block(reader.text(position), path, glob, test, is_itself=is_itself)


def _in_block(
    text: bytes, path: bytes, glob: Glob, test: Callable[[bytes], bool] | None, *, is_itself: bool
) -> Iterator[Found]:
    if not is_itself and glob.plain not in text:
        return
    head, *lines = text.split(b"\n")
    start = len(_place_in(head)) + 1
    for line in lines:
        if glob.plain not in line or line.startswith(b"#") or not line:
            continue
        place, _, fields = line.partition(b" ")
        if len(place) < start:
            if is_itself:
                yield Found(path, fields)
        elif test and not glob.is_for_directories:
            name = place[start:]
            name = unescaped(name) if b"\\" in name else name
            if test(name):
                yield Found(b"%b/%b" % (path, name) if path else name, fields)


def _place_in(head: bytes) -> bytes:
    words = head.split(b" ")
    if words[0] != b"#block" or len(words) <= _PLACE:
        raise ValueError(f"{head[:200]!r} does not begin a block")
    return words[_PLACE]


def find_in_tree(tree: Tree, glob: Glob, unseen: Callable[[str, OSError], None]) -> Iterator[Found]:
    """Find names in a snapshot, directory by directory; `unseen` gets what cannot be seen. No symlink is followed."""
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        raw = os.fsencode(directory)
        test, below = glob.within(raw), list[str]()
        for name, seen in _listed(tree, directory, unseen):
            path, is_directory = joined(directory, name), stat.S_ISDIR(seen.st_mode)
            if test and (is_directory or not glob.is_for_directories) and test(os.fsencode(name)):
                yield _seen(tree, path, seen)
            if is_directory and glob.leads_into(os.fsencode(path)):
                below.append(path)
        waiting += reversed(below)


def _listed(tree: Tree, directory: str, unseen: Callable[[str, OSError], None]) -> list[tuple[str, os.stat_result]]:
    try:
        found = [entry for batch in tree.batches(directory, unseen=unseen) for entry in batch]
    except OSError as error:
        unseen(directory, error)
        return []
    return sorted(found, key=lambda entry: os.fsencode(entry[0]))


def _seen(tree: Tree, path: str, seen: os.stat_result) -> Found:
    link = os.fsencode(tree.read_link(path)) if stat.S_ISLNK(seen.st_mode) else b""
    return Found(os.fsencode(path), fields_of(attributes_of(seen, link), seen.st_ino))


class Changed:
    """The names of a snapshot that were new or changed in the nights after one, each once, the newest night first.

    Of each name that was told a number is kept, which takes some 60 bytes. `first`: the oldest snapshot to which the
    nights lead back.
    """

    def __init__(self, history: History, snapshot: str, after: str, glob: Glob) -> None:
        self._history = history
        self._glob = glob
        self._told: set[int] = set()
        chain = [*history.lineage.ancestors(snapshot)]
        self.first = chain[-1]
        self._nights = [night for night in chain if night > after and night in history.lineage.since]

    def __iter__(self) -> Iterator[Found]:
        """Give a name at a time."""
        for night in self._nights:
            gone = set[int]()
            with self._history.tolerating(night):
                for text in self._history.changes(night):
                    if self._glob.plain in text:
                        yield from self._in_text(text, night, gone)
            self._told |= gone

    def _in_text(self, text: bytes, night: str, gone: set[int]) -> Iterator[Found]:
        """gone: gets what went in this night, and what is told of it in older ones does not count."""
        last, test = None, None
        for line in text.split(b"\n"):
            word, place, fields = ([*line.split(b" ", 2), b"", b""])[:3]
            if self._glob.plain not in line or word not in {ADDED, CHANGED, REMOVED} or place == b".":
                continue
            above, _, name = place.removeprefix(b"./").rpartition(b"/")
            if last != above:
                last, test = above, self._glob.within(unescaped(above))
            if (
                test
                and test(unescaped(name))
                and (fields.startswith(b"type=dir ") or not self._glob.is_for_directories)
            ):
                key = hash(place)
                if word == REMOVED:
                    gone.add(key)
                elif key not in self._told:
                    self._told.add(key)
                    yield Found(unescaped(place[2:]), fields, night, is_new=word == ADDED)
