"""Search by name: in the manifest of a night, and among what went in the nights that are known.

Nothing is walked. A search ends after some time, and says from where it goes on.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from efs_backup.copy_worker.blocks import Entry, skimmed
from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.changes import REMOVED
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import ManifestReader, reading
from efs_backup.engine.series.series import Snapshot

MOST_FOUND = 200
MOST_SECONDS = 2.0
"""Of one search; two of them are done for a page."""

_PLAIN = re.compile(rb"[a-z0-9._-]+")
_LEAST_LETTERS = 2
_MOST_LETTERS = 255


@dataclass(frozen=True)
class Hit:
    """A path that was found. night: the snapshot in which it can be looked at; "" where none is there any more.

    gone_in: the night in which it had gone; "" for one that is there.
    """

    path: str
    night: str
    is_directory: bool = False
    gone_in: str = ""


@dataclass
class Found:
    """The hits of a search. is_cut: there may be more. notes: what could not be searched."""

    there: list[Hit] = field(default_factory=list)
    gone: list[Hit] = field(default_factory=list)
    is_cut: bool = False
    notes: list[str] = field(default_factory=list)


class _Enough(Exception):
    """Enough was found, or enough time has gone."""


@dataclass
class _Limit:
    """Ends a search. clock: seconds."""

    clock: Callable[[], float]
    until: float

    def check(self, hits: list[Hit]) -> None:
        if len(hits) >= MOST_FOUND or self.clock() > self.until:
            raise _Enough


def search(
    series: Path, snapshots: list[Snapshot], night: SnapshotName, text: str, clock: Callable[[], float] = time.monotonic
) -> Found:
    """All whose name contains a text, whatever the case of its letters. Raises WrongUsage of one that is too short."""
    needle = os.fsencode(text.strip()).lower()
    if not _LEAST_LETTERS <= len(needle) <= _MOST_LETTERS or b"/" in needle:
        raise WrongUsage("A search needs a part of a name, of two letters or more, without a slash.")
    found = Found()
    history = History(series, {one.name: one.path for one in snapshots}, found.notes.append)
    with _until_enough(found):
        _search_night(Manifests(series), str(night), needle, found, _Limit(clock, clock() + MOST_SECONDS))
    with _until_enough(found):
        _search_gone(history, needle, found, _Limit(clock, clock() + MOST_SECONDS))
    return found


@contextmanager
def _until_enough(found: Found) -> Iterator[None]:
    try:
        yield
    except _Enough:
        found.is_cut = True


def _search_night(manifests: Manifests, night: str, needle: bytes, found: Found, limit: _Limit) -> None:
    try:
        with reading(manifests, night) as reader:
            _search_directories(reader, night, needle, found, limit)
            for position in range(len(reader.index)):
                limit.check(found.there)
                found.there.extend(_in_block(reader, position, night, needle))
    except FileNotFoundError:
        found.notes.append(
            f"The snapshot {night} has no manifest, and its names cannot be searched;"
            f" `efs-backup manifest BACKUP --snapshot {night} --make` makes one."
        )
    except (OSError, ValueError) as error:
        found.notes.append(f"The manifest of {night} cannot be read: {error}.")


def _search_directories(reader: ManifestReader, night: str, needle: bytes, found: Found, limit: _Limit) -> None:
    for before, path in pairwise([b"", *reader.index.paths()]):
        if path != before and needle in path.rpartition(b"/")[2].lower():
            found.there.append(Hit(os.fsdecode(path), night, is_directory=True))
            limit.check(found.there)


def _in_block(reader: ManifestReader, position: int, night: str, needle: bytes) -> Iterator[Hit]:
    text = reader.text(position)
    if not _may_hold(text, needle):
        return
    block = skimmed(text)
    for entry in block.entries:
        if needle in entry.name.lower():
            yield Hit(os.fsdecode(_path(block.path, entry)), night)


def _may_hold(text: bytes, needle: bytes) -> bool:
    """Whether it is worth reading lines: a name of plain letters stands there as it is."""
    return not _PLAIN.fullmatch(needle) or needle in text.lower()


def _path(directory: bytes, entry: Entry) -> bytes:
    return b"%b/%b" % (directory, entry.name) if directory else entry.name


def _search_gone(history: History, needle: bytes, found: Found, limit: _Limit) -> None:
    """The newest night first; each path once, for it is the last time it went that matters."""
    kept, seen = {*history.kept}, {hit.path for hit in found.there}
    for night in history.nights():
        last = history.lineage.since[night] or ""
        for piece in history.changes(night):
            limit.check(found.gone)
            for path, is_directory in _removed(piece, needle):
                if path not in seen:
                    seen.add(path)
                    found.gone.append(Hit(path, last if last in kept else "", is_directory, night))


def _removed(piece: bytes, needle: bytes) -> Iterator[tuple[str, bool]]:
    """(path, whether it was a directory) of each line about something that went, whose name has the needle."""
    if not _may_hold(piece, needle):
        return
    for line in piece.split(b"\n"):
        if line.startswith(REMOVED + b" "):
            with suppress(ValueError):  # a torn line tells nothing
                _, place, fields = line.split(b" ", 2)
                path = unescaped(place.removeprefix(b"./"))
                if needle in path.rpartition(b"/")[2].lower():
                    yield os.fsdecode(path), fields.startswith(b"type=dir ")
