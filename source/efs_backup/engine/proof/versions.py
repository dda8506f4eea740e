"""The versions of a path: what it was in each snapshot, those that are gone too, also under former names."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.snapshots.versions import Known, Told, Version, known_from, lines_about, spread, versions_of
from efs_backup.engine.proof.history import History, place_of


@dataclass(frozen=True)
class PathVersion:
    """A version of a path. kept: those of its snapshots that are there, the newest first.

    was: what it was called before, where it was moved here; becomes: what it was called next, where it was moved away.
    """

    path: bytes
    version: Version
    kept: tuple[str, ...]
    was: bytes | None = None
    becomes: bytes | None = None


@dataclass
class _Trail:
    """A place that is followed. before: only the nights before this one, "" for all. told: by night."""

    place: bytes
    before: str = ""
    told: dict[str, Told] = field(default_factory=dict)

    def is_wanted(self, night: str) -> bool:
        return not self.before or night < self.before


def versions(history: History, path: bytes) -> list[PathVersion]:
    """The versions of a raw path, b"" for the root, the newest first; renames are followed backwards."""
    trails = [_Trail(place_of(path))]
    for night in history.nights():
        wanted = [trail for trail in trails if trail.is_wanted(night)]
        _listen(history, night, wanted)
        for was in {trail.told[night].was for trail in wanted if night in trail.told} - {b"", *_places(trails)}:
            former = _Trail(was, night)
            _listen(history, night, [former])  # the night's own changes say what it was when it was moved
            trails.append(former)
    found = [one for trail in trails for one in _versions_at(history, trail)]
    return sorted(found, key=lambda one: (one.version.names[-1], one.version.names[0]), reverse=True)


def numbered(found: Sequence[PathVersion]) -> list[tuple[int, PathVersion]]:
    """The versions, given the newest first, with their numbers: 1 is the oldest of which anything is known.

    A version that is dropped keeps its number: its nights still tell of it.
    """
    return [*zip(range(len(found), 0, -1), found, strict=True)]


def version_number(history: History, path: bytes, number: int) -> PathVersion:
    """The version of a raw path that has this number, which a snapshot still holds. Raises NothingThere."""
    found = dict(numbered(versions(history, path)))
    shown = os.fsdecode(path)
    if not found:
        raise NothingThere(f"Nothing is known of {shown!r} in this series.", "A path begins at the snapshots' root.")
    if number not in found:
        raise NothingThere(f"There is no version {number} of {shown!r}: there are 1 to {len(found)}.")
    if not found[number].kept:
        first, last = found[number].version.names[0], found[number].version.names[-1]
        raise NothingThere(
            f"No snapshot holds version {number} of {shown!r} any more: it was in those from {first} to {last}.",
            "`efs-backup versions` tells which versions are still held.",
        )
    return found[number]


def _places(trails: list[_Trail]) -> set[bytes]:
    return {trail.place for trail in trails}


def _listen(history: History, night: str, trails: list[_Trail]) -> None:
    told = [Told() for _ in trails]
    blank = Told()
    with history.tolerating(night):
        for text in history.changes(night):
            for trail, one in zip(trails, told, strict=True):
                for line in lines_about(text, trail.place):
                    one.take(line, trail.place)
    for trail, one in zip(trails, told, strict=True):
        if one != blank and not history.is_torn(night):
            trail.told[night] = one


def _versions_at(history: History, trail: _Trail) -> Iterator[PathVersion]:
    path = unescaped(trail.place.removeprefix(b".").removeprefix(b"/"))
    kept = {*history.kept}
    for version in versions_of(_known(history, trail, path)):
        was = trail.told.get(version.names[0], Told()).was if version.after is not None else b""
        becomes = trail.told[version.until].becomes if version.is_gone and version.until in trail.told else b""
        yield PathVersion(
            path, version, tuple(name for name in reversed(version.names) if name in kept), _path(was), _path(becomes)
        )


def _path(place: bytes) -> bytes | None:
    return unescaped(place.removeprefix(b"./")) if place else None


def _known(history: History, trail: _Trail, path: bytes) -> Known:
    """The states of a path in all snapshots, by changes; where those tell nothing by manifests, and by a look."""
    since = {night: base for night, base in history.readable().items() if trail.is_wanted(night) or night in trail.told}
    known = spread(known_from(trail.told, since), since, trail.told)
    for look in (history.state_by_manifest, history.state_on_disk):
        for name in reversed(history.kept):
            is_wanted = trail.is_wanted(name) and name not in known
            if is_wanted and (state := look(name, path)):
                known = spread({**known, name: state[0]}, since, trail.told)
    return known
