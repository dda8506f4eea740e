"""A snapshot opened for a command that looks into it, and its names as people and programs get them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from efs_backup.cli.one_snapshot import chosen_snapshot, series_of
from efs_backup.cli.output import print_notes
from efs_backup.cli.past import mode_text, path_fields, shown_path, state_fields
from efs_backup.cli.zone import LocalZone
from efs_backup.copy_worker.mtree import unescaped_text
from efs_backup.domain.errors import EfsBackupError, NothingThere
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.place import Place, place_of
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.tree import Tree

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

place_argument = click.argument("place", metavar="BACKUP[:SNAPSHOT[/PATH]]")
path_argument = click.argument("path", metavar="[PATH]", required=False)


def place_in(text: str, snapshot: str | None, path: str | None) -> Place:
    """The place that an argument, an option and another argument name together. Raises WrongUsage."""
    if not text:
        raise click.BadParameter("BACKUP is empty.")
    return place_of(text, os.path.isdir).with_more(snapshot, path)


@dataclass(frozen=True)
class Opened:
    """A snapshot of a series, and its tree."""

    series: Series
    snapshot: Snapshot
    tree: Tree

    def find(self, path: str) -> os.stat_result:
        """The attributes of a path. Raises NothingThere, which says what is in its way."""
        if found := self.tree.find(path):
            return found
        raise NothingThere(f"There is no {path!r} in the snapshot {self.snapshot.name}{self._obstacle(path)}.")

    def _obstacle(self, path: str) -> str:
        names = path.split("/")
        for end in range(1, len(names)):
            above = "/".join(names[:end])
            seen = self.tree.find(above)
            if seen and stat.S_ISLNK(seen.st_mode):
                return f": {above!r} is a symlink to {self.tree.read_link(above)!r}, which is not followed"
            if seen and not stat.S_ISDIR(seen.st_mode):
                return f": {above!r} is no directory"
        return ""


@contextmanager
def opened(backup: str, label: str, interval: str, words: str | None) -> Iterator[Opened]:
    """The snapshot of these words, open; no prune takes it away meanwhile. Raises NothingThere and WrongUsage."""
    series = series_of(backup, label, interval)
    with reading(series.path, lambda note: print_notes([note])):
        snapshot = chosen_snapshot(series, words)
        with tree_of(snapshot) as tree:
            yield Opened(series, snapshot, tree)


def tree_of(snapshot: Snapshot) -> Tree:
    """The tree of a snapshot. Raises EfsBackupError where it cannot be opened."""
    try:
        return Tree(snapshot.path)
    except OSError as error:
        raise EfsBackupError(
            f"The snapshot {snapshot.name} cannot be opened: {error.strerror}.",
            "Run it as root, or as the owner of the snapshots; `efs-backup list` shows which are there.",
        ) from error


def long_line(state: State, path: bytes) -> str:
    """Type, mode, owners, size, mtime and name, as `ls -l` has them."""
    size = sized(state.size) if state.kind == "file" else ""
    leads_to = f" -> {shown_path(unescaped_text(state.link))}" if state.link else ""
    name = marked(path, is_directory=state.kind == "dir")
    return f"{mode_text(state):22}  {size:>10}  {local_time(state.mtime_ns)}  {name}{leads_to}"


def marked(path: bytes, *, is_directory: bool) -> str:
    """A path for people; that of a directory ends with a slash."""
    return shown_path(path) + ("/" if is_directory else "")


def json_fields(state: State, path: bytes) -> dict[str, object]:
    """A name in a snapshot for programs."""
    return {**path_fields("path", path), **state_fields(state)}


def local_time(mtime_ns: int) -> str:
    """A time of a file in the zone of this machine, with its offset, to the second."""
    seconds = mtime_ns // 10**9
    try:
        moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(LocalZone())
    except (OverflowError, ValueError):
        return f"@{seconds}"
    return f"{moment:%Y-%m-%d %H:%M:%S %z}"
