"""Paths that the walks leave out of a tree, decided by names before anything is looked at."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from stat import S_ISDIR
from typing import Any

from efs_backup.copy_worker.left_out import Chosen
from efs_backup.domain.humanize import named
from efs_backup.domain.requests.excludes import ExcludePattern, matching
from efs_backup.domain.warnings import Warned
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.trees.tree import Tree


@dataclass(frozen=True)
class Description:
    """The names that are left out, as `efs_backup.copy_worker.left_out.LeftOut` takes them."""

    patterns: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    mounts: frozenset[str] = frozenset()
    device: int = 0
    own: frozenset[int] = frozenset()
    chosen: frozenset[str] | None = None

    def __or__(self, other: "Description") -> "Description":
        return Description(
            self.patterns + other.patterns, self.paths | other.paths, self.mounts | other.mounts,
            self.device or other.device, self.own | other.own, other.chosen if self.chosen is None else self.chosen,
        )  # fmt: skip

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of a worker's LeftOut."""
        chosen = None if self.chosen is None else tuple(self.chosen)
        return self.patterns, tuple(self.paths), tuple(self.mounts), self.device, tuple(self.own), chosen


class LeftOut:
    """Leave out the paths that a function names, or none; asked by many threads, in one walk after the other."""

    def __init__(self, by_path: Callable[[str], bool] | None = None) -> None:
        self._by_path = by_path

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """Whether this path is left out; the entry is from the listing of its directory."""
        return self._by_path is not None and self._by_path(path)

    def __bool__(self) -> bool:
        """Whether anything may be left out."""
        return self._by_path is not None

    def is_closed(self, _directory: str, /) -> bool:
        """Whether a directory stays, but nothing of what is in it."""
        return False

    def met(self, _path: str, _attributes: os.stat_result, /) -> bool:
        """Whether a directory is left out although its name does not tell; from then on its path does."""
        return False

    def description(self) -> "Description":
        """Describe all that is left out, for a worker that shares no memory with us."""
        return Description()

    def learn(self, met: Sequence[int], gone: Sequence[str]) -> None:
        """Note which patterns a worker has met, by their numbers, and what it found to be gone behind a mount point."""

    def learn_closed(self, path: str) -> None:
        """Note a directory that stays, but nothing of what is in it."""

    def notes(self) -> list[str]:
        """Notes for the operator about what was left out, after a walk over all of the tree."""
        return []

    def warnings(self) -> list[Warned]:
        """Warnings about what was left out and has to be seen to, after the same walk."""
        return []


class Paths(LeftOut):
    """Leave out these paths."""

    def __init__(self, paths: Iterable[str]) -> None:
        super().__init__()
        self._paths = frozenset(paths)

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return path in self._paths

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._paths)

    def description(self) -> Description:
        """See LeftOut."""
        return Description(paths=self._paths)


