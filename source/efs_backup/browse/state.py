"""The state of a series, read from the backup for the pages that show it."""

from datetime import datetime
from pathlib import Path

from efs_backup.browse.health import Facts
from efs_backup.browse.nights import Kept, Night, nights
from efs_backup.browse.place import Place
from efs_backup.domain.errors import SeriesTooNew
from efs_backup.domain.forecast import foretell
from efs_backup.domain.operations.past_nights import past_nights
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.engine.proof.damage import DamageList
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.proof.scrub import read_state
from efs_backup.engine.series.found_series import Closed, find_series
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.reasons import told_of
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.series_file import read_series_file


def all_series(backup: Path, now: datetime) -> tuple[list[Series], list[Closed]]:
    """The series of a backup, and what cannot be entered. Raises OSError where that is the backup itself."""
    return find_series(backup, None, None, now)


def nights_of(place: Place, snapshots: list[Snapshot]) -> list[Night]:
    """The nights of a series, the newest first."""
    series, names = place.series, [one.name for one in snapshots]
    told = told_of(series)
    pinned, held = Pins(series.path).find(), label_hold(series.label_path).protects(names)
    kept = Kept(told.reasons, told.notes, frozenset(pinned.holding(place.now)), frozenset(held))
    return nights(names, read_records(series.path)[0], kept)


def facts_of(place: Place, snapshots: list[Snapshot]) -> Facts:
    """All that the page of health tells from."""
    series, manifests = place.series, Manifests(place.series.path)
    records, window = read_records(series.path)[0], _window_seconds(series)
    return Facts(
        place.interval, place.now, [one.name for one in snapshots], frozenset(manifests.names(MANIFEST)), records,
        foretell(past_nights(records, place.interval), place.now, window), window, read_state(manifests),
        DamageList(series.path).read(), label_hold(series.label_path),
        len(Pins(series.path).find().holding(place.now)),
    )  # fmt: skip


def _window_seconds(series: Series) -> float | None:
    try:
        file = read_series_file(series.label_path)
    except SeriesTooNew:
        return None
    minutes = file.window_minutes if isinstance(file, SeriesFile) else None
    return minutes * 60 if minutes else None
