"""`efs-backup stack undo`."""

import click

from efs_backup.cli import options
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.restoring import Asking, ask_for, quarantine_of


@click.command(cls=options.Command)
@on_stack
@click.option("--restore", "restore_id", metavar="ID", help="Which restore; the newest that can be undone, if none.")
@click.option(
    "--quarantine", metavar="PATH",
    help="Instead: the quarantine, or the directory into which the restore went, from the file system's root.",
)  # fmt: skip
@options.move_changed
@click.option("--follow", is_flag=True, help="Tell how far it is, and end as it ends.")
@options.yes
@options.dry_run
@as_json
def undo(
    *, account: Account, name: str | None, restore_id: str | None, quarantine: str | None, move_changed: bool,
    follow: bool, yes: bool, dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Take a restore of the stack back, by an instance of the stack.

    What it made is removed, what it replaced or moved away is put back. What was changed since is left alone and named:
    then the exit code of --follow is 1.
    """
    if restore_id is not None and quarantine is not None:
        raise WrongUsage("Give only one of --restore and --quarantine.")
    found = Deployment.of(account, name)
    place = quarantine_of(found, restore_id) if quarantine is None else quarantine
    order = RestoreOrder(undoes=place, moves_changed=move_changed, dry_run=dry_run, by=found.caller.arn)
    return ask_for(found, order, Asking(follow, yes, as_json))
