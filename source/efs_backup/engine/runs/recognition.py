"""A backup recognizes its series: what was found, what that means, and what is written about it."""

import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, PASSING, open_below, open_root
from efs_backup.domain.errors import BackupFull, RecordFault, SeriesTorn, SourceChanged, WrongUsage
from efs_backup.domain.operations.first_backup import LabelFacts
from efs_backup.domain.requests.requests import BackupRequest, Named
from efs_backup.domain.snapshots.clock import clock_fault
from efs_backup.domain.snapshots.identity import FileSystem, Mount, Place, missing_mounts
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.domain.snapshots.series_rules import Found, Settled, lost_mounts, settle
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import Warned
from efs_backup.engine.machine.mount_table import shown_below
from efs_backup.engine.machine.os_errors import refusals_named, source_errors_named
from efs_backup.engine.runs.preflight import check_backup, check_source, refuse_nesting
from efs_backup.engine.series.found_series import find_series
from efs_backup.engine.series.identity import expected_mounts, place_of, unmounted
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.pins import pins_of_label
from efs_backup.engine.series.series import LINK_TEST, Series, Snapshot
from efs_backup.engine.series.series_file import change_series_file, read_series_file
from efs_backup.engine.trees.held import held

_NAMES_TOLD = 5
_BEGUN = "The series had begun before, and its rules stay as they are: they change by `run` or `prune` with --save."


def recognize(request: BackupRequest, source: Path, series: Series) -> Settled:
    """Settle what this backup may do. Nothing is touched. Raises what `settle` does, and SeriesTooNew."""
    backup = series.label_path.parent
    with source_errors_named(str(source)):
        here, mounts = place_of(source), _mounts_of(source, backup)
    with refusals_named(str(backup)):
        there = replace(place_of(backup if backup.exists() else backup.parent), path=str(backup))
    if request.asked.named:
        here, there = _as_named(request.asked.named, here, there)
    file = read_series_file(series.label_path)
    recorded = None if _has_rule(file, series.interval) else _recorded(series.path)
    found = Found(
        file, here, mounts, there, len(series.snapshots()), _has_snapshots(series), recorded,
        _in_words(backup, there), unmounted(backup), _held(series, file, mounts),
        pins_of_label(series.label_path, series.now),
    )  # fmt: skip
    return settle(request, found, series.now)


def look_for_lost_mounts(settled: Settled, source: Path, backup: Path) -> Warned | None:
    """Look whether all that was mounted in the source at the start still is. See `lost_mounts`."""
    with source_errors_named(str(source)):
        return lost_mounts(settled, _mounts_of(source, backup))


def remember(settled: Settled, series: Series, published: SnapshotName | None = None) -> None:
    """Write what is to be known from now on. Raises BackupFull or CopyFailed."""
    newest = f"{series.interval}/{published}" if published else ""
    if settled.file:
        change_series_file(series.label_path, lambda stored: settled.upon(stored, newest))


def window_of(request: BackupRequest) -> Window:
    """How long a backup may take: as was asked, else as its series says. Raises SeriesTooNew."""
    stored = read_series_file(Path(request.backup).absolute() / str(request.label))
    known = stored.window_minutes if isinstance(stored, SeriesFile) else None
    return Window.of_minutes(known if request.asked.window_minutes is None else request.asked.window_minutes)


def hold_of(settled: Settled, series: Series, snapshots: Sequence[Snapshot], *, server: datetime | None = None) -> str:
    """Why nothing may be dropped; "" where it may. `server`: the time of the backup file system, if it was asked."""
    newest = snapshots[0].name if snapshots else None
    return settled.hold or clock_fault(series.now, server, newest, series.interval)


def server_time(directory: Path) -> datetime | None:
    """The time that the file system there gives to a file made now; None where it is full. Raises CopyFailed."""
    try:
        with refusals_named(str(directory)), tempfile.TemporaryFile(dir=directory, prefix=LINK_TEST) as probe:
            return datetime.fromtimestamp(os.fstat(probe.fileno()).st_ctime, UTC)
    except BackupFull:
        return None


