"""The facts of a series report, gathered from the small files beside the snapshots; no snapshot is walked."""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from efs_backup import __version__
from efs_backup.copy_worker.mtree import unescaped
from efs_backup.domain.errors import SeriesTooNew
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.series_report.busiest import Busiest
from efs_backup.domain.series_report.days import MOST_DAYS, nights_of
from efs_backup.domain.series_report.facts import (
    BusyDirectory,
    Kept,
    ScrubCoverage,
    SeriesReport,
    drills_of,
    foretold,
)
from efs_backup.domain.snapshots.hold import reminder
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pins import Said
from efs_backup.domain.snapshots.scrubbing import days_behind
from efs_backup.domain.snapshots.seal import Seal, read_seal
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.engine.proof.damage import DamageList
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.manifests import CHANGES, SEAL, Manifests
from efs_backup.engine.proof.packed_text import since_of_night
from efs_backup.engine.proof.scrub import read_state
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file

MOST_NIGHTS = 28
MOST_DIRECTORIES = 15
MOST_PACKED = 32 * 2**20
"""Bytes of a file of changes that is read: some million lines. Of a larger night the rest tells enough."""
_A_DAY = timedelta(days=1)
PATIENCE = 20.0
"""Seconds for all files of changes together."""


def report_facts(
    series: Series, records: Sequence[BackupRecord], lacks: Sequence[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> SeriesReport:  # fmt: skip
    """All that is told of a series. records: of its backups and drills; lacks: what is known to be missing.

    Whatever cannot be read is told there. Raises OSError where the series itself cannot be listed.
    """
    records = [one for one in records if one.interval is series.interval and one.start_time <= series.now + _A_DAY]
    told, places = [*lacks], {one.name: one.path for one in series.snapshots()}
    names, seals = sorted(map(str, places)), _seals(series, {record.snapshot for record in records}, told)
    window = _window(series, told)
    forecast, line = foretold(records, series.interval, series.now, window)
    busiest, looked_at = _busiest(History(series.path, places, told.append), series, told, clock)
    return SeriesReport(
        str(series.label), series.interval, series.now, f"efs-backup {__version__}",
        nights_of(records, seals, window, series.now), len(names), names[0] if names else "", forecast, line,
        busiest, looked_at, reminder(label_hold(series.label_path), series.now), _kept(series, told),
        DamageList(series.path).read(), drills_of(records), _scrub(series), tuple(told),
    )  # fmt: skip


def _seals(series: Series, known: Collection[str | None], told: list[str]) -> Mapping[str, Seal]:
    """The seals of snapshots that no record tells of, as far back as a calendar reaches: there may be years of them."""
    manifests, torn, found = Manifests(series.path), list[str](), dict[str, Seal]()
    first = str(SnapshotName.of(series.now - timedelta(days=MOST_DAYS)))
    with suppress(OSError):
        for name in manifests.names(SEAL):
            if name >= first and name not in known:
                try:
                    found[name] = read_seal(manifests.read(f"{name}{SEAL}"))
                except (OSError, ValueError, RecursionError):
                    torn.append(name)
    if torn:
        more = f", nor those of {len(torn) - 1:,} more" if torn[1:] else ""
        told.append(f"The seal of {torn[0]} cannot be read{more}.")
    return found


def _window(series: Series, told: list[str]) -> float | None:
    """The window that the series knows, in seconds."""
    try:
        file = read_series_file(series.label_path)
    except SeriesTooNew as error:
        told.append(error.message)
        return None
    if isinstance(file, SeriesFile):
        return file.window_minutes * 60 if file.window_minutes else None
    if file is not None:
        told.append(file.message)
    return None


def _kept(series: Series, told: list[str]) -> list[Kept]:
    pins = Pins(series.path)
    found = pins.find()
    if found.fault:
        told.append(f"The pins cannot be read: {found.fault}.")
    notes = dict[str, str]()
    with suppress(OSError):
        notes = {
            str(name): said.text if isinstance(said, Said) else "its note cannot be read"
            for name, said in pins.notes().items()
        }
    pinned = {str(name): pin.told() for name, pin in found.holding(series.now).items()}
    return [
        Kept(name, pinned.get(name, ""), notes.get(name, "")) for name in sorted({*pinned, *notes}, reverse=True)
    ]  # fmt: skip


def _scrub(series: Series) -> ScrubCoverage:
    state = read_state(Manifests(series.path))
    return ScrubCoverage(state.days, days_behind(state, series.now), is_begun=state.day is not None)


def _busiest(
    history: History, series: Series, told: list[str], clock: Callable[[], float]
) -> tuple[list[BusyDirectory], int]:
    """(the directories that changed most, of how many nights that was counted)."""
    busiest, looked_at, until = Busiest(), 0, clock() + PATIENCE
    for night in islice(_nights(history, Manifests(series.path)), MOST_NIGHTS):
        if clock() > until:
            told.append(f"The changes of {night} and before were not counted: that would take too long.")
            break
        if not _is_small(series, night):
            told.append(f"The changes of {night} were not counted: they are too many.")
            continue
        seen = set[bytes]()
        with history.tolerating(night):
            for text in history.changes(night):
                busiest.add(text, seen)
        busiest.end_night(seen)
        looked_at += 1
    found = busiest.most(MOST_DIRECTORIES)
    return [BusyDirectory(_path(one.path), one.files, one.size, one.nights) for one in found], looked_at


def _nights(history: History, manifests: Manifests) -> Iterator[str]:
    """Nights that were compared with one before, the newest first: a first one would be all that there is."""
    with suppress(OSError):
        for night in reversed(manifests.names(CHANGES)):
            with history.tolerating(night):
                if since_of_night(manifests, night) is not None:
                    yield night


def _is_small(series: Series, night: str) -> bool:
    with suppress(OSError, ValueError), Manifests(series.path).opened(f"{night}{CHANGES}") as descriptor:
        return os.fstat(descriptor).st_size <= MOST_PACKED
    return True


def _path(path: bytes) -> str:
    return os.fsdecode(unescaped(path)) or "."
