"""Holds on the backup file system: a small file in the directory of a series, which protects those of all its label.

Whatever lies in the place of such a file and tells no hold holds everything, for somebody may have torn it.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.copy_worker.beneath import LISTING, PASSING, open_below, open_place
from efs_backup.copy_worker.error_numbers import NO_SPACE, NOT_THERE
from efs_backup.domain.errors import BackupFull
from efs_backup.domain.snapshots.acts import HOLD, RELEASE, Act
from efs_backup.domain.snapshots.hold import NO_HOLD, Cause, Hold, LabelHold, Torn, plan_release, told
from efs_backup.domain.snapshots.names import HOLD_NAME, Interval, SnapshotName
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.regular_file import IN_PLACE, small_content
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import alone
from efs_backup.engine.trees.held import held as closed_at_end

_UNFINISHED = f"{HOLD_NAME}.new"
_MOST_BYTES = 2**20
_UNTOLD = (
    "The backup file system is full, so that no seal of the {} series tells of this release: `efs-backup audit` will"
    " find the hold missing (HoldMissing) until another one is made and released. Write down who released it, and why."
)
_ROOM_FOR_A_HOLD = (
    "Backups and prunes alone drop snapshots: let none run, free space by something else than `efs-backup prune`, and"
    " try again."
)
_IN_THE_WAY = frozenset({errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.EPERM, errno.ENOTDIR})


@dataclass(frozen=True)
class By:
    """Who holds or releases, when (aware), and why."""

    who: str
    at: datetime
    reason: str


def label_hold(label: Path) -> LabelHold:
    """All that holds the series of a label."""
    try:
        directory = open_place(str(label), PASSING)
    except FileNotFoundError:
        return NO_HOLD
    except OSError as error:
        return LabelHold({Interval.DAILY: Torn(str(label), error.strerror or str(error))})
    with closed_at_end(directory):
        found = {interval: _read(directory, label, interval) for interval in Interval}
    return LabelHold({interval: one for interval, one in found.items() if one})


def _read(label: int, path: Path, interval: Interval) -> Hold | Torn | None:
    where = str(path / interval / HOLD_NAME)
    try:
        series = open_below(label, interval, PASSING)
    except OSError as error:
        return None if error.errno in NOT_THERE else Torn(where, error.strerror or str(error))
    with closed_at_end(series):
        try:
            return Hold.parse(small_content(HOLD_NAME, _MOST_BYTES, directory=series).decode())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return Torn(where, getattr(error, "strerror", None) or str(error))


@contextmanager
def undisturbed(label: Path) -> Iterator[None]:
    """Keep others from holding or releasing meanwhile; on a disk too full for a lock nobody else can, either.

    Whoever drops snapshots reads the hold and drops within this: a hold that was made before is obeyed. Raises OSError.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(label))
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
        yield


def hold(series: Series, cause: Cause) -> None:
    """Hold by this cause, too; durable when it returns. Raises BackupFull or CopyFailed, and then holds nothing."""
    with _no_room_named(), refusals_named(str(series.path)), undisturbed(series.label_path):
        _hold(series, cause)


def _hold(series: Series, cause: Cause) -> None:
    before = label_hold(series.label_path).holds.get(series.interval)
    _write(series.path, Hold(cause).upon(before if isinstance(before, Hold) else None).to_text())
    _tell(series.path, HOLD, By(cause.by, cause.at, cause.reason), str(cause.since))


@contextmanager
def _no_room_named() -> Iterator[None]:
    """Advise no prune to who wants to keep what is there."""
    try:
        yield
    except BackupFull as error:
        raise BackupFull(f"{error.message} Nothing more is held than before.", _ROOM_FOR_A_HOLD) from error


def hold_all(series: Series, by: By) -> Cause:
    """Protect all snapshots of the label that are there once nobody drops any more. Raises as `hold`."""
    with _no_room_named(), refusals_named(str(series.label_path)):
        series.prepare()
        every = [Series(series.label_path.parent, series.label, kind, by.at) for kind in Interval]
        with undisturbed(series.label_path):
            names = [one.name for each in every for one in each.snapshots()]
            since = SnapshotName.following(names, by.at)
            cause = Cause(since, told(by.reason), by.who, by.at, protects=tuple(map(str, sorted({*names}))))
            _hold(series, cause)
    return cause


def release(
    series: Series, by: By, *, interval: Interval | None = None, is_late: bool = False,
    note: Callable[[str], None] = lambda _text: None,
) -> LabelHold:  # fmt: skip
    """Take the holds of the label of a series away, or that of one interval alone; gives what was taken.

    is_late: it was asked for at that time and is carried out later, when another hold may have come. note: gets what
    the next seal cannot tell. Raises BackupFull or CopyFailed.
    """
    series.refuse_symlinks()
    label = series.label_path
    with refusals_named(str(label)), undisturbed(label):
        found = label_hold(label)
        wanted = [one for one in plan_release(found, by.at if is_late else None) if interval in {None, one}]
        for one in wanted:
            gone = found.holds[one]
            if not _tell(label / one, RELEASE, by, str(gone.since) if isinstance(gone, Hold) else ""):
                note(_UNTOLD.format(one))
            _remove(label / one)
    return LabelHold({one: found.holds[one] for one in wanted})


def _tell(series: Path, action: str, by: By, since: str) -> bool:
    """Have the next seal tell it; a full disk has no room for that, and must not keep anybody from releasing.

    Gives whether it is told.
    """
    try:
        Manifests(series).note_act(
            Act(action, since, by.who, by.at.isoformat(timespec="microseconds"), told(by.reason))
        )
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        return False
    return True


def _write(series: Path, text: str) -> None:
    with closed_at_end(open_place(str(series), LISTING)) as directory:
        _clear(_UNFINISHED, directory)
        descriptor = os.open(_UNFINISHED, os.O_WRONLY | os.O_CREAT | os.O_EXCL | IN_PLACE, 0o600, dir_fd=directory)
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        try:
            os.replace(_UNFINISHED, HOLD_NAME, src_dir_fd=directory, dst_dir_fd=directory)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            _clear(HOLD_NAME, directory)
            os.replace(_UNFINISHED, HOLD_NAME, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)


def _remove(series: Path) -> None:
    with closed_at_end(open_place(str(series), LISTING)) as directory:
        _clear(HOLD_NAME, directory)
        os.fsync(directory)


def _clear(name: str, directory: int) -> None:
    """Have nothing of this name; a directory is put aside, for it may hold anything."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        aside = f"{HOLD_NAME}.odd-{secrets.token_hex(8)}"
        os.rename(name, aside, src_dir_fd=directory, dst_dir_fd=directory)
