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
    """A name of a directory. look: in the chosen night, None where it was not there; squares: the oldest first.

    newest: the newest night that has it.
    """

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

    nights: of the strips, the oldest first. is_there: whether the night has this directory. gone: whether names of
    other nights are among the rows; None where they are too many for that.
    """

    rows: list[Row]
    first: int
    total: int
    nights: list[str]
    has_next: bool
    has_previous: bool
    is_there: bool = True
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
    """The page of a directory at a cursor. snapshots: the newest first. Raises NothingThere and OSError.

    gone: names that other nights have, too.
    """
    shown = snapshots if all_nights else snapshots[:MOST_NIGHTS]
    window = _of_night(night, directory, cursor)
    names, total = (window.names, window.total) if window else ([], 0)
    has_others = gone and total <= MOST_NAMES_OF_OTHERS
    if has_others:
        names = _with_others(shown, directory, cursor, names)
    before = window.before if window else 0
    is_more = len(names) == PAGE if has_others else before + len(names) < total
    return Listing(
        _rows(shown, night, directory, names), before, total, [str(one.name) for one in reversed(shown)],
        has_next=is_more or bool(cursor.before), has_previous=before > 0 or (has_others and bool(cursor.after)),
        is_there=window is not None, gone=None if gone and not has_others else gone,
    )  # fmt: skip


def _rows(shown: list[Snapshot], night: Snapshot, directory: str, names: list[str]) -> list[Row]:
    """The names with their strips; the chosen night is looked at, too, where it is older than those of the strips."""
    oldest_first = [*reversed(shown)] if night in shown else [night, *reversed(shown)]
    looks, at = look_at(oldest_first, directory, names), oldest_first.index(night)
    newest_first = [str(one.name) for one in reversed(oldest_first)]
    return [
        Row(
            name,
            looks[name][at],
            squares(looks[name])[-len(shown) :],
            next(
                (
                    one
                    for one, look in zip(newest_first, reversed(looks[name]), strict=True)
                    if look and not look.is_unseen
                ),
                "",
            ),
        )
        for name in names
    ]


def _of_night(night: Snapshot, directory: str, cursor: Cursor) -> _Window | None:
    """None where the night has no such directory."""
    with opened(night) as tree:
        try:
            return window_of(_names(tree, directory), cursor)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _names(tree: Tree, directory: str) -> Iterator[str]:
    with tree.opened(directory) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            yield entry.name


def _with_others(snapshots: list[Snapshot], directory: str, cursor: Cursor, names: list[str]) -> list[str]:
    """The page of all names that any of the nights has: each gives a page of its own, of which the first ones stay."""
    found = {*names}
    for snapshot in snapshots:
        try:
            window = _of_night(snapshot, directory, cursor)
            found.update(window.names if window else ())
        except (NothingThere, OSError):
            continue
    ordered = sorted(found)
    return ordered[-PAGE:] if cursor.before else ordered[:PAGE]


def look_in(night: Snapshot, path: str) -> Look | None:
    """A path in one snapshot; None where it is not there. Raises NothingThere where the snapshot is not."""
    with opened(night) as tree:
        found = tree.find(path)
        return look_of(found) if found else None
