"""A manifest that is as it was sealed, opened for who measures something by it."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from efs_backup.domain.errors import NotAsSealed, NothingThere
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import ManifestFigures, Seal, digest, read_seal
from efs_backup.engine.proof.index import Index, totals
from efs_backup.engine.proof.manifests import MANIFEST, SEAL, Manifests
from efs_backup.engine.proof.reader import ManifestReader

_MAKE = (
    "Make what is missing with `efs-backup manifest BACKUP --make`, or name a snapshot that has both with --snapshot."
)
_AUDIT = "`efs-backup audit BACKUP` says what else is not as it was sealed; do not prune anything before that is clear."
_BLOCK = 2**20


@dataclass(frozen=True)
class SealedManifest:
    """A manifest that is open, its figures, its seal, and the seal's digest."""

    reader: ManifestReader
    figures: ManifestFigures
    seal: Seal
    sha256: str


@contextmanager
def sealed_manifest(
    manifests: Manifests, name: SnapshotName, pulse: Callable[[], None] = lambda: None
) -> Iterator[SealedManifest]:
    """The manifest of a snapshot, compared with its seal; `pulse` is called as it is read.

    Raises NothingThere where there is none, or no seal of one; NotAsSealed where it is another, and OSError.
    """
    seal, sha256 = _seal(manifests, name)
    if seal.manifest is None:
        raise NothingThere(f"The snapshot {name} was sealed without a manifest, so nothing says what is in it.", _MAKE)
    index = _index(manifests, name)
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(manifests.opened(f"{name}{MANIFEST}"))
        except (FileNotFoundError, ValueError) as error:
            raise _gone(name) from error
        if _sha256(descriptor, pulse) != seal.manifest.sha256:
            raise NotAsSealed(f"The manifest of {name} is not the one that was sealed.", _AUDIT)
        _, files, size, _ = totals(index)
        if (files, size) != (seal.manifest.files, seal.manifest.size):
            raise _useless_index(name)
        yield SealedManifest(ManifestReader(descriptor, index), seal.manifest, seal, sha256)


def _seal(manifests: Manifests, name: SnapshotName) -> tuple[Seal, str]:
    try:
        text = manifests.read(f"{name}{SEAL}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NothingThere(f"The snapshot {name} has no seal, so nothing says what was in it.", _MAKE) from error
    except ValueError as error:
        raise NotAsSealed(f"The seal of {name} cannot be used: {error}.", _AUDIT) from error
    try:
        seal = read_seal(text)
    except ValueError as error:
        raise NotAsSealed(f"The seal of {name} cannot be used: {error}.", _AUDIT) from error
    if seal.snapshot != str(name):
        raise NotAsSealed(f"The seal of {name} is that of {seal.snapshot}.", _AUDIT)
    return seal, digest(text)


def _index(manifests: Manifests, name: SnapshotName) -> Index:
    try:
        return manifests.index(name)
    except FileNotFoundError as error:
        if not os.path.lexists(manifests.file(name, MANIFEST)):
            raise _gone(name) from error
        raise _useless_index(name) from error
    except ValueError as error:
        raise _useless_index(name) from error


def _gone(name: SnapshotName) -> NothingThere:
    return NothingThere(f"The snapshot {name} has no manifest any more, though one was sealed.", _MAKE)


def _useless_index(name: SnapshotName) -> NothingThere:
    return NothingThere(f"The index of the manifest of {name} is missing, or is that of another manifest.", _MAKE)


def _sha256(descriptor: int, pulse: Callable[[], None]) -> str:
    sha256, at = hashlib.sha256(), 0
    while block := os.pread(descriptor, _BLOCK, at):
        sha256.update(block)
        at += len(block)
        pulse()
    return sha256.hexdigest()
