"""Names taken out of a tree that is made, whose directories look afterwards as if nothing had been done in them."""

import os
import stat
from collections.abc import Callable, Iterable

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.facts import DirectoryFacts, set_directory_attributes
from efs_backup.copy_worker.trash import to_trash
from efs_backup.engine.trees.tree import Tree


def take_out(
    tree: Tree, trash: int, paths: Iterable[str], attributes_of: Callable[[str], Attributes | None],
    dressed: Iterable[str] = (),
) -> None:  # fmt: skip
    """Remove names, directories to the trash (a descriptor); what is not there is left. Raises OSError.

    attributes_of: those that the directory at a path ("" for the tree itself) has to have; None where nobody knows.
    dressed: directories that get theirs, though nothing is taken out of them.
    """
    around = {path.rpartition("/")[0] for path in paths if _remove(tree, trash, path)}
    for directory in sorted(around | {"" if path == "." else path for path in dressed}, reverse=True):
        wanted = attributes_of(directory)
        if wanted and tree.find(directory or "."):
            times = wanted.mtime_ns, wanted.mtime_ns
            with tree.opened(directory, to_list=False) as descriptor:
                facts = DirectoryFacts((wanted.mode, wanted.uid, wanted.gid, *times))
                set_directory_attributes(descriptor, facts)


def _remove(tree: Tree, trash: int, path: str) -> bool:
    found = tree.find(path)
    if found is None:
        return False
    with tree.above(path) as (directory, name):
        if stat.S_ISDIR(found.st_mode):
            to_trash(trash, directory, name)
        else:
            os.unlink(name, dir_fd=directory)
    return True
