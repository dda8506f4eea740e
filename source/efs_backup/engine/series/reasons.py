"""Why each snapshot of a series is there, for people who look at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from efs_backup.domain.errors import SeriesTooNew
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pins import Said
from efs_backup.domain.snapshots.pruning import NEXT_PRUNE, plan_prune
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.protected import protected
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file

_UNREADABLE = "its note cannot be read"


@dataclass(frozen=True)
class Told:
    """Why the snapshots of a series are there, and the notes on them; a snapshot of which nothing is known is none."""

    reasons: Mapping[SnapshotName, str]
    notes: Mapping[SnapshotName, str]


def told_of(series: Series) -> Told:
    """Tell the series' own rule, pins and notes; without a rule that can be read, what protects alone."""
    names = [snapshot.name for snapshot in series.snapshots()]
    found = protected(series, names)
    try:
        file = read_series_file(series.label_path)
    except SeriesTooNew:
        file = None
    rule = file.retention.get(series.interval) if isinstance(file, SeriesFile) else None
    if rule:
        plan = plan_prune(names, rule, found, now=series.now)
        found = {**plan.reasons, **dict.fromkeys(plan.drop, NEXT_PRUNE)}
    return Told(found, _notes(series))


def _notes(series: Series) -> dict[SnapshotName, str]:
    try:
        notes = Pins(series.path).notes()
    except OSError:
        return {}
    return {name: said.text if isinstance(said, Said) else _UNREADABLE for name, said in notes.items()}
