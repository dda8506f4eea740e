"""Left out: the names that a walk does not look at, as the main process has described them."""

import os
import stat

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from efs_backup.copy_worker.receipts import Receipt

CLOSED, SUSPECT = 1, 2
"""Flags of a directory: nothing in it is looked at; by its inode it may be one of the backup's own."""


class LeftOut:
    """Tells of each entry whether it is left out, before it is looked at, and of a directory what is odd about it.

    patterns: as the operator writes them. paths: left out altogether. mounts: of which only a directory stays, without
    what is in it. device: the only one that is entered; 0 for any. own: inodes of the backup's own directories.
    chosen: all but these paths, what is below them, and the directories above them, is left out; None: nothing is.
    """

    def __init__(
        self, patterns: "Sequence[str]" = (), paths: "Iterable[str]" = (), mounts: "Iterable[str]" = (),
        device: int = 0, own: "Iterable[int]" = (), chosen: "Iterable[str] | None" = None,
    ) -> None:  # fmt: skip
        self._patterns = _compiled(patterns)
        self._paths, self._mounts = frozenset(paths), frozenset(mounts)
        self._device, self._own = device, frozenset(own)
        self._chosen = None if chosen is None else Chosen(chosen)
        self.has_names = bool(self._paths or self._mounts or self._patterns or self._chosen)

    def __call__(self, path: str, entry: "os.DirEntry[str]", receipt: "Receipt") -> bool:
        """Tell whether the entry at this path is left out."""
        if path in self._paths or (self._chosen and path not in self._chosen):
            return True
        if path in self._mounts and not _is_directory(entry):
            receipt.gone.append(entry.name)
            return True
        met = [
            number for number, (matches, is_for_directories) in enumerate(self._patterns)
            if matches(path) and (not is_for_directories or _may_be_directory(entry))
        ]  # fmt: skip
        receipt.met += met
        return bool(met)

    def flags(self, path: str, found: os.stat_result) -> int:
        """Tell what is odd about a directory."""
        is_closed = path in self._mounts or (self._device and found.st_dev != self._device)
        return CLOSED * bool(is_closed) + SUSPECT * (found.st_ino in self._own)


class Chosen:
    """Some paths, with all that is below them, and with the directories that lead to them."""

    def __init__(self, paths: "Iterable[str]") -> None:
        self._paths = frozenset(paths)
        self._above = frozenset(above for path in self._paths for above in _above(path))

    def __contains__(self, path: str) -> bool:
        return path in self._paths or path in self._above or any(above in self._paths for above in _above(path))


def _above(path: str) -> "Iterator[str]":
    """Give the directories above a path, but not the root."""
    while path := path.rpartition("/")[0]:
        yield path


def _compiled(patterns: "Sequence[str]") -> "list[tuple[Callable[[str], bool], bool]]":
    if not patterns:
        return []
    from efs_backup.copy_worker.patterns import is_for_directories, matcher  # noqa: PLC0415 - for `re` takes a while

    return [(matcher(text), is_for_directories(text)) for text in patterns]


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    """Tell whether the entry can be looked at, and is a directory; of a mount point the listing knows neither."""
    try:
        return stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return False


def _may_be_directory(entry: "os.DirEntry[str]") -> bool:
    """Tell by the listing, on most file systems without a look; what cannot be looked at is taken for one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return True
