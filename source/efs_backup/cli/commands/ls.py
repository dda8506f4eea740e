"""`efs-backup ls`."""

import os
import stat
from collections.abc import Iterator

import click

from efs_backup.cli import options
from efs_backup.cli.in_snapshot import Opened, json_fields, long_line, opened, path_argument, place_argument
from efs_backup.cli.in_snapshot import place_in as place_of
from efs_backup.cli.output import answered, print_json_list, print_lines, print_names
from efs_backup.cli.past import path_fields
from efs_backup.copy_worker.attributes import attributes_of
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.history import state_of
from efs_backup.engine.trees.tree_walk import joined

Entry = tuple[str, os.stat_result]


@click.command(cls=options.Command)
@place_argument
@path_argument
@options.snapshot
@options.long
@options.nul
@options.label
@options.interval
@options.as_json
def ls(
    *, place: str, path: str | None, snapshot: str | None, is_long: bool, ends_in_nul: bool, label: str, interval: str,
    as_json: bool,
) -> int:  # fmt: skip
    """List a directory of a snapshot, or one file: `efs-backup ls BACKUP:latest/home/alice`.

    Without a SNAPSHOT it is the newest. A directory's name ends with a slash. No symlink below the snapshot's root is
    followed.
    """
    wanted = place_of(place, snapshot, path)
    with opened(wanted.backup, label, interval, wanted.snapshot) as found:
        directory, entries = _entries(found, wanted.path)
        if as_json:
            said = {"snapshot": str(found.snapshot.name), **path_fields("path", os.fsencode(wanted.path))}
            full = ((joined(directory, name), seen) for name, seen in entries)
            print_json_list("entries", (json_fields(*_state(found, *one)) for one in full), lambda: said)
        elif ends_in_nul:
            print_names(os.fsencode(name) for name, _ in entries)
        else:
            print_lines(_lines(found, directory, entries, is_long=is_long))
    return answered()


def _entries(found: Opened, path: str) -> tuple[str, list[Entry]]:
    """(the directory, its names in order of their bytes); of what is none, its own name alone."""
    seen = found.find(path)
    if not stat.S_ISDIR(seen.st_mode):
        directory, _, name = path.rpartition("/")
        return directory, [(name, seen)]
    try:
        return path, sorted(found.tree.list(path), key=lambda entry: os.fsencode(entry[0]))
    except OSError as error:
        error.filename = os.path.join(found.tree.root, path)
        raise


def _lines(found: Opened, directory: str, entries: list[Entry], *, is_long: bool) -> Iterator[str]:
    for name, seen in entries:
        if is_long:
            state, _ = _state(found, joined(directory, name), seen)
            yield long_line(state, os.fsencode(name))
        else:
            yield f"{name}/" if stat.S_ISDIR(seen.st_mode) else name


def _state(found: Opened, path: str, seen: os.stat_result) -> tuple[State, bytes]:
    link = os.fsencode(found.tree.read_link(path)) if stat.S_ISLNK(seen.st_mode) else b""
    return state_of(attributes_of(seen, link), seen.st_ino), os.fsencode(path)
