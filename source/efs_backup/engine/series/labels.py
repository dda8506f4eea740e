"""The labels of a backup file system, by what their directories hold."""

from pathlib import Path

from efs_backup.domain.snapshots.names import Interval, backup_number
from efs_backup.domain.snapshots.series_file import SERIES_FILE
from efs_backup.engine.series.series import listed


def labels_of(backup: Path) -> list[str]:
    """The names of the directories that hold a series, in order; none where nobody can look."""
    try:
        names = listed(backup)
    except OSError:
        return []
    return [name for name in sorted(names) if not name.startswith(".") and _is_label(backup / name)]


def _is_label(directory: Path) -> bool:
    """Whether a directory knows itself, or holds series of ours or of the old layout; a symlink is none."""
    try:
        names = [] if directory.is_symlink() else listed(directory)
    except OSError:
        return False
    return any(name == SERIES_FILE or _is_of_series(name) for name in names)


def _is_of_series(name: str) -> bool:
    return any(name == kind or backup_number(kind, name) is not None for kind in Interval)
