"""Facts for `efs-backup doctor`: of SOURCE, BACKUP, the series there, and this machine."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from efs_backup.domain.copying.rsync_output import parse_version
from efs_backup.domain.doctor.answer import Answer, Known, Unknown
from efs_backup.domain.doctor.local_facts import (
    Configuration,
    Directory,
    LocalFacts,
    Probe,
    Rights,
    Room,
    SeriesState,
    Tools,
    Version,
)
from efs_backup.domain.errors import CopyFailed, EfsBackupError, Locked, SeriesTooNew, SeriesTorn, WrongUsage
from efs_backup.domain.snapshots.identity import compare, missing_mounts
from efs_backup.domain.snapshots.names import RECORDS_NAME, FolderLabel, Interval
from efs_backup.engine.machine.mounts import mounts
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.patience import within
from efs_backup.engine.machine.process import PACKAGES, Runner
from efs_backup.engine.machine.temporary import temporary_directory
from efs_backup.engine.proof.damage import DamageList
from efs_backup.engine.runs.preflight import check_backup, check_source, refuse_nesting
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.identity import expected_mounts, place_of, unmounted
from efs_backup.engine.series.lock import refuse_running_backup
from efs_backup.engine.series.pins import pins_of_label
from efs_backup.engine.series.probes import probe
from efs_backup.engine.series.records import RecordDirectory
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file

T = TypeVar("T")
_PATIENCE_SECONDS = 30.0
_VERSION_SECONDS = 10.0
_CAPABILITIES = {0: "CAP_CHOWN", 2: "CAP_DAC_READ_SEARCH", 3: "CAP_FOWNER"}
"""By their bits in CapEff (capabilities(7))."""


@dataclass(frozen=True)
class Examined:
    """The places to be looked at; both paths are absolute."""

    source: str
    backup: str
    label: FolderLabel
    interval: Interval


def gather(examined: Examined, clock: Callable[[], datetime], configuration: Configuration | None = None) -> LocalFacts:
    """All facts; what cannot be learned, or hangs, is a fact too. Written is in a directory of its own in BACKUP."""
    source, backup = Path(examined.source), Path(examined.backup)
    own = _nearest(backup)
    directory = _asked(lambda: _directory(own, str(backup)), examined.backup)
    found = _asked(lambda: _directory(check_source(examined.source), examined.source), examined.source)
    return LocalFacts(
        str(examined.label),
        os.geteuid(),
        clock(),
        tools=_asked(_tools, "the programs"),
        temporary=_asked(_temporary, "temporary files"),
        source=found,
        is_source_empty=_asked(lambda: next(os.scandir(source), None) is None, examined.source),
        backup=directory,
        nesting=_nesting(source, backup),
        room=_asked(lambda: _room(own), examined.backup),
        source_room=_asked(lambda: _room(source), examined.source),
        probe=_asked(lambda: _probed(examined.backup, clock), examined.backup),
        rights=_rights(),
        series=_asked(lambda: _series(examined, clock()), examined.backup),
        configuration=configuration,
    )


def _asked(work: Callable[[], T], what: str) -> Answer[T]:
    try:
        return Known(within(work, what, _PATIENCE_SECONDS))
    except OSError as error:
        return Unknown(f"{error.filename or what!r}: {error.strerror or error}.")
    except EfsBackupError as error:
        return Unknown(f"{error.message} {error.next_step}".strip())


def _probed(backup: str, clock: Callable[[], datetime]) -> Probe:
    """Raises CopyFailed or BackupFull, with what to do, where nothing can be written."""
    place = _nearest(check_backup(backup))
    with refusals_named(backup):
        return probe(place, clock)


def _nearest(path: Path) -> Path:
    """The directory, or, where the first backup is to make it, the one above it."""
    return path if path.is_dir() or not path.parent.is_dir() else path.parent


def _directory(path: Path, given: str) -> Directory:
    place = place_of(path)
    options = next((each.options for each in reversed(mounts()) if each.point == place.mount_point), "")
    return Directory(given, place.file_system, place.mount_point, frozenset(options.split(",")), unmounted(path))


def _room(path: Path) -> Room:
    found = os.statvfs(path)
    return Room(
        found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize, found.f_files, found.f_favail,
        bool(found.f_flag & os.ST_RDONLY),
    )  # fmt: skip


def _nesting(source: Path, backup: Path) -> str:
    try:
        within(lambda: refuse_nesting(source, "SOURCE", backup, "BACKUP"), str(source), _PATIENCE_SECONDS)
    except WrongUsage as refused:
        return refused.message
    except (OSError, EfsBackupError):
        return ""  # what cannot be looked at is said by another check
    return ""


def _tools() -> Tools:
    runner = Runner.with_new_family()
    found = {name: shutil.which(name, path=runner.path) for name in PACKAGES}
    asked = {"rsync": "--version", "fpart": "-V"}
    versions = {name: _version(runner, path, asked[name]) for name, path in found.items() if path and name in asked}
    return Tools(
        {name: PACKAGES[name] for name, path in found.items() if path is None},
        {name: version for name, version in versions.items() if version},
    )


def _version(runner: Runner, path: str, option: str) -> Version | None:
    done = runner.run_within((path, option), _VERSION_SECONDS)
    if done is None:
        return None
    text = f"{done.stdout}{done.stderr}"
    if rsync := parse_version(text):
        return rsync
    words = (word.lstrip("v") for word in text.split())
    numbers = next((word for word in words if word[:1].isdigit()), "")
    return tuple(int(part) for part in numbers.split(".") if part.isdigit()) or None


def _temporary() -> tuple[str, ...]:
    notes = list[str]()
    with temporary_directory(notes.append):
        return tuple(notes)


def _rights() -> Rights:
    status = Path("/proc/self/status").read_text(errors="replace").splitlines()
    has = next((int(line.split()[1], 16) for line in status if line.startswith("CapEff:")), 0)
    return Rights(os.geteuid(), tuple(name for bit, name in _CAPABILITIES.items() if not has >> bit & 1))


def _series(examined: Examined, now: datetime) -> SeriesState:
    series = Series(Path(examined.backup), examined.label, examined.interval, now)
    try:
        series.refuse_symlinks()
        stored = read_series_file(series.label_path)
    except (CopyFailed, SeriesTooNew) as refused:
        return SeriesState(examined.interval, torn=f"{refused.message} {refused.next_step}")
    file = None if isinstance(stored, SeriesTorn) else stored
    was, kept = (file.source, file.backup) if file else (None, None)
    hold = label_hold(series.label_path)
    return SeriesState(
        examined.interval,
        file,
        stored.message if isinstance(stored, SeriesTorn) else "",
        compare(was, place_of(Path(examined.source))) if was else None,
        is_backup_moved=bool(kept and not kept.file_system.may_be(place_of(Path(examined.backup)).file_system)),
        gone=tuple(missing_mounts(file.mounts, expected_mounts(Path(examined.source)))) if file else (),
        snapshots=len(series.snapshots()),
        partials=len(series.partials()),
        old_layout=len(series.unadopted()),
        pins=pins_of_label(series.label_path, now),
        hold=_told_hold(hold.torn and hold.torn[0].path, str(hold.since or "")),
        damaged=len(DamageList(series.path).read()),
        running=_running(series.path),
        records=tuple(RecordDirectory(series.path / RECORDS_NAME).backups()),
    )


def _told_hold(torn: str | Sequence[object], since: str) -> str:
    if torn:
        return f"{str(torn)!r} cannot be read"
    return f"all that is older than {since} stays" if since else ""


def _running(series: Path) -> str:
    try:
        refuse_running_backup(series)
    except Locked as locked:
        return locked.message.rstrip(".").partition(": ")[2] or "its owner is not known"
    except OSError as error:
        return f"perhaps, for its lock cannot be read ({error.strerror})"
    return ""
