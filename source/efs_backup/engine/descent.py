"""Directories opened name by name, so that no symlink in any component is followed; lean, for the copy tool."""

import os
import stat

PASSING = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""To go through a directory: asks nothing of a file server but its name."""

LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_root(path: str) -> int:
    """A descriptor of a tree's root, to go through; by a symlink where the path is one."""
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def open_below(root: int, path: str, flags: int) -> int:
    """A descriptor of a directory below an open one; "" for that one itself. Raises OSError."""
    names = path.split("/") if path else ["."]
    held = root
    for name in names[:-1]:
        held = _step(root, held, name)
    try:
        return os.open(names[-1], flags, dir_fd=held)
    finally:
        _release(root, held)


def _step(root: int, held: int, name: str) -> int:
    try:
        return os.open(name, PASSING, dir_fd=held)
    finally:
        _release(root, held)


def _release(root: int, held: int) -> None:
    if held != root:
        os.close(held)


def make_below(root: int, path: str, mode: int) -> tuple[int, bool]:
    """(descriptor to go through, whether it is new) of a directory that is made where it is missing; those above too.

    Raises OSError, among them NotADirectoryError where something else is in the way.
    """
    if not path:
        return os.open(".", PASSING, dir_fd=root), False
    above, _, name = path.rpartition("/")
    parent = _open_or_make(root, above)
    try:
        is_new = _make(parent, name, mode)
        return os.open(name, PASSING, dir_fd=parent), is_new
    finally:
        os.close(parent)


def _open_or_make(root: int, path: str) -> int:
    try:
        return open_below(root, path, PASSING)
    except FileNotFoundError:
        return make_below(root, path, stat.S_IRWXU)[0]


def _make(parent: int, name: str, mode: int) -> bool:
    try:
        os.mkdir(name, mode, dir_fd=parent)
    except FileExistsError:
        return False
    return True
