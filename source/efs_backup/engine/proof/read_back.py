"""A published snapshot read, block by block, for the manifest that it has not got."""

import os
import stat
import threading
from collections.abc import Callable, Iterator

from efs_backup.copy_worker.attributes import Attributes, attributes_of
from efs_backup.copy_worker.blocks import NO_SOURCE, Block, Entry, Source, digest_of_block, packed, slice_of
from efs_backup.copy_worker.directory import slices_of
from efs_backup.copy_worker.facts import directory_facts
from efs_backup.copy_worker.hashing import HashStopped, sha256_of
from efs_backup.copy_worker.receipts import BlockProof
from efs_backup.copy_worker.throttle import NAMES_IN_A_REQUEST
from efs_backup.domain.errors import CopyFailed
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped, TreeWalk, joined


class ReadBack:
    """Reads a snapshot into `gathered`. source: what is to be said of each file's source, which nobody knows any more.

    A file that cannot be read has no hash, and is in `unread`.
    """

    def __init__(self, tree: Tree, gathered: Gathered, source: Source, should_stop: Callable[[], bool]) -> None:
        self._tree = tree
        self._gathered = gathered
        self._source = source
        self._should_stop = should_stop
        self._lock = threading.Lock()
        self.unread: list[str] = []

    def run(self) -> None:
        """Read all of it. Raises Stopped, Hung, CopyFailed of the temporary files, and OSError of a directory."""
        throttle = self._tree.throttle
        TreeWalk(
            self._enter,
            threads=self._tree.concurrency.changing_threads,
            should_stop=self._should_stop,
            activity=lambda: throttle.paid,
        ).run()

    def _enter(self, path: str) -> list[str]:
        below = list[str]()
        with self._tree.opened(path) as directory:
            facts = directory_facts(os.fstat(directory))
            parts = slices_of(self._count(directory))
            for part in range(parts):
                block = Block(os.fsencode(path), part, parts)
                block.entries = [*self._entries(directory, block, path, below)]
                block.directory = Attributes(*facts[:4]) if part == 0 else None
                block.digest = digest_of_block(block, facts)
                proof = BlockProof(part, parts, packed(block), block.digest, block.counts())
                with self._lock:
                    self._gathered.take(path, facts, [proof.packed()])
        if self._gathered.fault:
            raise CopyFailed(f"No manifest was made, for {self._gathered.fault}.", "Free space there, or set TMPDIR.")
        return below

    def _count(self, directory: int) -> int:
        with os.scandir(directory) as entries:
            met = sum(1 for _ in entries)
        self._tree.throttle.pay(met // NAMES_IN_A_REQUEST)
        return met

    def _entries(self, directory: int, block: Block, path: str, below: list[str]) -> Iterator[Entry]:
        """The entries of a part, in order of their bytes; read in order of inodes, as a disk most often has them."""
        found = sorted(self._look(directory, block, below), key=lambda one: one[1].st_ino)
        read = [self._entry(directory, name, attributes, path) for name, attributes in found]
        yield from sorted(read, key=lambda one: one.name)

    def _look(self, directory: int, block: Block, below: list[str]) -> Iterator[tuple[str, os.stat_result]]:
        with os.scandir(directory) as entries:
            for entry in entries:
                if block.parts > 1 and slice_of(os.fsencode(entry.name), block.parts) != block.part:
                    continue
                attributes = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(attributes.st_mode):
                    below.append(entry.name)
                else:
                    yield entry.name, attributes

    def _entry(self, directory: int, name: str, found: os.stat_result, path: str) -> Entry:
        raw = os.fsencode(name)
        if stat.S_ISLNK(found.st_mode):
            self._tree.throttle.pay()
            return Entry(raw, attributes_of(found, os.readlink(raw, dir_fd=directory)), found.st_ino, self._source)
        if not stat.S_ISREG(found.st_mode):
            return Entry(raw, attributes_of(found), found.st_ino, self._source)
        try:
            sha256, read = sha256_of(directory, name, self._tree.throttle, self._should_stop)
        except HashStopped as stopped:
            raise Stopped from stopped
        except (OSError, ValueError):
            self.unread.append(joined(path, name))
            return Entry(raw, attributes_of(found), found.st_ino, NO_SOURCE)
        return Entry(raw, attributes_of(read, sha256=sha256), read.st_ino, self._source)
