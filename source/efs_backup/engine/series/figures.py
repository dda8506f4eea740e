"""Snapshots in figures, for a list of them: from seals, records and small manifests, without a look at a tree."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.engine.proof.alone import ManifestPlace, held_alone
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.series import Series

MOST_MANIFEST_BYTES = 4 * 2**20
"""Of all manifests of a label, packed, that are read for a list: 0.1 s for 40,000 names of 4 snapshots (measured)."""


@dataclass(frozen=True)
class SnapshotFigures:
    """A snapshot in figures; None is not known. new_bytes: read from the source since the snapshot before."""

    files: int | None = None
    bytes: int | None = None
    new_bytes: int | None = None


def figures_of(series: Series) -> dict[SnapshotName, SnapshotFigures]:
    """The figures of each snapshot of a series; a seal says more than a record, and stays longer."""
    recorded, manifests = recorded_figures(read_records(series.path)[0]), Manifests(series.path)
    return {one.name: _with_seal(manifests, one.name, recorded) for one in series.snapshots()}


def recorded_figures(newest_first: Sequence[BackupRecord]) -> dict[str, SnapshotFigures]:
    """The same by the name of the snapshot; what was cut off before one has read for it, too."""
    found, read = dict[str, SnapshotFigures](), 0
    for record in reversed(newest_first):
        read += record.total_transferred_file_size or 0
        if record.status is BackupStatus.SUCCESS and record.snapshot:
            found[record.snapshot] = SnapshotFigures(record.number_of_files, record.total_file_size, read)
            read = 0
    return found


def _with_seal(manifests: Manifests, name: SnapshotName, recorded: Mapping[str, SnapshotFigures]) -> SnapshotFigures:
    known, seal = recorded.get(str(name), SnapshotFigures()), manifests.seal(name)
    if seal and seal.manifest:
        return SnapshotFigures(seal.manifest.files, seal.manifest.size, known.new_bytes)
    return known


def freed_bytes(label: Iterable[Series]) -> dict[tuple[Interval, SnapshotName], int]:
    """Count the bytes that dropping each snapshot of a label would free; none where that takes more than a moment.

    label: all series of it, for they may share files.
    """
    snapshots = [(series, one.name) for series in label for one in series.snapshots()]
    places = [ManifestPlace(Manifests(series.path), str(name)) for series, name in snapshots]
    try:
        if sum(os.lstat(one.manifests.file(one.name, MANIFEST)).st_size for one in places) > MOST_MANIFEST_BYTES:
            return {}
        found = held_alone(places)
    except (OSError, ValueError):
        return {}  # one has no manifest, or none that can be read: `stats` says which
    return {(series.interval, name): found[place].size for (series, name), place in zip(snapshots, places, strict=True)}
