"""Deletion of whole trees by a work queue of directories."""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from efs_backup.engine.tree import Tree
from efs_backup.engine.tree_walk import Stopped, TreeWalk


def delete_trees(trees: Iterable[Path], should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Delete directory trees; False where asked to stop before the end. Raises OSError."""
    try:
        for tree in trees:
            _delete_tree(tree, should_stop)
    except Stopped:
        return False
    return True


def _delete_tree(path: Path, should_stop: Callable[[], bool]) -> None:
    _let_enter(path, None)
    with Tree(path) as tree:

        def enter(directory: str) -> Iterable[str]:
            with tree.opened(directory) as descriptor:
                return _remove_files(descriptor)

        def leave(directory: str) -> None:
            if directory:
                tree.remove_directory(directory)

        TreeWalk(enter, leave, threads=tree.concurrency.changing_threads, should_stop=should_stop).run()
    path.rmdir()


def _remove_files(descriptor: int) -> list[str]:
    with os.scandir(descriptor) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if is_directory:
            _let_enter(name, descriptor)
        else:
            os.unlink(name, dir_fd=descriptor)
    return [name for name, is_directory in found if is_directory]


def _let_enter(directory: str | Path, parent: int | None) -> None:
    """Give its owner the rights to empty a directory; root has them in any case."""
    if os.geteuid() == 0:
        return
    mode = stat.S_IMODE(os.stat(directory, dir_fd=parent, follow_symlinks=False).st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(directory, mode | stat.S_IRWXU, dir_fd=parent)
