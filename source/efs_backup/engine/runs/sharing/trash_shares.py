"""Directories of the trash that others may delete, where there is enough in it."""

import os
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, open_below, open_place
from efs_backup.domain.snapshots.names import TRASH_NAME
from efs_backup.engine.trees.held import held

_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_LEVELS = 4


def trash_places(series: Path, wanted: int) -> list[str]:
    """Paths below the trash, of directories that hold about all that is in it; none where there are not so many.

    What is above them, and files beside them, go with the prune of this backup.
    """
    level = [""]
    try:
        with held(open_place(str(series), _PLACE)) as place:
            for _ in range(_MOST_LEVELS):
                level = [below for path in level for below in _directories(place, path)]
                if len(level) >= wanted or not level:
                    break
    except OSError:
        return []
    return level if len(level) >= wanted else []


def _directories(place: int, path: str) -> list[str]:
    """The paths of the real directories in a directory of the trash."""
    below = f"{path}/" if path else ""
    with held(open_below(place, f"{TRASH_NAME}/{path}".rstrip("/"), LISTING)) as listed, os.scandir(listed) as entries:
        return [below + entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
