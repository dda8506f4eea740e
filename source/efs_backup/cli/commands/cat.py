"""`efs-backup cat`."""

import os
import stat
from collections.abc import Iterator

import click

from efs_backup.cli import options
from efs_backup.cli.in_snapshot import Opened, opened, path_argument, place_argument, place_in
from efs_backup.cli.output import answered, print_bytes, print_notes
from efs_backup.cli.past import past_of, path_below
from efs_backup.domain.errors import EfsBackupError, NothingThere, WrongUsage
from efs_backup.domain.snapshots.place import Place
from efs_backup.engine.proof.versions import version_number
from efs_backup.engine.series.lock import reading
from efs_backup.engine.trees.held import held

_AT_ONCE = 2**20
_KINDS = {
    stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symlink", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a block device", stat.S_IFCHR: "a character device",
}  # fmt: skip


@click.command(cls=options.Command)
@place_argument
@path_argument
@options.snapshot
@click.option("--version", type=int, metavar="N", help="The version with this number, as `efs-backup versions` has it.")
@options.label
@options.interval
def cat(*, place: str, path: str | None, snapshot: str | None, version: int | None, label: str, interval: str) -> int:
    """Write a file of a snapshot to standard output: `efs-backup cat BACKUP:yesterday/home/alice/thesis.tex`.

    Without a SNAPSHOT it is the newest. No symlink below the snapshot's root is followed.
    """
    wanted = place_in(place, snapshot, path)
    if not wanted.path:
        raise WrongUsage("No file is named: efs-backup cat BACKUP:SNAPSHOT/path, or efs-backup cat BACKUP path.")
    if version is None:
        _write(wanted, label, interval)
    elif wanted.snapshot is not None:
        raise WrongUsage("Give only one of a snapshot and --version.")
    else:
        _write_version(wanted, version, label, interval)
    return answered()


def _write_version(wanted: Place, number: int, label: str, interval: str) -> None:
    past = past_of(wanted.backup, label, interval)
    with reading(past.series.path, lambda note: print_notes([note])):
        found = version_number(past.history, path_below(wanted.path), number)
        place = Place(wanted.backup, found.kept[0], os.fsdecode(found.path))
        _write(place, label, interval)


def _write(place: Place, label: str, interval: str) -> None:
    with opened(place.backup, label, interval, place.snapshot) as found:
        _refuse_others(found, place.path, found.find(place.path))
        descriptor = found.tree.open_file(place.path)
        with held(descriptor):
            _refuse_others(found, place.path, os.fstat(descriptor))
            print_bytes(_pieces(descriptor, place.path))


def _refuse_others(found: Opened, path: str, seen: os.stat_result) -> None:
    kind = stat.S_IFMT(seen.st_mode)
    if kind == stat.S_IFREG:
        return
    leads_to = f" to {found.tree.read_link(path)!r}, which is not followed" if kind == stat.S_IFLNK else ""
    more = "`efs-backup ls` lists it." if kind == stat.S_IFDIR else "`efs-backup ls -l` shows what it is."
    raise NothingThere(
        f"{path!r} is no file in the snapshot {found.snapshot.name}: it is {_KINDS.get(kind, 'odd')}{leads_to}.", more
    )


def _pieces(descriptor: int, path: str) -> Iterator[bytes]:
    written = 0
    while True:
        try:
            piece = os.read(descriptor, _AT_ONCE)
        except OSError as error:
            raise EfsBackupError(
                f"{path!r} cannot be read to its end, only its first {written:,} bytes: {error.strerror}.",
                "`efs-backup versions` shows which other snapshots have it.",
            ) from error
        if not piece:
            return
        written += len(piece)
        yield piece
