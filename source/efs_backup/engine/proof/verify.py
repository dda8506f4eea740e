"""A snapshot held against its manifest: names, attributes, contents."""

import os
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from efs_backup.copy_worker.attributes import Attributes, attributes_of
from efs_backup.copy_worker.blocks import Block, Entry, slice_of
from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.hashing import READING, HashStopped, sha256_of
from efs_backup.copy_worker.proof import read_link
from efs_backup.domain.snapshots.verification import Aspect, Difference, Level, Verified, differing
from efs_backup.engine.machine.patience import for_each
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined

Chosen = Callable[[Entry], bool]


class Verification:
    """Verifies the tree of a snapshot by many threads.

    chosen: of which regular files the content is read. should_stop: asked for every directory and MiB. found: gets each
    file whose content was read, as it was found to be.
    """

    def __init__(
        self, tree: Tree, manifest: ManifestReader, level: Level, *, chosen: Chosen = lambda _entry: True,
        should_stop: Callable[[], bool] = lambda: False, found: Callable[[str, Entry, bytes], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        self._tree = tree
        self._manifest = manifest
        self._level = level
        self._chosen = chosen
        self._should_stop = should_stop
        self._found = found
        self._lock = threading.Lock()
        self._verified = Verified()

    def run(self, positions: Iterable[int] | None = None) -> Verified:
        """Verify the directories at these positions of the manifest, all where none are given.

        Raises Hung where nothing moves any more, and ValueError where the manifest is torn.
        """
        chosen = range(len(self._manifest.index)) if positions is None else positions
        for_each(
            ((f"directory {position}", position) for position in chosen),
            lambda _name, position: self._verify(position),
            threads=self._tree.concurrency.threads,
            activity=lambda: self._tree.throttle.paid,
        )
        self._verified.differences.sort()
        return self._verified

    def _verify(self, position: int) -> None:
        if self._should_stop():
            self._verified.is_whole = False
            return
        block = self._manifest.block(position)
        path = os.fsdecode(block.path)
        try:
            with self._tree.opened(path) as directory:
                self._verify_directory(directory, path, block)
        except OSError as error:
            self._differ(path or ".", _aspect_of(error), "", error.strerror or "")

    def _verify_directory(self, directory: int, path: str, block: Block) -> None:
        with os.scandir(directory) as listed:
            there = {
                os.fsencode(entry.name): entry.is_dir(follow_symlinks=False) for entry in listed
                if slice_of(os.fsencode(entry.name), block.parts) == block.part
            }  # fmt: skip
        said = {entry.name for entry in block.entries}
        for name in sorted({*there} - said):
            whole = os.path.join(block.path, name)
            if not (there[name] and self._manifest.index.positions(whole)):
                self._differ(os.fsdecode(whole), Aspect.EXTRA)
        if block.directory and self._level is not Level.NAMES:
            self._compare(path or ".", block.directory, attributes_of(os.fstat(directory)), 0)
        for entry in block.entries:
            self._verify_entry(directory, joined(path, os.fsdecode(entry.name)), entry, is_there=entry.name in there)
        with self._lock:
            self._verified.directories += block.part == 0
            self._verified.names += len(block.entries)

    def _verify_entry(self, directory: int, path: str, entry: Entry, *, is_there: bool) -> None:
        if not is_there:
            self._differ(path, Aspect.MISSING, inode=entry.inode)
            return
        if self._level is Level.NAMES:
            return
        self._tree.throttle.pay()
        found = os.stat(entry.name, dir_fd=directory, follow_symlinks=False)
        entry.inode = found.st_ino  # in a second copy the manifest has the one that the file has in BACKUP
        link = read_link(directory, entry.name) if stat.S_ISLNK(found.st_mode) else b""
        is_same = self._compare(path, entry.attributes, attributes_of(found, link), found.st_ino)
        is_read = self._level is Level.CONTENT and stat.S_ISREG(found.st_mode) and self._chosen(entry)
        if is_same and is_read:
            self._read(directory, path, entry)

    def _compare(self, path: str, said: Attributes, there: Attributes, inode: int) -> bool:
        """Whether the content may be the same, too."""
        aspects = [*differing(said, there)]
        for aspect, expected, found in aspects:
            self._differ(path, aspect, expected, found, inode)
        return not any(aspect in {Aspect.KIND, Aspect.SIZE} for aspect, _, _ in aspects)

    def _read(self, directory: int, path: str, entry: Entry) -> None:
        expected = entry.attributes.sha256
        try:
            content = self._content(directory, entry)
        except HashStopped:
            self._verified.is_whole = False
            return
        except (OSError, ValueError) as error:
            self._differ(path, Aspect.UNREADABLE, found=str(error), inode=entry.inode)
            return
        with self._lock:
            self._verified.files += 1
            self._verified.bytes += entry.attributes.size
            self._verified.late += not expected
        self._found(path, entry, content)
        if expected and content != expected:
            self._differ(path, Aspect.CONTENT, expected.hex(), content.hex(), entry.inode)

    def _content(self, directory: int, entry: Entry) -> bytes:
        """Read a file; where it is not what it was, once more from the disk, for memory may be wrong."""
        content, _ = sha256_of(directory, entry.name, self._tree.throttle, self._should_stop)
        if entry.attributes.sha256 in {b"", content}:
            return content
        forget_cached(directory, entry.name)
        return sha256_of(directory, entry.name, self._tree.throttle, self._should_stop)[0]

    def _differ(self, path: str, aspect: Aspect, expected: str = "", found: str = "", inode: int = 0) -> None:
        with self._lock:
            self._verified.differences.append(Difference(path, aspect, expected, found, inode))


def forget_cached(directory: int, name: bytes) -> None:
    """Have the next reader of a file read it from the disk, or from the server."""
    with suppress(OSError):
        descriptor = os.open(name, READING, dir_fd=directory)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _aspect_of(error: OSError) -> Aspect:
    return Aspect.MISSING if error.errno in NOT_THERE else Aspect.UNREADABLE
