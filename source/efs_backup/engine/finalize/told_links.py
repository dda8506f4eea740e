"""The names of a snapshot that are one file with others of it, as its manifest tells."""

import os
from array import array

from efs_backup.copy_worker.blocks import skimmed
from efs_backup.engine.finalize.hard_links import repeated
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.trees.tree_walk import joined


def names_of_one_file(manifest: ManifestReader) -> frozenset[str]:
    """Their paths; inodes are only compared, so that it does not matter on which file system they were told.

    Raises OSError, and ValueError of a manifest that is torn.
    """
    inodes = array("Q")
    for position in range(len(manifest.index)):
        inodes.extend(one.inode for one in skimmed(manifest.text(position)).entries)
    several = {inode for inode, _ in repeated(inodes)}
    if not several:
        return frozenset()
    return frozenset(
        joined(os.fsdecode(block.path), os.fsdecode(one.name))
        for position in range(len(manifest.index))
        for block in [skimmed(manifest.text(position))]
        for one in block.entries
        if one.inode in several
    )
