"""`efs-backup stack restore`."""

from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import as_of as moment_of
from efs_backup.cli.one_snapshot import reading_of
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.selection import Selection, Words
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.restoring import Asking, ask_for


@click.command(cls=options.Command)
@on_stack
@click.option(
    "--path",
    multiple=True,
    metavar="PATH",
    help="The content of this directory, or this file, or what a pattern matches; '/' is all; repeatable.",
)
@options.number
@click.option("--snapshot", metavar="NAME", help="The name of a snapshot, the beginning of one, or a time.")
@options.as_of
@click.option("--into", metavar="DIRECTORY", help="A directory of the source file system, from its root.")
@click.option("--to-original", is_flag=True, help="Instead: each path to where it was backed up from.")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in RestoreMode]),
    default=RestoreMode.OVERLAY.value,
    show_default=True,
    help="overlay adds and overwrites; mirror makes the place equal to the snapshot; new wants an empty directory.",
)
@click.option(
    "--keep-paths/--no-keep-paths", default=None,
    help="Each path comes to its own place below --into; the default for a pattern.",
)  # fmt: skip
@click.option(
    "--keep-replaced/--no-keep-replaced", default=None,
    help="What is replaced is moved to a quarantine, so that it can be undone; the default.",
)  # fmt: skip
@click.option("--follow", is_flag=True, help="Tell how far it is, and end as it ends.")
@options.yes
@options.dry_run
@as_json
def restore(
    *,
    account: Account,
    name: str | None,
    path: tuple[str, ...],
    number: int | None,
    snapshot: str | None,
    as_of: str | None,
    into: str | None,
    to_original: bool,
    mode: str,
    keep_paths: bool | None,
    keep_replaced: bool | None,
    follow: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Bring a part of a snapshot back into the source of a stack, by an instance of the stack.

    It needs RestoreInPlace=Yes, but for --dry-run, which is followed to its end and touches nothing. With --follow the
    exit code is that of the restore: 0 done, 1 failed, 3 incomplete, 4 not started. Ctrl-C ends the following (130),
    not the restore.
    """
    found = Deployment.of(account, name)
    selection = _selection(found.plan.interval, number, snapshot, as_of)
    order = RestoreOrder(
        path, into, to_original, selection, RestoreMode(mode), keep_paths, keep_replaced, dry_run,
        by=found.caller.arn,
    )  # fmt: skip
    return ask_for(found, order, Asking(follow, yes, as_json))


def _selection(interval: str, number: int | None, snapshot: str | None, as_of: str | None) -> Selection:
    """The snapshot in words that need no look at it. Raises WrongUsage."""
    now = datetime.now(UTC)
    given = Selection(number, snapshot, None if as_of is None else moment_of(as_of, now))
    return given if snapshot is None else Words(Interval(interval), reading_of(now)).selection(snapshot)
