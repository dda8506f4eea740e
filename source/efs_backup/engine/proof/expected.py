"""The manifest that a snapshot is held against where it is copied to another file system."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from efs_backup.domain.errors import NotAsSealed
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.index import Index, totals
from efs_backup.engine.proof.index_again import index_made_again
from efs_backup.engine.proof.manifests import CHANGES, MANIFEST, SEAL, Manifests
from efs_backup.engine.proof.reader import ManifestReader

_AUDIT = "`efs-backup audit` says what else is not as it was sealed."


@contextmanager
def expected_manifest(manifests: Manifests, name: SnapshotName) -> Iterator[ManifestReader | None]:
    """The manifest of a snapshot, open, and compared with its seal; None where none was ever made.

    Raises NotAsSealed of one that is gone, torn, or not the one that was sealed.
    """
    with ExitStack() as stack:
        if not os.path.lexists(manifests.file(name, MANIFEST)):
            _refuse_what_was_made(manifests, name)
            yield None
            return
        try:
            reader = _checked(manifests, name, stack)
        except (OSError, ValueError) as error:
            raise NotAsSealed(f"The manifest of {name} cannot be used: {error}.", _AUDIT) from error
        yield reader


def _checked(manifests: Manifests, name: SnapshotName, stack: ExitStack) -> ManifestReader:
    """Read all of it once, for what is copied by half of a manifest would be half proved."""
    seal = manifests.seal(name)
    if seal and seal.manifest and manifests.sha256(f"{name}{MANIFEST}") != seal.manifest.sha256:
        raise ValueError("it is not the one that was sealed")
    index = _index(manifests, name)
    if seal and seal.manifest and totals(index)[1:3] != (seal.manifest.files, seal.manifest.size):
        index = index_made_again(manifests, str(name))
    reader = ManifestReader(stack.enter_context(manifests.opened(f"{name}{MANIFEST}")), index)
    for position in range(len(index)):
        reader.text(position)
    return reader


def _index(manifests: Manifests, name: SnapshotName) -> Index:
    try:
        return manifests.index(name)
    except (OSError, ValueError):
        return index_made_again(manifests, str(name))


def _refuse_what_was_made(manifests: Manifests, name: SnapshotName) -> None:
    """Raise NotAsSealed where a manifest was made and is gone."""
    seal = manifests.seal(name)
    was_sealed = bool(seal.manifest) if seal else os.path.lexists(manifests.file(name, SEAL))
    if was_sealed or os.path.lexists(manifests.file(name, CHANGES)):
        raise NotAsSealed(f"The manifest of {name} is gone, though one was made.", _AUDIT)
