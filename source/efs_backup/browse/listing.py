"""Listings: one page of a directory, with a strip for each name.

Names are read as a stream, and no more of them are kept than a page shows, so that a directory of a million names takes
no more memory than one of a hundred.
"""

import heapq
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from efs_backup.browse.place import look_at, look_of, opened
from efs_backup.browse.strips import Look, Square, squares
from efs_backup.domain.errors import NothingThere
from efs_backup.engine.series.series import Snapshot
from efs_backup.engine.trees.tree import Tree

PAGE = 100
"""Names."""

MOST_NIGHTS = 60
"""In a strip, but for who asks for all."""

MOST_NAMES_OF_OTHERS = 20_000
"""Of a directory in which names of other nights are looked for: each night's listing is read for them."""


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind a name, or before one; "" for the beginning."""

    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class Row:
    """A name of a directory. look: in the chosen night, None where it was not there; squares: the oldest first."""

    name: str
    look: Look | None
    squares: list[Square]
    newest: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory in the chosen night."""
        return self.look is not None and self.look.is_directory


@dataclass(frozen=True)
class Listing:
    """A page of a directory. first: how many names are before it; total: names in all, of the chosen night.

    nights: of the strips, the oldest first. gone: whether names of other nights are among the rows; None where they
    are too many for that.
    """

    rows: list[Row]
    first: int
    total: int
    nights: list[str]
    has_next: bool
    has_previous: bool
    gone: bool | None = False


@dataclass
class _Window:
    """The names of one page, of all that have passed."""

    names: list[str]
    before: int
    total: int


def window_of(names: Iterable[str], cursor: Cursor, size: int = PAGE) -> _Window:
    """The page at a cursor: the first names behind it, or the last ones before it, in order."""
    counts = [0, 0]

    def passing() -> Iterator[str]:
        for name in names:
            counts[0] += 1
            is_before = name < cursor.before if cursor.before else name <= cursor.after
            counts[1] += is_before
            if is_before == bool(cursor.before):
                yield name

    if cursor.before:
        found = heapq.nlargest(size, passing())[::-1]
        return _Window(found, counts[1] - len(found), counts[0])
    found = heapq.nsmallest(size, passing())
    return _Window(found, counts[1], counts[0])


def listing(
    snapshots: list[Snapshot],
    night: Snapshot,
    directory: str,
    cursor: Cursor,
    *,
    gone: bool = False,
    all_nights: bool = False,
) -> Listing:
    """The page of a directory at a cursor. snapshots: the newest first. Raises NothingThere and OSError."""
    shown = snapshots if all_nights else snapshots[:MOST_NIGHTS]
    window = _of_night(night, directory, cursor)
    wants_others = gone and window.total <= MOST_NAMES_OF_OTHERS
    names = window.names
    if wants_others:
        names = _with_others(shown, directory, cursor, names)
    looks = look_at([*reversed(shown)], directory, names)
    own = look_at([night], directory, names) if night not in shown else {}
    at = len(shown) - 1 - shown.index(night) if night in shown else 0
    rows = [_row(name, looks[name], own.get(name, looks[name])[at if not own else 0], shown) for name in names]
    is_full = len(names) == PAGE
    has_next = is_full if wants_others else window.before + len(window.names) < window.total
    return Listing(
        rows, window.before, window.total, [str(one.name) for one in reversed(shown)],
        has_next or bool(cursor.before), window.before > 0 or bool(wants_others and cursor.after),
        gone=None if gone and not wants_others else gone,
    )  # fmt: skip


def _row(name: str, looks: list[Look | None], own: Look | None, shown: list[Snapshot]) -> Row:
    newest = next((str(one.name) for one, look in zip(shown, reversed(looks), strict=True) if look), "")
    return Row(name, own, squares(looks), newest)


def _of_night(night: Snapshot, directory: str, cursor: Cursor) -> _Window:
    with opened(night) as tree:
        try:
            return window_of(_names(tree, directory), cursor)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NothingThere(
                f"There is no directory {directory!r} in the snapshot {night.name}.", "Choose another night."
            ) from error


def _names(tree: Tree, directory: str) -> Iterator[str]:
    with tree.opened(directory) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            yield entry.name


def _with_others(snapshots: list[Snapshot], directory: str, cursor: Cursor, names: list[str]) -> list[str]:
    """The page of all names that any of the nights has: each gives a page of its own, of which the first ones stay."""
    found = {*names}
    for snapshot in snapshots:
        try:
            found.update(_of_night(snapshot, directory, cursor).names)
        except (NothingThere, OSError):
            continue
    ordered = sorted(found)
    return ordered[-PAGE:] if cursor.before else ordered[:PAGE]


def look_in(night: Snapshot, path: str) -> Look | None:
    """A path in one snapshot; None where it is not there. Raises NothingThere where the snapshot is not."""
    with opened(night) as tree:
        found = tree.find(path)
        return look_of(found) if found else None
