"""Pinning a snapshot, releasing it, and saying something about it."""

import os
import pwd
import socket
from collections.abc import Callable
from datetime import datetime

from efs_backup.domain.errors import CopyFailed, NothingThere
from efs_backup.domain.snapshots.acts import PIN, UNPIN, Act
from efs_backup.domain.snapshots.link_budget import LinkBudget
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.pins import Pin, Said, TornPin
from efs_backup.domain.snapshots.series_file import SeriesFile
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.pins import Pins, pins_of_label
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import read_series_file


def who() -> str:
    """Who runs this, by name, and on which host; of root also who has become root, if sudo says so."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # an unnamed user, as in many containers
        user = f"user {os.geteuid()}"
    before = os.environ.get("SUDO_USER", "")
    return f"{user} ({before})@{socket.gethostname()}" if before else f"{user}@{socket.gethostname()}"


def pin(
    series: Series, name: SnapshotName, reason: str, until: datetime | None, note: Callable[[str], None], *,
    by: str | None = None,
) -> Pin:  # fmt: skip
    """Pin a snapshot; nothing can drop it meanwhile. The next seal tells it. by: who asks, if not who runs this.

    Raises NothingThere where it was dropped just now, WrongUsage where it would need more links than a file can have,
    BackupFull and CopyFailed.
    """
    made, pins = Pin(reason, by or who(), series.now, until), Pins(series.path, note)
    series.refuse_symlinks()
    with refusals_named(str(series.path)), reading(series.path, note):
        if all(known.name != name for known in series.snapshots()):
            raise NothingThere(f"The snapshot {name} was dropped just now.")
        _refuse_too_many(series, name, pins)
        pins.pin(name, made)
        _note_act(series, Act(PIN, str(name), made.by, _at(series), reason, made.told_until()))
    return made


def unpin(
    series: Series, name: SnapshotName, reason: str, note: Callable[[str], None], *, by: str | None = None
) -> Pin | TornPin:
    """Release a snapshot, so that the rules of its series decide about it; give its pin. The next seal tells it.

    by: who asks, if not who runs this.

    Raises NothingThere where it is not pinned, BackupFull and CopyFailed.
    """
    series.refuse_symlinks()
    with refusals_named(str(series.path)):
        released = Pins(series.path, note).unpin(name)
        if released is None:
            raise NothingThere(f"The snapshot {name} is not pinned.")
        _note_act(series, Act(UNPIN, str(name), by or who(), _at(series), reason, None))
    return released


def say(series: Series, name: SnapshotName, text: str, note: Callable[[str], None], *, by: str | None = None) -> None:
    """Say something about a snapshot, in the place of what was said before; "" says nothing. by: as of a pin.

    Raises BackupFull and CopyFailed.
    """
    series.refuse_symlinks()
    with refusals_named(str(series.path)):
        Pins(series.path, note).note(name, Said(text, by or who(), series.now) if text else None)


def pinned_without_snapshot(series: Series, text: str) -> SnapshotName | None:
    """The pin of this name whose snapshot is gone; None where there is none."""
    name = SnapshotName.parse(text)
    return name if name in Pins(series.path).find().pins else None


def _refuse_too_many(series: Series, name: SnapshotName, pins: Pins) -> None:
    if name in pins.find().holding(series.now):
        return
    file = read_series_file(series.label_path)
    rules = file.retention if isinstance(file, SeriesFile) else {}
    before = pins_of_label(series.label_path, series.now)
    LinkBudget(rules, before + 1).refuse("Another pin", LinkBudget(rules, before))


def _at(series: Series) -> str:
    return series.now.isoformat(timespec="seconds").replace("+00:00", "Z")


def _note_act(series: Series, act: Act) -> None:
    try:
        Manifests(series.path).note_act(act)
    except OSError as error:
        raise CopyFailed(
            f"It is done, but the next seal will not tell it ({error.strerror}).", "Do it again when there is space."
        ) from error
