"""Seals written: of the snapshot that was just published, and of those whose backup was ended before it could."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from efs_backup import __version__
from efs_backup.domain.snapshots.changes import ChangeCounter
from efs_backup.domain.snapshots.file_changes import FileTally
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import ChangesFigures, ManifestFigures, Seal, digest, read_seal
from efs_backup.domain.snapshots.tripwire import MOST_NIGHTS, NightFigures
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
        night = stored.night if stored else None
        seal = Seal(
            self.label, self.series, str(name), self.clock(),
            stored.manifest if stored else None, stored.changes if stored else None,
            tuple(sorted(map(str, kept), reverse=True)), tuple(manifests.dropped()), previous,
            digest(text) if previous else None, f"efs-backup {__version__}", is_late,
            tuple(acts.values()),
            night, _with(_shares_in(text), night),
        )  # fmt: skip
        sealed = manifests.write_seal(seal)
        for told in (DROPPED_NAME, *acts):
            manifests.forget(told)
        return sealed

    def shares_before(self, name: SnapshotName) -> tuple[float, ...]:
        """The parts of the files that changed in the nights before, the newest last: the seal before has them."""
        return _shares_in(self._before(str(name))[1])

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


def _shares_in(seal: bytes) -> tuple[float, ...]:
    try:
        return read_seal(seal).shares if seal else ()
    except ValueError:
        return ()


def _with(shares: tuple[float, ...], night: NightFigures | None) -> tuple[float, ...]:
    """The same, and tonight's, where there is one: a night without a comparison says nothing."""
    return (*shares, *([round(night.share, 4)] if night else []))[-MOST_NIGHTS:]


def stored_of(manifests: Manifests, name: SnapshotName | str) -> Stored:
    """Read what is stored of a snapshot, in figures. Raises OSError and ValueError."""
    lines, files, size, unknown = totals(manifests.index(name))
    path = manifests.file(name, MANIFEST)
    figures = ManifestFigures(manifests.sha256(path.name), path.lstat().st_size, lines, files, size, unknown)
    counter, tally = ChangeCounter(), FileTally()
    for line in change_lines(manifests, name):
        counter.add(line)
        tally.add(line)
    since = since_of_night(manifests, name)
    return Stored(
        figures, ChangesFigures(manifests.sha256(f"{name}{CHANGES}"), since, counter.counts),
        _night_since(manifests, since, tally), tally,
    )  # fmt: skip


def _night_since(manifests: Manifests, since: str | None, tally: FileTally) -> NightFigures | None:
    """The figures of a night; None where nobody knows any more how many files the snapshot before had."""
    try:
        return tally.figures(sum(manifests.index(since).files)) if since else None
    except (OSError, ValueError):
        return None