def label_facts(backup: Path, label: FolderLabel, expected: str | None, now: datetime) -> LabelFacts:
    """Look for the series of a label, and for a snapshot of this name under any."""
    series = Series(backup, label, Interval.DAILY, now)
    file = read_series_file(series.label_path)
    noted = file.newest if isinstance(file, SeriesFile) else ""
    return LabelFacts(
        has_snapshots=_has_snapshots(series),
        is_begun=isinstance(file, SeriesFile) and not noted,
        has_lost=bool(noted),
        has_expected=any(
            str(snapshot.name) == expected
            for each in find_series(backup, None, None, now)[0]
            for snapshot in each.snapshots()
        ),
    )


def _as_named(named: Named, source: Place, backup: Place) -> tuple[Place, Place]:
    """One who mounts file systems anew each time, by any address, knows them by their ids."""
    from_id, to_id = named.source_file_system, named.backup_file_system
    return (
        Place(named.source, FileSystem("efs", from_id), source.inode, from_id),
        Place(f"{to_id}:/", FileSystem("efs", to_id), backup.inode, to_id),
    )


def _has_snapshots(series: Series) -> bool:
    backup = series.label_path.parent
    every = (Series(backup, series.label, kind, series.now) for kind in Interval)
    return any(each.snapshots() or each.partials() for each in every)


def _mounts_of(source: Path, backup: Path) -> tuple[Mount, ...]:
    """The mounts below the source, without BACKUP itself, which is left out there."""
    own = shown_below(str(source), str(backup))
    return tuple(mount for mount in expected_mounts(source) if mount.path not in own)


def _held(series: Series, file: SeriesFile | SeriesTorn | None, now: tuple[Mount, ...]) -> frozenset[str]:
    """The paths of missing mounts at which the newest snapshot holds anything; all where that cannot be told."""
    missing = missing_mounts(file.mounts, now) if isinstance(file, SeriesFile) else {}
    newest = next(iter(series.snapshots()), None) if missing else None
    if newest is None:
        return frozenset()
    try:
        root = open_root(str(newest.path))
    except OSError:
        return frozenset(mount.path for mount in missing)
    with held(root):
        return frozenset(mount.path for mount in missing if _holds(root, mount.path))


def _holds(root: int, path: str) -> bool:
    """Whether a snapshot has a directory that is not empty there, or something else: a file is mounted on a file."""
    above, _, name = path.rpartition("/")
    try:
        around = open_below(root, above, PASSING)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        found = os.stat(name, dir_fd=around, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            return not stat.S_ISREG(found.st_mode) or found.st_size > 0
        with held(open_below(around, name, LISTING)) as place:
            return bool(os.listdir(place))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    finally:
        os.close(around)


def _has_rule(file: SeriesFile | SeriesTorn | None, interval: Interval) -> bool:
    return isinstance(file, SeriesFile) and interval in file.retention


def _recorded(series: Path) -> Retention | None:
    """The rule of the newest backup on record."""
    try:
        newest = next(iter(read_records(series)[0]), None)
    except (OSError, RecordFault, ValueError):
        return None
    if newest is None:
        return None
    with suppress(WrongUsage):
        return Retention.parse(newest.retention_rules) if newest.retention_rules else Retention(newest.retention)
    return None


def _in_words(backup: Path, place: Place) -> str:
    where = f"on {place.file_system} mounted at {place.mount_point!r}"
    try:
        names = sorted(os.listdir(backup))
    except OSError:
        return f"it does not exist, {where}"
    told = ", ".join(map(repr, names[:_NAMES_TOLD])) + (" and more" if names[_NAMES_TOLD:] else "")
    return f"it holds {told}, {where}" if names else f"it is an empty directory {where}"


def begin_series(request: BackupRequest, *, now: datetime) -> Settled:
    """Have the series know itself, without a backup. Harmless where it does. Raises what a backup would raise."""
    source, backup = check_source(request.source), check_backup(request.backup)
    refuse_nesting(source, "SOURCE", backup, "BACKUP")
    series = Series(backup, request.label, request.interval, now)
    settled = recognize(request, source, series)
    if settled.file is None:
        raise SourceChanged(settled.hold)
    with refusals_named(str(backup)):
        backup.mkdir(exist_ok=True)
    series.prepare()
    remember(settled, series)
    return (
        settled
        if settled.at_once
        else replace(
            settled, notes=(_BEGUN, *filter(None, [settled.file.crowd(pins_of_label(series.label_path, now))]))
        )
    )
