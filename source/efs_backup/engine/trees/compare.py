"""Compare two trees, directory by directory."""

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from efs_backup.domain.copying.comparison import Aspect, Difference, Facts, Kind
from efs_backup.engine.machine.os_errors import place_of
from efs_backup.engine.trees.tree import LeavesOut, Tree
from efs_backup.engine.trees.tree_walk import TreeWalk, joined

_BLOCK = 1024 * 1024

Entry = tuple[str, os.stat_result]


@dataclass(frozen=True)
class Omitted:
    """The names that a comparison leaves out of each side."""

    old: LeavesOut | None = None
    new: LeavesOut | None = None


class Comparison:
    """The walk over both trees; `differs` gets each difference as it is found, in no order, one at a time.

    Files of equal size that are not one inode are read where `reads` says so, given those of old and new, and where
    `is_known_equal`, given the path too, does not know; else equal size and mtime are enough, as for rsync. A
    directory's mtime is not compared: it follows from its entries. Directories that only `old` has are gone through
    only on demand. What is left out of a side counts as not there: out of one alone it is a difference.
    """

    def __init__(
        self,
        old: Tree,
        new: Tree,
        differs: Callable[[Difference], None],
        *,
        reads: Callable[[os.stat_result, os.stat_result], bool] = lambda _old, _new: False,
        is_known_equal: Callable[[str, os.stat_result, os.stat_result], bool | None] = lambda _path, _old, _new: None,
        inside_old: bool = True,
        omitted: Omitted = Omitted(),
    ) -> None:
        self._old = old
        self._new = new
        self._differs = differs
        self._reads = reads
        self._is_known_equal = is_known_equal
        self._inside_old = inside_old
        self._omitted = omitted
        self._only_old: set[str] = set()
        self._lock = threading.Lock()

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Compare. Raises Stopped, and OSError where something cannot be read."""
        threads = max(self._old.concurrency.threads, self._new.concurrency.threads)
        TreeWalk(self._enter, threads=threads, should_stop=should_stop, activity=self._activity).run()

    def _activity(self) -> int:
        return self._old.throttle.paid + self._new.throttle.paid

    def _enter(self, directory: str) -> Iterable[str]:
        old, is_in_old = _seen(self._old, directory, self._omitted.old)
        new, is_in_new = self._seen_in_new(directory)
        below = []
        for name in sorted(old.keys() | new.keys()):
            path = joined(directory, name)
            difference = self._compare(path, old.get(name), new.get(name), is_inside=not (is_in_old and is_in_new))
            if difference:
                with self._lock:
                    self._differs(difference)
            if _is_directory(new.get(name)) or (_is_directory(old.get(name)) and (self._inside_old or name in new)):
                below.append(name)
                if name not in new:
                    self._only_old.add(path)
        self._only_old.discard(directory)
        return below

    def _seen_in_new(self, directory: str) -> tuple[dict[str, os.stat_result], bool]:
        """The entries of a directory of `new`; none if it was not found above, for it may be there and left out."""
        if directory in self._only_old:
            return {}, False
        return _seen(self._new, directory, self._omitted.new)

    def _compare(
        self, path: str, old: os.stat_result | None, new: os.stat_result | None, *, is_inside: bool
    ) -> Difference | None:
        if old is None or new is None:
            kind = Kind.ADDED if old is None else Kind.REMOVED
            return Difference(
                path,
                kind,
                is_directory=_is_directory(old or new),
                is_inside=is_inside,
                old=_facts(old),
                new=_facts(new),
            )
        aspects = self._aspects(path, old, new)
        if not aspects:
            return None
        is_hidden = Aspect.CONTENT in aspects and not _shows(old, new)
        return Difference(
            path, Kind.CHANGED, aspects, _is_directory(new), is_hidden=is_hidden, old=_facts(old), new=_facts(new)
        )

    def _aspects(self, path: str, old: os.stat_result, new: os.stat_result) -> tuple[Aspect, ...]:
        if stat.S_IFMT(old.st_mode) != stat.S_IFMT(new.st_mode):
            return (Aspect.TYPE,)
        if (old.st_dev, old.st_ino) == (new.st_dev, new.st_ino):
            return ()
        has_other_content = self._has_other_content(path, old, new)
        has_other_time = old.st_mtime_ns != new.st_mtime_ns and not stat.S_ISDIR(new.st_mode)
        has_other_rights = _rights(old) != _rights(new)
        return (
            *((Aspect.CONTENT,) if has_other_content else ()),
            *((Aspect.ATTRIBUTES,) if has_other_rights or (has_other_time and not has_other_content) else ()),
        )

    def _has_other_content(self, path: str, old: os.stat_result, new: os.stat_result) -> bool:
        if stat.S_ISLNK(new.st_mode):
            return self._old.read_link(path) != self._new.read_link(path)
        if not stat.S_ISREG(new.st_mode):
            return old.st_rdev != new.st_rdev
        if old.st_size != new.st_size:
            return True
        if not self._reads(old, new):
            return old.st_mtime_ns != new.st_mtime_ns
        is_equal = self._is_known_equal(path, old, new)
        return self._reads_differ(path) if is_equal is None else not is_equal

    def _reads_differ(self, path: str) -> bool:
        """Compare by reading. A file that `old` cannot read differs; in `new` that is an error with the whole path."""
        with _named(self._new, path), os.fdopen(self._new.open_file(path), "rb") as new:
            try:
                old = os.fdopen(self._old.open_file(path), "rb")
            except OSError:
                return True
            with old:
                while block := new.read(_BLOCK):
                    self._new.throttle.pay()
                    if block != _read(old):
                        return True
                return _read(old) != b""


def _read(file: BinaryIO) -> bytes | None:
    """The next block; None where it cannot be read."""
    try:
        return file.read(_BLOCK)
    except OSError:
        return None


@contextmanager
def _named(tree: Tree, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = os.path.join(tree.root, path)
        raise


def _seen(tree: Tree, directory: str, leaves_out: LeavesOut | None) -> tuple[dict[str, os.stat_result], bool]:
    try:
        return dict(tree.list(directory, leaves_out)), True
    except (FileNotFoundError, NotADirectoryError):
        return {}, False
    except OSError as error:
        error.filename = os.path.join(tree.root, place_of(error, directory))
        raise


def _facts(found: os.stat_result | None) -> Facts | None:
    return found and facts_of(found)


def facts_of(found: os.stat_result) -> Facts:
    """The facts of a name, of its attributes."""
    return Facts(found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns, found.st_nlink)


def _is_directory(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISDIR(found.st_mode)


def _shows(old: os.stat_result, new: os.stat_result) -> bool:
    """Whether attributes tell that the contents differ."""
    is_file = stat.S_ISREG(new.st_mode)
    return not is_file or (old.st_size, old.st_mtime_ns) != (new.st_size, new.st_mtime_ns)


def _rights(attributes: os.stat_result) -> tuple[int, ...]:
    """Mode and owner; the owner only for root, for nobody else can give files away."""
    owner = (attributes.st_uid, attributes.st_gid) if os.geteuid() == 0 else ()
    mode = 0 if stat.S_ISLNK(attributes.st_mode) else stat.S_IMODE(attributes.st_mode)
    return (mode, *owner)
