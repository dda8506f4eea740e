"""`efs-backup stack undo`."""

import click

from efs_backup.cli import options
from efs_backup.stack.account import Account
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.restoring import Asking, ask_for, caller_of, undo_of


@click.command(cls=options.Command)
@on_stack
@click.option("--restore", "restore_id", metavar="ID", help="Which restore; the newest that can be undone, if none.")
@click.option("--follow", is_flag=True, help="Tell how far it is, and end as it ends.")
@click.option("--yes", is_flag=True, help="Ask nothing; where no terminal is nothing is asked.")
@options.dry_run
@as_json
def undo(
    *, account: Account, name: str | None, restore_id: str | None, follow: bool, yes: bool, dry_run: bool, as_json: bool
) -> int:
    """Take a restore of the stack back, by an instance of the stack.

    What it made is removed, what it replaced or moved away is put back. What was changed since is left alone and named:
    then the exit code of --follow is 1.
    """
    stack = account.stack(name)
    order = undo_of(account, stack, restore_id, dry_run=dry_run, by=caller_of(account))
    return ask_for(account, stack, order, Asking(follow, yes, as_json))
