"""Seals and files of changes brought beside the snapshots of a second copy, byte for byte, for the chain to hold there.

What was brought once is never replaced: where BACKUP has another seal by now, somebody has changed one of them.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from efs_backup.copy_worker.blocks import Block
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import Seal, digest, read_seal
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST, SEAL, Manifests
from efs_backup.engine.proof.reader import reading

HASH = b" sha256digest="
"""The word before the hash, which is the end of a line."""

_BLOCK = 2**20


class OtherBytes(ValueError):
    """A file is not the one that was sealed."""


def bring_file(theirs: Manifests, ours: Manifests, name: str, sha256: str | None = None) -> None:
    """Bring one file, whole or not at all. Raises OtherBytes where it has another SHA-256, OSError and ValueError."""
    found = hashlib.sha256()
    with theirs.opened(name) as descriptor, ours.written(name, is_durable=False) as write:
        at = 0
        while block := os.pread(descriptor, _BLOCK, at):
            found.update(block)
            write(block)
            at += len(block)
        if sha256 is not None and found.hexdigest() != sha256:
            raise OtherBytes(f"{name!r} is not the one that was sealed")


def bring_manifest(theirs: Manifests, ours: Manifests, name: SnapshotName, index: bytes) -> None:
    """Bring the manifest of a snapshot that is to be published, with its index and changes. Raises as `bring_file`.

    Changes that cannot be had are no reason against the snapshot: its seal tells of them, and is brought later.
    """
    ours.make()
    seal = theirs.seal(name)
    bring_file(theirs, ours, f"{name}{MANIFEST}", seal.manifest.sha256 if seal and seal.manifest else None)
    with ours.written(f"{name}{INDEX}", is_durable=False) as write:
        write(index)
    with suppress(FileNotFoundError, ValueError):
        bring_file(theirs, ours, f"{name}{CHANGES}", seal.changes.sha256 if seal and seal.changes else None)


@dataclass(frozen=True)
class BroughtHistory:
    """The seals that were brought, and what is odd about those of BACKUP, in sentences."""

    seals: int
    findings: tuple[str, ...]


def bring_history(theirs: Manifests, ours: Manifests, there: Collection[SnapshotName]) -> BroughtHistory:
    """Bring the seals that OTHER has not, with their changes, also those of snapshots that are gone. Raises OSError.

    there: the snapshots of OTHER. What the new seals tell of, and OTHER never had, is noted as what a rule has dropped,
    so that an audit there asks only for what was there once.
    """
    mine, its, findings = ours.seals(), theirs.seals(), list[str]()
    findings += [_changed(name, mine[name], text) for name, text in its.items() if mine.get(name, text) != text]
    findings += _lost(sorted({*mine} - {*its}))
    new = dict[str, tuple[bytes, Seal]]()
    for name in sorted({*its} - {*mine}):
        try:
            new[name] = its[name], read_seal(its[name])
        except ValueError as error:
            findings.append(f"The seal of {name} in BACKUP cannot be used, and was not brought: {error}.")
    known = {name for text in mine.values() for name in _told(_read(text))} | {*mine}
    never = {one for name, (_, seal) in new.items() for one in (name, *seal.kept)} - known - {*map(str, there)}
    if new:
        ours.make()
    if dropped := [parsed for one in never if (parsed := SnapshotName.parse(one))]:
        ours.note_dropped(dropped)
    for name, (text, seal) in new.items():
        findings += _bring_seal(theirs, ours, name, text, seal)
    return BroughtHistory(len(new), tuple(findings))


def _bring_seal(theirs: Manifests, ours: Manifests, name: str, text: bytes, seal: Seal) -> Iterator[str]:
    """Bring the changes, then the seal that tells of them, and the manifest where the copy was made before it was."""
    if (
        seal.manifest
        and os.path.lexists(ours.file(name, MANIFEST))
        and ours.sha256(f"{name}{MANIFEST}") != seal.manifest.sha256
    ):
        if not _is_the_same(theirs, ours, name):
            yield f"The manifest of {name} was made in BACKUP after its copy, and tells of other files than OTHER has."
            return
        bring_file(theirs, ours, f"{name}{MANIFEST}", seal.manifest.sha256)
        bring_file(theirs, ours, f"{name}{INDEX}")
    if seal.changes and not os.path.lexists(ours.file(name, CHANGES)):
        try:
            bring_file(theirs, ours, f"{name}{CHANGES}", seal.changes.sha256)
        except FileNotFoundError:
            yield f"The file of changes of {name} is gone in BACKUP."
        except ValueError:
            yield f"The file of changes of {name} in BACKUP is not the one that was sealed, and was not brought."
    with ours.written(f"{name}{SEAL}") as write:
        write(text)


def _is_the_same(theirs: Manifests, ours: Manifests, name: str) -> bool:
    """Whether two manifests tell the same of every name; what one of them does not know the hash of may have any."""
    try:
        with reading(theirs, name) as one, reading(ours, name) as other:
            return one.index.paths() == other.index.paths() and all(
                _has_same_lines(one.block(position), other.block(position)) for position in range(len(one.index))
            )
    except (OSError, ValueError):
        return False


def _has_same_lines(one: Block, other: Block) -> bool:
    mine, its = one.lines(), other.lines()
    return mine.keys() == its.keys() and all(
        line == its[name] or line.startswith(its[name] + HASH) or its[name].startswith(line + HASH)
        for name, line in mine.items()
    )


def lost_snapshots(theirs: Manifests, listed: Callable[[], Collection[SnapshotName]]) -> Iterator[str]:
    """Say which snapshots of BACKUP are gone, though its newest seal has them and no rule has dropped them.

    listed: gives those that are there; what a rule drops meanwhile was noted before it went.
    """
    seals = theirs.seals()
    newest = _read(seals[max(seals)]) if seals else None
    there = {*map(str, listed())} if newest else set()
    for name in sorted({newest.snapshot, *newest.kept} - there - {*theirs.dropped()} if newest else ()):
        yield f"The snapshot {name} is gone in BACKUP, and no rule has dropped it."


def _changed(name: str, was: bytes, now: bytes) -> str:
    return (
        f"The seal of {name} in BACKUP ({digest(now)[:16]}) is not the one that was brought ({digest(was)[:16]}), which"
        " stays in OTHER: somebody has changed one of them."
    )


def _lost(names: Sequence[str]) -> Iterator[str]:
    if names:
        what = f"{counted(len(names), 'seal')} that OTHER has" if len(names) > 1 else f"The seal of {names[0]}"
        yield f"{what} cannot be had in BACKUP any more, the newest of {names[-1]}: somebody has removed or torn it."


def _read(text: bytes) -> Seal | None:
    try:
        return read_seal(text)
    except ValueError:
        return None


def _told(seal: Seal | None) -> tuple[str, ...]:
    return seal.kept if seal else ()
