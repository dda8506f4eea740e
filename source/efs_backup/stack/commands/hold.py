"""`efs-backup stack hold` and `efs-backup stack release`."""

import click

from efs_backup.cli import options
from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.triggers import hold_event
from efs_backup.domain.snapshots.pins import text_of
from efs_backup.stack.account import Account
from efs_backup.stack.asking import ask_for
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.watching import utc_now

_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; the next backup seals it.")


@click.command(cls=options.Command)
@on_stack
@_reason
@as_json
def hold(*, account: Account, name: str | None, reason: str, as_json: bool) -> int:
    """Keep all snapshots that the stack's label has, whatever the rules say, until `release`.

    The agent of the next backup makes the hold, before anything is dropped.
    """
    return _ask(account, name, HoldAction.HOLD, reason, as_json=as_json)


@click.command(cls=options.Command)
@on_stack
@_reason
@as_json
def release(*, account: Account, name: str | None, reason: str, as_json: bool) -> int:
    """Take away the holds that there are now: the agent of the next backup does it, and the rules hold again.

    A hold that comes after this request stays.
    """
    return _ask(account, name, HoldAction.RELEASE, reason, as_json=as_json)


def _ask(account: Account, name: str | None, action: HoldAction, reason: str, *, as_json: bool) -> int:
    why, found = text_of(reason, "reason"), Deployment.of(account, name)
    event = hold_event(action, why, found.caller.name)
    return ask_for(found, event, {"reason": why}, utc_now(), as_json=as_json)
