"""A directory tree by a descriptor of its root: a path may be of any length, and no symlink in it is followed."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from types import TracebackType
from typing import Protocol

from efs_backup.copy_worker.beneath import LISTING, PASSING, make_below, open_below, open_place
from efs_backup.copy_worker.throttle import NAMES_IN_A_REQUEST, Throttle
from efs_backup.domain.copying.parts import Concurrency, concurrency_of
from efs_backup.engine.machine.mounts import kind_of_device
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree_walk import joined

_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NAMES_AT_A_TIME = 2 * NAMES_IN_A_REQUEST


class LeavesOut(Protocol):
    """Whether to leave out the entry at a path that a listing has found, before it is looked at; false: nothing is."""

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool: ...  # noqa: D102
    def is_closed(self, directory: str, /) -> bool:
        """Whether nothing in this directory is to be listed."""


def _refuse(path: str, error: OSError) -> None:
    error.filename = path
    raise error


class Tree:
    """An open directory; all paths are relative to it, "" or "." for itself.

    Everything raises OSError: NotADirectoryError where a symlink, or anything but a directory, is in the middle of a
    path. Symlinks in the path of the root itself are followed, for the operator gave it.
    """

    def __init__(self, root: str | os.PathLike[str], throttle: Throttle | None = None) -> None:
        self.root = os.fspath(root)
        self.throttle = throttle or Throttle()
        self.descriptor = open_place(self.root, _ROOT)
        self.kind = kind_of_device(os.fstat(self.descriptor).st_dev)
        self.concurrency = concurrency_of(self.kind, os.cpu_count() or 1)

    def __enter__(self) -> "Tree":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more is wanted of it."""
        os.close(self.descriptor)

    @property
    def by_descriptor(self) -> str:
        """A path by which our programs reach this very directory, whatever somebody does to the path that led here."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def opened(self, path: str, *, to_list: bool = True) -> AbstractContextManager[int]:
        """A descriptor of a directory; one that is not to be listed costs no request to a file server."""
        self.throttle.pay(2)
        return held(open_below(self.descriptor, "" if path == "." else path, LISTING if to_list else PASSING))

    @contextmanager
    def above(self, path: str) -> Iterator[tuple[int, str]]:
        """(a descriptor of the directory around an entry, to go through, and the entry's name in it)."""
        directory, _, name = path.rpartition("/")
        descriptor = open_below(self.descriptor, directory, PASSING) if directory else self.descriptor
        try:
            yield descriptor, name or "."
        finally:
            if directory:
                os.close(descriptor)

    def batches(
        self, path: str, leaves_out: LeavesOut | None = None, unseen: Callable[[str, OSError], None] = _refuse
    ) -> Iterator[list[tuple[str, os.stat_result]]]:
        """All entries with their attributes, some at a time; what vanishes while we look is left out.

        What `leaves_out` names is not looked at. `unseen` gets the path of what cannot be looked at, and may raise.

        Few enough that they are looked at before more are asked for: a client of NFS asks for attributes with the names
        only as long as somebody looks at them. And between one look and the next little is done, for other threads that
        look at their directories would wait for it.
        """
        if leaves_out and leaves_out.is_closed(path):
            return
        with self.opened(path) as descriptor, os.scandir(descriptor) as entries:
            while batch := [*islice(entries, _NAMES_AT_A_TIME)]:
                self.throttle.pay(len(batch) // NAMES_IN_A_REQUEST)
                if leaves_out:
                    batch = [entry for entry in batch if not leaves_out(joined(path, entry.name), entry)]
                yield [(entry.name, seen) for entry in batch if (seen := _look_at(path, entry, unseen))]

    def names(self, path: str, leaves_out: LeavesOut | None = None) -> list[str]:
        """The names of all entries."""
        if leaves_out and leaves_out.is_closed(path):
            return []
        with self.opened(path) as descriptor:
            found = _names_but(descriptor, path, leaves_out) if leaves_out else os.listdir(descriptor)
        self.throttle.pay(len(found) // NAMES_IN_A_REQUEST)
        return found

    def list(self, path: str, leaves_out: LeavesOut | None = None) -> list[tuple[str, os.stat_result]]:
        """All entries with their attributes at once."""
        return [*chain.from_iterable(self.batches(path, leaves_out))]

    def stat(self, path: str) -> os.stat_result:
        """The attributes of the entry itself, never of a symlink's target."""
        self.throttle.pay()
        with self.above(path) as (directory, name):
            return os.stat(name, dir_fd=directory, follow_symlinks=False)

    def find(self, path: str) -> os.stat_result | None:
        """The attributes, or None where there is no such entry."""
        try:
            return self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_link(self, path: str) -> str:
        """The target of a symlink."""
        with self.above(path) as (directory, name):
            return os.readlink(name, dir_fd=directory)

    def open_file(self, path: str) -> int:
        """A descriptor to read a regular file; of a FIFO too, at once, whoever writes to it."""
        with self.above(path) as (directory, name):
            return os.open(name, _READING, dir_fd=directory)

    def make_directories(self, path: str) -> None:
        """Make a directory and those above it that are missing."""
        self.throttle.pay()
        os.close(make_below(self.descriptor, path, 0o700)[0])

    def rename(self, old: str, new: str) -> None:
        """Rename within the tree."""
        self.throttle.pay()
        with self.above(old) as (old_directory, old_name), self.above(new) as (new_directory, new_name):
            os.rename(old_name, new_name, src_dir_fd=old_directory, dst_dir_fd=new_directory)

    def link(self, old: str, new: str) -> None:
        """A second name for a file (for a symlink itself, not for its target)."""
        self.throttle.pay()
        with self.above(old) as (old_directory, old_name), self.above(new) as (new_directory, new_name):
            os.link(old_name, new_name, src_dir_fd=old_directory, dst_dir_fd=new_directory, follow_symlinks=False)

    def unlink(self, path: str) -> None:
        """Remove a name that is no directory."""
        with self.above(path) as (directory, name):
            os.unlink(name, dir_fd=directory)

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory."""
        self.throttle.pay()
        with self.above(path) as (directory, name):
            os.rmdir(name, dir_fd=directory)


def slowest_concurrency(*trees: Tree) -> Concurrency:
    """Return the concurrency of the slowest of these trees' file systems."""
    return max((tree.concurrency for tree in trees), key=lambda concurrency: concurrency.threads)


def _names_but(descriptor: int, path: str, leaves_out: LeavesOut) -> list[str]:
    with os.scandir(descriptor) as entries:
        return [entry.name for entry in entries if not leaves_out(joined(path, entry.name), entry)]


def _look_at(directory: str, entry: os.DirEntry[str], unseen: Callable[[str, OSError], None]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        unseen(joined(directory, entry.name), error)
        return None


def narrow_directory(descriptor: int, wanted: os.stat_result) -> None:
    """Take from an open directory what others may do in it and shall not in the end; its owner can fill it."""
    found = os.fstat(descriptor)
    os.chmod(".", stat.S_IMODE(found.st_mode & wanted.st_mode) | stat.S_IRWXU, dir_fd=descriptor)
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(".", wanted.st_uid, wanted.st_gid, dir_fd=descriptor)
