"""The evidence of a series, gathered for an audit."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.names import HOLD_NAME, SnapshotName
from efs_backup.domain.snapshots.seal import Evidence, is_snapshot
from efs_backup.engine.machine.regular_file import small_content
from efs_backup.engine.proof.manifests import CHANGES, MANIFEST, Manifests

_MOST_OF_A_SEAL = 2**24


def gather_evidence(
    manifests: Manifests, snapshots: Iterable[SnapshotName], outside: Path | None = None, *, is_copy: bool = False
) -> Evidence:
    """Read what an audit goes by. outside: a directory of seals that were stored elsewhere. Raises WrongUsage of one.

    is_copy: of a second copy, in which nobody asks for the holds of BACKUP.
    """
    return Evidence(
        manifests.seals(),
        [str(name) for name in snapshots],
        _digests(manifests, MANIFEST),
        _digests(manifests, CHANGES),
        manifests.dropped(),
        _stored_outside(outside) if outside else None,
        [*manifests.acts().values()],
        is_copy or os.path.lexists(manifests.path.with_name(HOLD_NAME)),
    )


def _digests(manifests: Manifests, ending: str) -> dict[str, str]:
    found = dict[str, str]()
    for name in manifests.names(ending):
        with suppress(OSError, ValueError):
            found[name] = manifests.sha256(f"{name}{ending}")
    return found


def _stored_outside(directory: Path) -> dict[str, bytes]:
    """Seals by the names of their snapshots, however they end. Raises WrongUsage of one that cannot be read."""
    stems = {path: path.name.partition(".")[0] for path in directory.iterdir() if path.suffix == ".json"}
    return {stem: _seal_outside(path) for path, stem in stems.items() if is_snapshot(stem)}


def _seal_outside(path: Path) -> bytes:
    try:
        return small_content(path, _MOST_OF_A_SEAL, is_followed=True)
    except (OSError, ValueError) as error:
        raise WrongUsage(f"The stored seal {str(path)!r} cannot be read: {error}.") from error
