"""Survey: what is known of a source and its series before a backup is made or paid."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from efs_backup.domain.cost.keeping import Keeping
from efs_backup.domain.cost.nights import Habits
from efs_backup.domain.cost.tree_figures import TreeFigures
from efs_backup.domain.forecast import PastNight, expected_seconds, median, usual_nights
from efs_backup.domain.humanize import counted
from efs_backup.domain.operations.past_nights import past_nights
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import DEFAULT_RETENTION
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.engine.proof.figures import figures_of
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.runs.backup_inside import left_out_of_backup
from efs_backup.engine.runs.preflight import check_source
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.walk.scan import scan

ASSUMED_CHANGE = 0.01
_LEAST_NIGHTS = 3
_ANY_NUMBER = 10**12

BACKUPS_A_DAY = {Interval.HOURLY: 24.0, Interval.DAILY: 1.0, Interval.WEEKLY: 1 / 7, Interval.MONTHLY: 1 / 30}


@dataclass(frozen=True)
class Survey:
    """A tree in figures, where they are from, and how its series is kept.

    change_from: where the share of changed files is from. seconds: of a usual backup; None where nobody knows.
    """

    tree: TreeFigures
    tree_from: str
    habits: Habits
    change_from: str
    seconds: float | None = None
    notes: tuple[str, ...] = ()


def survey(request: BackupRequest, *, now: datetime, should_stop: Callable[[], bool], scans: bool = False) -> Survey:
    """Look at the newest manifest, or else at the source. Nothing is touched.

    request: its retention counts where the series has no rule, and `asked` before that. scans: look at the source in
    any case. Raises SourceUnreadable, SeriesTooNew and Stopped.
    """
    series = Series(Path(request.backup).absolute(), request.label, request.interval, now)
    stored = read_series_file(series.label_path)
    rules = stored if isinstance(stored, SeriesFile) else None
    nights = past_of_series(series, now)
    change, change_from = change_of(nights)
    by_manifest = None if scans else _by_manifest(series)
    tree, tree_from, notes = by_manifest or _by_scan(_with_excludes(request, rules), series, should_stop)
    return Survey(
        tree, tree_from, Habits(change, _keeping(request, rules), request.scrub.days, BACKUPS_A_DAY[request.interval]),
        change_from, expected_seconds(nights, now, tree.names), notes,
    )  # fmt: skip


def past_of_series(series: Series, now: datetime) -> list[PastNight]:
    """The usual nights of a series, by its own records; none where there are none that can be read."""
    with suppress(OSError):
        return usual_nights(past_nights(read_records(series.path)[0], series.interval), now)
    return []


def change_of(nights: Sequence[PastNight]) -> tuple[float, str]:
    """(the share of the files that change from one backup to the next, where that is from)."""
    shares = [min(1.0, night.copied / night.files) for night in nights if night.files > 0]
    if len(shares) < _LEAST_NIGHTS:
        return ASSUMED_CHANGE, "assumed"
    return median(shares), f"by the last {counted(len(shares), 'backup')}"


def _keeping(request: BackupRequest, rules: SeriesFile | None) -> Keeping:
    stored = rules.retention.get(request.interval) if rules else None
    return Keeping.of(request.asked.retention or stored or DEFAULT_RETENTION, request.interval)


def _with_excludes(request: BackupRequest, rules: SeriesFile | None) -> BackupRequest:
    asked = request.asked.excludes
    return replace(request, excludes=(rules.excludes if rules else ()) if asked is None else asked)


_Found = tuple[TreeFigures, str, tuple[str, ...]]


def _by_manifest(series: Series) -> _Found | None:
    """The newest snapshot that has a manifest which can be read."""
    for snapshot in series.snapshots() if series.exists else ():
        with suppress(OSError, ValueError), reading(Manifests(series.path), snapshot.name) as reader:
            return figures_of(reader), f"by the manifest of {snapshot.name}", ()
    return None


def _by_scan(request: BackupRequest, series: Series, should_stop: Callable[[], bool]) -> _Found:
    with Tree(check_source(request.source)) as tree:
        found = scan(tree, left_out_of_backup(tree, request, series), should_stop, tolerated=_ANY_NUMBER)
    closed = len(found.troubles)
    notes = (f"{counted(closed, 'name')} could not be looked at, and {closed:,} cost nothing here.",) if closed else ()
    return found.figures, "by a scan of SOURCE", notes
