"""Seals written: of the snapshot that was just published, and of those whose backup was ended before it could."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from efs_backup import __version__
from efs_backup.domain.snapshots.changes import ChangeCounter
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import ChangesFigures, ManifestFigures, Seal, digest
from efs_backup.engine.proof.index import totals
from efs_backup.engine.proof.manifests import CHANGES, DROPPED_NAME, MANIFEST, SEAL, Manifests, Stored
from efs_backup.engine.proof.packed_text import change_lines, since_of_night


@dataclass(frozen=True)
class Sealer:
    """Seals the snapshots of one series; `clock` gives aware times. All raise OSError."""

    manifests: Manifests
    label: str
    series: str
    clock: Callable[[], datetime]

    def seal(
        self, name: SnapshotName, stored: Stored | None, kept: Iterable[SnapshotName], *, is_late: bool = False
    ) -> str:
        """Seal a snapshot; give the digest of its seal. kept: all snapshots that are there."""
        manifests = self.manifests
        manifests.make()
        previous, text = self._before(str(name))
        acts = manifests.acts()
        seal = Seal(
            self.label, self.series, str(name), self.clock(),
            stored.manifest if stored else None, stored.changes if stored else None,
            tuple(sorted(map(str, kept), reverse=True)), tuple(manifests.dropped()), previous,
            digest(text) if previous else None, f"efs-backup {__version__}", is_late,
            tuple(acts.values()),
        )  # fmt: skip
        sealed = manifests.write_seal(seal)
        for told in (DROPPED_NAME, *acts):
            manifests.forget(told)
        return sealed

    def _before(self, name: str) -> tuple[str | None, bytes]:
        """(the snapshot, the text) of the newest seal of an older snapshot that can be read."""
        for one in reversed(self.manifests.names(SEAL)):
            if one < name:
                with suppress(OSError, ValueError):
                    return one, self.manifests.read(f"{one}{SEAL}")
        return None, b""

    def seal_late(self, snapshots: Iterable[SnapshotName], note: Callable[[str], None]) -> None:
        """Seal what has a manifest and no seal, for its backup was killed in between."""
        there = sorted(snapshots)
        unsealed = {*self.manifests.names(MANIFEST)} - {*self.manifests.names(SEAL)}
        for name in there:
            if str(name) in unsealed:
                try:
                    stored = stored_of(self.manifests, name)
                except (OSError, ValueError) as error:
                    note(f"The manifest of {name} cannot be sealed: {error}.")
                    continue
                self.seal(name, stored, there, is_late=True)
                note(f"The snapshot {name} was sealed late, for its backup was ended before it could.")


def stored_of(manifests: Manifests, name: SnapshotName | str) -> Stored:
    """What is stored of a snapshot, in figures. Raises OSError and ValueError."""
    lines, files, size, unknown = totals(manifests.index(name))
    path = manifests.file(name, MANIFEST)
    figures = ManifestFigures(manifests.sha256(path.name), path.lstat().st_size, lines, files, size, unknown)
    counter = ChangeCounter()
    for _ in counter.pass_through(line for line in change_lines(manifests, name) if line[:1] != b">"):
        continue
    since = since_of_night(manifests, name)
    return Stored(figures, ChangesFigures(manifests.sha256(f"{name}{CHANGES}"), since, counter.counts))
