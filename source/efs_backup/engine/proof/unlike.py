"""The files of one snapshot that must not stand for those of another, though they look alike: told by manifests."""

import os
import stat
from collections.abc import Iterator

from efs_backup.copy_worker.blocks import Block, Entry, skimmed
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import joined


def unlike(wanted: ManifestReader, before: ManifestReader, tree: Tree) -> frozenset[int]:
    """The inodes in `tree` that are not to be linked: their content is another, or nobody knows that it is the same.

    tree: a snapshot that has what `before` says, perhaps as a copy, whose inodes are others; wanted: the manifest of
    the snapshot that is made. Raises OSError, and ValueError of a manifest that is torn.
    """
    found = set[int]()
    for position in range(len(wanted.index)):
        for path in _unlike_in(wanted, position, before):
            there = tree.find(path)
            if there and stat.S_ISREG(there.st_mode):
                found.add(there.st_ino)
    return frozenset(found)


def _unlike_in(wanted: ManifestReader, position: int, before: ManifestReader) -> Iterator[str]:
    """The paths of a block that look alike, and are not known to be the same."""
    if _is_as_before(wanted, position, before):
        return
    block = skimmed(wanted.text(position))
    old = _entries(before, block)
    for entry in block.entries if old else ():
        was = old.get(entry.name)
        if was and looks_alike(entry, was) and not is_same_content(entry, was):
            yield joined(os.fsdecode(block.path), os.fsdecode(entry.name))


def _is_as_before(wanted: ManifestReader, position: int, before: ManifestReader) -> bool:
    """Whether the block has the very files that the same block has in the manifest before."""
    first = position
    while first and wanted.index.keys[first - 1] == wanted.index.keys[position]:
        first -= 1
    key, digest, part = wanted.index.keys[position], wanted.index.digests[position], position - first
    start = before.index.position_of(key)
    if start is None or before.index.parts[start] != wanted.index.parts[position]:
        return False
    return bool(digest) and before.index.digests[start + part] == digest


def _entries(reader: ManifestReader, block: Block) -> dict[bytes, Entry]:
    positions = reader.index.positions(block.path)
    return {one.name: one for position in positions for one in skimmed(reader.text(position)).entries}


def looks_alike(one: Entry, other: Entry) -> bool:
    """Whether two entries are regular files of the same size and mtime. Raises ValueError."""
    if one.line and one.line == other.line:
        return True
    mine, its = one.attributes, other.attributes
    return stat.S_ISREG(mine.mode) and stat.S_ISREG(its.mode) and (mine.size, mine.mtime_ns) == (its.size, its.mtime_ns)


def is_same_content(one: Entry, other: Entry) -> bool:
    """Whether two files have the same content: the same hash, or one inode of one state, if a hash is not known.

    Of what is no file the content is its line.
    """
    mine, its = one.attributes, other.attributes
    if not stat.S_ISREG(mine.mode):
        return True
    if mine.sha256 and its.sha256:
        return mine.sha256 == its.sha256
    return one.inode == other.inode and one.source == other.source and bool(one.source[1])
