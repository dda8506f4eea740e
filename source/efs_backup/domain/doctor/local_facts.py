"""Facts of a source, a backup and this machine, as they are gathered from the kernel and from the file systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from efs_backup.domain.doctor.answer import Answer
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.identity import FileSystem, Likeness, Mount
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.series_file import SeriesFile

Version = tuple[int, ...]


@dataclass(frozen=True)
class Tools:
    """Programs. missing: each with its package; versions: of those that tell theirs."""

    missing: Mapping[str, str]
    versions: Mapping[str, Version]


@dataclass(frozen=True)
class Room:
    """Of a file system: bytes and inodes, all of them and the free ones; no inodes where it has no limit."""

    size: int
    free: int
    inodes: int
    free_inodes: int
    is_read_only: bool = False


@dataclass(frozen=True)
class Directory:
    """SOURCE or BACKUP. mount: where its file system is mounted; unmounted: the mount point that /etc/fstab names.

    options: of the mount and its file system.
    """

    path: str
    system: FileSystem
    mount: str
    options: frozenset[str] = frozenset()
    unmounted: str = ""


@dataclass(frozen=True)
class Probe:
    """The behaviour of BACKUP, as files showed it that were made there and removed.

    links, locks, symlinks: why there are none, "" where there are. time_step_ns: mtimes are multiples of it; server:
    the time that a new file got, at local time `here`. owner: of a file that was made. most_links: of one file, as far
    as it is told.
    """

    links: str
    locks: str
    symlinks: str
    time_step_ns: int
    server: datetime
    here: datetime
    owner: int
    knows_case: bool = True
    most_links: int = 0


@dataclass(frozen=True)
class Rights:
    """Who runs this: the user, and which of the capabilities that a full copy needs are missing."""

    user: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeriesState:
    """The state of a series.

    torn: why series.json cannot be used, "" where it can. source, backup: how those of now are related to those of the
    last backup; None where nobody has said. gone: mounts below SOURCE that the last backup has seen, and that are not
    there, or another file system now. pins: of the whole label. hold: since when, or why it cannot be read; ""
    for none. damaged: files that are not as they were stored. running: who is at work, "" for nobody.
    """

    interval: Interval
    file: SeriesFile | None = None
    torn: str = ""
    source: Likeness | None = None
    is_backup_moved: bool = False
    gone: tuple[Mount, ...] = ()
    snapshots: int = 0
    partials: int = 0
    old_layout: int = 0
    pins: int = 0
    hold: str = ""
    damaged: int = 0
    running: str = ""
    records: tuple[BackupRecord, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """The file that the NAME on the command line stands for."""

    path: str
    is_readable: bool
    has_secret: bool


@dataclass(frozen=True)
class LocalFacts:
    """All that the checks of `efs-backup doctor` go by. nesting: why both directories cannot be used together."""

    label: str
    user: int
    now: datetime
    tools: Answer[Tools]
    temporary: Answer[tuple[str, ...]]
    source: Answer[Directory]
    is_source_empty: Answer[bool]
    backup: Answer[Directory]
    nesting: str
    room: Answer[Room]
    source_room: Answer[Room]
    probe: Answer[Probe]
    rights: Rights
    series: Answer[SeriesState]
    configuration: Configuration | None = None