class AllBut(LeftOut):
    """Leave out all but some paths, what is below them, and the directories above them."""

    def __init__(self, chosen: Iterable[str]) -> None:
        super().__init__()
        self._names = frozenset(chosen)
        self._chosen = Chosen(self._names)

    def __call__(self, path: str, _entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return path not in self._chosen

    def __bool__(self) -> bool:
        """See LeftOut."""
        return True

    def description(self) -> Description:
        """See LeftOut."""
        return Description(chosen=self._names)


class Together(LeftOut):
    """Leave out whatever any of several does."""

    def __init__(self, several: Sequence[LeftOut]) -> None:
        super().__init__()
        self._several = several

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return any(one and one(path, entry) for one in self._several)

    def __bool__(self) -> bool:
        """See LeftOut."""
        return any(self._several)

    def is_closed(self, directory: str, /) -> bool:
        """See LeftOut."""
        return any(one.is_closed(directory) for one in self._several)

    def met(self, path: str, attributes: os.stat_result, /) -> bool:
        """See LeftOut."""
        return any(one.met(path, attributes) for one in self._several)

    def description(self) -> Description:
        """See LeftOut."""
        return reduce(or_, (one.description() for one in self._several), Description())

    def learn(self, met: Sequence[int], gone: Sequence[str]) -> None:
        """See LeftOut. Only one of several has patterns, so that their numbers are its own."""
        for one in self._several:
            one.learn(met, gone)

    def learn_closed(self, path: str) -> None:
        """See LeftOut."""
        for one in self._several:
            one.learn_closed(path)

    def notes(self) -> list[str]:
        """See LeftOut."""
        return [note for one in self._several for note in one.notes()]

    def warnings(self) -> list[Warned]:
        """See LeftOut."""
        return [warned for one in self._several for warned in one.warnings()]


class Excluded(LeftOut):
    """Leave out what the operator's patterns match."""

    def __init__(self, excludes: Sequence[ExcludePattern]) -> None:
        super().__init__()
        self._excludes = excludes
        self._met: set[ExcludePattern] = set()

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        found = [
            pattern for pattern in matching(self._excludes, path)
            if not pattern.is_for_directories or _may_be_directory(entry)
        ]  # fmt: skip
        self._met.update(found)
        return bool(found)

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._excludes)

    def description(self) -> Description:
        """See LeftOut."""
        return Description(patterns=tuple(pattern.text for pattern in self._excludes))

    def learn(self, met: Sequence[int], gone: Sequence[str]) -> None:  # noqa: ARG002 - that is of mount points
        """See LeftOut."""
        self._met.update(self._excludes[number] for number in met)

    def notes(self) -> list[str]:
        """See LeftOut."""
        unmet = [pattern for pattern in self._excludes if pattern not in self._met]
        return [f"The exclude {pattern.text!r} matches nothing in the source." for pattern in unmet]


class OtherFileSystems(LeftOut):
    """Leave out what is mounted below the root, bound from its own file system too, or has another device number.

    A directory stays, without what is in it; anything else, and what cannot be looked at, is left out itself.
    """

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self._device = os.fstat(tree.descriptor).st_dev
        self._closed = {*mounts_below(tree.root)} - {""}
        self._empty: set[str] = set()
        self._gone: set[str] = set()

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        if path not in self._closed:
            return False
        stays = _is_directory(entry)
        (self._empty if stays else self._gone).add(path)
        return not stays

    def __bool__(self) -> bool:
        """See LeftOut."""
        return True

    def is_closed(self, directory: str, /) -> bool:
        """See LeftOut."""
        return directory in self._closed

    def met(self, path: str, attributes: os.stat_result, /) -> bool:
        """See LeftOut."""
        if attributes.st_dev != self._device:
            self._closed.add(path)
            self._empty.add(path)
        return False

    def description(self) -> Description:
        """See LeftOut."""
        return Description(mounts=frozenset(self._closed), device=self._device)

    def learn(self, met: Sequence[int], gone: Sequence[str]) -> None:  # noqa: ARG002 - that is of patterns
        """See LeftOut."""
        self._gone.update(gone)

    def learn_closed(self, path: str) -> None:
        """See LeftOut."""
        self._closed.add(path)
        self._empty.add(path)

    def notes(self) -> list[str]:
        """See LeftOut."""
        return [
            f"Left out by --one-file-system {what}: {named(paths)}."
            for what, paths in (("is the content of", self._empty), ("is altogether", self._gone))
            if paths
        ]


class Unreadable(LeftOut):
    """Leave out what a scan could not look at, or not list; a directory stays, as far as it can be looked at."""

    def __init__(self, paths: Iterable[str]) -> None:
        super().__init__()
        self._paths = frozenset(paths)

    def __call__(self, path: str, entry: os.DirEntry[str], /) -> bool:
        """See LeftOut."""
        return path in self._paths and not _is_directory(entry)

    def __bool__(self) -> bool:
        """See LeftOut."""
        return bool(self._paths)

    def is_closed(self, directory: str, /) -> bool:
        """See LeftOut."""
        return directory in self._paths


def _is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether the entry can be looked at, and is a directory."""
    try:
        return S_ISDIR(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def _may_be_directory(entry: os.DirEntry[str]) -> bool:
    """As the listing says, on most file systems without a look at it; what cannot be looked at is taken for one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return True
