"""Whether a path below a root is one: nobody who can write there leads it elsewhere by a symlink."""

import os
from itertools import accumulate
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, open_below
from efs_backup.domain.errors import RestoreFailed
from efs_backup.engine.trees.held import held


def refuse_detours(root: Path, path: Path) -> None:
    """Raises RestoreFailed where something on the way from a root to a path below it is no directory of that root.

    What is not there yet is none, neither what would be below it.
    """
    names = path.relative_to(root).parts
    with held(os.open(root, LISTING)) as descriptor:
        for way in accumulate(names, os.path.join):
            try:
                os.close(open_below(descriptor, way, LISTING, within_mount=True))
            except FileNotFoundError:
                return
            except OSError as error:
                raise RestoreFailed(
                    f"{str(root / way)!r} is no directory of this file system: {error.strerror}. A symlink is not"
                    " followed there; nothing was touched.",
                    "Give the place without symlinks, from the root of the file system.",
                ) from error
