"""The series of a backup file system, beside what cannot be entered there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.domain.errors import EfsBackupError, NothingThere
from efs_backup.domain.snapshots.locations import LOST_AND_FOUND
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.series import Series, listed


@dataclass(frozen=True)
class Closed:
    """A directory of a backup that cannot be entered, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path!r} cannot be entered ({self.reason}), and is left out."


def find_series(
    backup: Path, label: FolderLabel | None, interval: Interval | None, now: datetime
) -> tuple[list[Series], list[Closed]]:
    """The series that exist in a backup, of one label or interval if given, in order of their names.

    And the directories that may hold others, but cannot be entered. Raises OSError where that is the backup itself.
    """
    labels = [label] if label else [FolderLabel(name) for name in sorted(listed(backup)) if not name.startswith(".")]
    intervals = [interval] if interval else list(Interval)
    found, closed = list[Series](), list[Closed]()
    for each in labels:
        places = [Series(backup, each, kind, now) for kind in intervals]
        try:
            listed(places[0].label_path)
        except OSError as error:
            closed.append(Closed(str(places[0].label_path), error.strerror or str(error)))
            continue
        for series in places:
            try:
                listed(series.path)
            except OSError as error:
                closed.append(Closed(str(series.path), error.strerror or str(error)))
            else:
                found += [series] if series.exists else []
    return found, closed


def nothing_there(message: str, closed: Sequence[Closed]) -> EfsBackupError:
    """Why nothing is told: there is nothing, or perhaps where nobody could look, beside a disk's own directory."""
    hidden = [directory.path for directory in closed if not directory.path.endswith(f"/{LOST_AND_FOUND}")]
    if hidden:
        return EfsBackupError(
            f"{message} that could be read.", "Run it as root, or as the owner of what is named above."
        )
    return NothingThere(f"{message}.")
