"""`efs-backup stack hold` and `efs-backup stack release`."""

import click

from efs_backup.cli import options
from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.triggers import hold_event
from efs_backup.domain.snapshots.pins import text_of
from efs_backup.domain.sources.row import Source
from efs_backup.stack.account import Account
from efs_backup.stack.asking import ask_for
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.rows import further_row, of_label
from efs_backup.stack.watching import utc_now

_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; the next backup seals it.")


@click.command(cls=options.Command)
@on_stack
@_reason
@of_label
@as_json
def hold(
    *, account: Account, name: str | None, reason: str, label: str | None, interval: str | None, as_json: bool
) -> int:  # fmt: skip
    """Keep all snapshots that a label has, whatever the rules say, until `release`.

    The agent of the next backup makes the hold, before anything is dropped.
    """
    found = Deployment.of(account, name)
    return _ask(found, HoldAction.HOLD, reason, further_row(found, label, interval), as_json=as_json)


@click.command(cls=options.Command)
@on_stack
@_reason
@of_label
@as_json
def release(
    *, account: Account, name: str | None, reason: str, label: str | None, interval: str | None, as_json: bool
) -> int:  # fmt: skip
    """Take away the holds that there are now: the agent of the next backup does it, and the rules hold again.

    A hold that comes after this request stays.
    """
    found = Deployment.of(account, name)
    return _ask(found, HoldAction.RELEASE, reason, further_row(found, label, interval), as_json=as_json)


def _ask(found: Deployment, action: HoldAction, reason: str, row: Source | None, *, as_json: bool) -> int:
    why = text_of(reason, "reason")
    event = hold_event(action, why, found.caller.name)
    return ask_for(found, event, {"reason": why}, utc_now(), row, as_json=as_json)
