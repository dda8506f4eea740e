"""Why a restore is made by one instance, although several are there."""

from efs_backup.domain.requests.tuning import Copier


def why_by_one(*, parts: int, mounts: int, copier: Copier) -> str:
    """Tell why a restore is not shared out, "" where it can be.

    parts: how many paths of the snapshot go into one target. mounts: how many file systems are mounted
    in the target: another instance has others.
    """
    if copier is Copier.RSYNC:
        return "stock tools alone cannot be helped"
    if parts > 1:
        return "several paths go into one directory"
    if mounts:
        return "something else is mounted in the target"
    return ""
