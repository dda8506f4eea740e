"""Deletion of whole trees by a work queue of directories."""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from efs_backup.engine.throttle import Throttle
from efs_backup.engine.tree import Tree
from efs_backup.engine.tree_walk import Stopped, TreeWalk

_FILES_AT_A_TIME = 10_000


def delete_trees(
    trees: Iterable[Path], should_stop: Callable[[], bool] = lambda: False, throttle: Throttle | None = None
) -> bool:
    """Delete directory trees; False where asked to stop before the end. Raises OSError."""
    try:
        for tree in trees:
            _delete_tree(tree, should_stop, throttle)
    except Stopped:
        return False
    return True


def _delete_tree(path: Path, should_stop: Callable[[], bool], throttle: Throttle | None) -> None:
    _let_enter(path, None)
    with Tree(path, throttle) as tree:

        def enter(directory: str) -> Iterable[str]:
            with tree.opened(directory) as descriptor:
                return _remove_files(descriptor, tree.throttle, should_stop)

        def leave(directory: str) -> None:
            if directory:
                tree.remove_directory(directory)

        TreeWalk(
            enter,
            leave,
            threads=tree.concurrency.changing_threads,
            should_stop=should_stop,
            activity=lambda: tree.throttle.paid,
        ).run()
    path.rmdir()


def _remove_files(descriptor: int, throttle: Throttle, should_stop: Callable[[], bool]) -> list[str]:
    """Remove all that is no directory; the names of the directories."""
    while True:
        files, directories = _first_entries(descriptor)
        for name in files:
            if should_stop():
                raise Stopped
            throttle.pay()
            os.unlink(name, dir_fd=descriptor)
        if len(files) < _FILES_AT_A_TIME:
            return directories


def _first_entries(descriptor: int) -> tuple[list[str], list[str]]:
    """(files, directories), as far as there are not more files than a list in memory should hold."""
    files, directories = list[str](), list[str]()
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                files.append(entry.name)
                if len(files) == _FILES_AT_A_TIME:
                    break
            else:
                _let_enter(entry.name, descriptor)
                directories.append(entry.name)
    return files, directories


def _let_enter(directory: str | Path, parent: int | None) -> None:
    """Give its owner the rights to empty a directory; root has them in any case."""
    if os.geteuid() == 0:
        return
    mode = stat.S_IMODE(os.stat(directory, dir_fd=parent, follow_symlinks=False).st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(directory, mode | stat.S_IRWXU, dir_fd=parent)
