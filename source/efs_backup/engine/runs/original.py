"""The place that a backup was made of, as its series knows it, if it is still that."""

from pathlib import Path

from efs_backup.domain.errors import RestoreFailed, SeriesTorn
from efs_backup.domain.snapshots.identity import Likeness, Place, compare, missing_mounts
from efs_backup.engine.series.identity import expected_mounts, place_of, unmounted
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file

_GIVE_TARGET = "give the directory as TARGET, which is asked for nothing"
_NAMED = 5


def original_of(series: Series) -> Path:
    """The directory. Raises RestoreFailed where it is not there, not mounted or not the one that was backed up."""
    file = read_series_file(series.label_path)
    if isinstance(file, SeriesTorn):
        raise RestoreFailed(f"{file.message}", f"Mend it, or {_GIVE_TARGET}.")
    if file is None or file.source is None:
        raise RestoreFailed(
            f"Nobody knows of what the snapshots in {str(series.label_path)!r} were made.", f"Instead, {_GIVE_TARGET}."
        )
    was = file.source
    if not was.path.startswith("/"):
        raise RestoreFailed(
            f"The original place is known as {was.path!r}, which is no path of this machine; nothing was touched.",
            f"Mount it, and {_GIVE_TARGET}.",
        )
    _refuse_another(was)
    here = expected_mounts(Path(was.path))
    if missing := missing_mounts(file.mounts, here):
        named = ", ".join(f"{mount.path!r} ({mount.file_system})" for mount in [*missing][:_NAMED])
        raise RestoreFailed(
            f"Not all is mounted in the original place {was.path!r} that was there in the last backup: {named}; nothing"
            " was touched.",
            f"Mount it, or {_GIVE_TARGET}.",
        )
    return Path(was.path)


def _refuse_another(was: Place) -> None:
    path = Path(was.path)
    try:
        here = place_of(path) if path.is_dir() else None
    except OSError as error:
        raise RestoreFailed(
            f"The original place {was.path!r} cannot be read: {error.strerror}; nothing was touched.", "Run it as root."
        ) from error
    if here is None:
        raise RestoreFailed(
            f"The original place {was.path!r} is not there; nothing was touched.",
            f"Mount it ({was.file_system}), or make the directory and {_GIVE_TARGET}.",
        )
    point = unmounted(path)
    if point or compare(was, here) is not Likeness.SAME:
        what = f"nothing is mounted at {point!r}" if point else f"it lies on {here.file_system}"
        raise RestoreFailed(
            f"The original place {was.path!r} is not the one that was backed up, which lay on {was.file_system}:"
            f" {what}; nothing was touched.",
            f"Check what is mounted. If it is meant, {_GIVE_TARGET}.",
        )
