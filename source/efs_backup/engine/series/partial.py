"""The partial in which a backup is made: a spare, or what another backup has left, or a new one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.names import TRASH_NAME, SnapshotName
from efs_backup.engine.machine.mounts import mounts_below
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.series.flush_marks import ALL, NOTHING, FlushMark
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.series.spare import Spare
from efs_backup.engine.trees.delete import delete_content


@dataclass(frozen=True)
class Partial:
    """The tree in which a backup is made.

    trusted_until_ns: the ctime before which its files are known to be on the disk, but for those that a snapshot
    shares; ALL: all are.
    """

    name: SnapshotName
    path: Path
    mark: FlushMark
    trusted_until_ns: int | None = ALL
    notes: tuple[str, ...] = ()


def begin_partial(series: Series, name: SnapshotName, *, is_empty: bool, keeps_spare: bool) -> Partial:
    """Begin with what there is: there is never more than one partial. Raises BackupFull and CopyFailed.

    is_empty: begin with nothing, as stock tools need it. keeps_spare: else a spare goes to the trash.
    """
    partials = series.partials()
    left = None if is_empty else next((one for one in partials if not mounts_below(str(one.path))), None)
    notes = tuple(_discard(series, [one for one in partials if one != left]))
    mark = FlushMark(series.path, name)
    with refusals_named(str(series.path)):
        if left:
            return _continued(series, left.name, name, notes)
        spare, _ = Spare(series).discard(but_marked=keeps_spare)  # what stays is warned of when the series is pruned
        if spare and not is_empty:
            mark.write(mark.probe()[1])  # before the tree has the name: what this backup makes is newer
            try:
                return Partial(name, Spare(series).become(spare, name), mark, notes=notes)
            except PermissionError as error:
                notes = (*notes, f"The spare {str(spare.path)!r} cannot be used: {error.strerror}. Links are made.")
        mark.forget()
        return Partial(name, series.create_partial(name), mark, notes=notes)


def _discard(series: Series, others: Sequence[Snapshot]) -> Iterator[str]:
    """Have no others left, but for those in which something is mounted; they are named when the series is pruned.

    A file that only two partials have was perhaps never written to the disk, and must not look like one that a
    snapshot shares: what goes is deleted at once.
    """
    gone = [one for one in others if series.discard(one.path) is None]
    if gone:
        delete_content(series.path, TRASH_NAME)
        yield f"{counted(len(gone), 'older partial')} went to the trash."


def _continued(series: Series, left: SnapshotName, name: SnapshotName, notes: tuple[str, ...]) -> Partial:
    old, mark = FlushMark(series.path, left), FlushMark(series.path, name)
    until = old.until_ns()
    try:
        mark.write(mark.probe()[1] if until is ALL else until)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        old.forget()  # of what this backup makes nothing will be believed, should it be killed
        mark.forget()
    path = series.partial_path(name)
    if left != name:
        series.partial_path(left).rename(path)
        old.forget()
    if until == NOTHING:
        notes = (*notes, "A partial of a killed backup may not have reached the disk: what only it has is copied anew.")
    return Partial(name, path, mark, until, notes)
