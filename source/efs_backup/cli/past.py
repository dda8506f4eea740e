"""The past of a series, opened for the commands that ask about it, and how they show what they find."""

import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from efs_backup.copy_worker.mtree import NANOSECONDS, unescaped_text
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.humanize import as_fields
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.history import History
from efs_backup.engine.series.series import Series

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = {"file": "-", "dir": "d", "link": "l", "fifo": "p", "socket": "s", "block": "b", "char": "c"}


@dataclass
class Past:
    """The history of a series, and what cannot be told of it."""

    series: Series
    history: History
    notes: list[str] = field(default_factory=list)

    def faults(self, after: str = "") -> list[str]:
        """Sentences on what could not be read, and on what is not known of the time after a snapshot of this name."""
        return [*self.notes, *self.history.lineage.unknown(after)]


def past_of(backup: str, label: str, interval: str) -> Past:
    """The past of a series. Raises NothingThere where there is none."""
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    snapshots = {snapshot.name: snapshot.path for snapshot in series.snapshots()} if series.exists else {}
    if not snapshots:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    notes = list[str]()
    return Past(series, History(series.path, snapshots, notes.append), notes)


def path_below(text: str) -> bytes:
    """A path in a snapshot, as raw bytes, b"" for the root. Raises WrongUsage where it leads out."""
    if ".." in text.split("/"):
        raise WrongUsage(f"The path {text!r} leads out of the snapshot.")
    return os.fsencode("/".join(name for name in text.split("/") if name not in {"", "."}))


def shown_path(path: bytes) -> str:
    """A raw path for people; a dot for the root."""
    return os.fsdecode(path) or "."


def path_fields(key: str, path: bytes | None) -> dict[str, str | None]:
    """A raw path for programs."""
    return {key: None} if path is None else {**as_fields(key, shown_path(path))}


def state_fields(state: State | None) -> dict[str, object]:
    """A state for programs; what is unknown, or what its type has not, is null."""
    if state is None:
        return dict.fromkeys(("type", "mode", "uid", "gid", "size", "mtime", "sha256", "link"))
    is_file = state.kind == "file"
    return {
        "type": state.kind,
        "mode": f"{state.mode:04o}",
        "uid": state.uid,
        "gid": state.gid,
        "size": state.size if is_file else None,
        "mtime": mtime_text(state, "T"),
        "sha256": state.sha256 or None,
        **path_fields("link", unescaped_text(state.link) if state.link else None),
    }


def mode_text(state: State) -> str:
    """Type, mode and owners, as `ls -n` has them."""
    return f"{_LETTERS.get(state.kind, '?')}{stat.filemode(state.mode)[1:]} {state.uid}:{state.gid}"


def mtime_text(state: State, between: str = " ") -> str | None:
    """The mtime in UTC to the nanosecond; None of a directory, of which it is not followed."""
    seconds, rest = divmod(state.mtime_ns, NANOSECONDS)
    if state.kind == "dir":
        return None
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d{between}%H:%M:%S}.{rest:09d}Z"
    except OverflowError:
        return f"@{seconds}.{rest:09d}"
