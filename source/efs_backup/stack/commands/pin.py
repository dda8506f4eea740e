"""`efs-backup stack pin`, `unpin` and `note`."""

from datetime import datetime

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import reading_of
from efs_backup.domain.operations.pin_requests import PinAction, Wish
from efs_backup.domain.snapshots.pins import text_of, until_of
from efs_backup.domain.sources.row import Source
from efs_backup.stack.account import Account
from efs_backup.stack.asking import ask_for, facts_of, snapshot_named
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.rows import further_row, of_label
from efs_backup.stack.watching import utc_now

_HELP = "SNAPSHOT is a name such as 20261122T020000Z, latest, or a time, which means the snapshot that was there then."
_snapshot = click.argument("snapshot", metavar="SNAPSHOT")


@click.command(cls=options.Command, epilog=_HELP)
@_snapshot
@on_stack
@click.option("--reason", required=True, metavar="TEXT", help="Why it is to stay; the next seal tells it.")
@click.option("--until", metavar="DATE", help="Let it go after this day or time, as 2027-01-31; without it, never.")
@of_label
@as_json
def pin(
    *, account: Account, name: str | None, snapshot: str, reason: str, until: str | None, label: str | None,
    interval: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Keep one snapshot, whatever the rules say: the agent of the next backup pins it, before anything is dropped."""
    now, why = utc_now(), text_of(reason, "reason")
    end = until_of(until, reading_of(now)) if until else None
    found = Deployment.of(account, name)
    row = further_row(found, label, interval)
    return _ask(found, row, PinAction.PIN, (snapshot, why, end), as_json=as_json)


@click.command(cls=options.Command, epilog=_HELP)
@_snapshot
@on_stack
@click.option("--reason", required=True, metavar="TEXT", help="Why it may go; the next seal tells it.")
@of_label
@as_json
def unpin(
    *, account: Account, name: str | None, snapshot: str, reason: str, label: str | None, interval: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Release a pinned snapshot: the agent of the next backup does it, and the rules decide about it again."""
    why = text_of(reason, "reason")
    found = Deployment.of(account, name)
    row = further_row(found, label, interval)
    return _ask(found, row, PinAction.UNPIN, (snapshot, why, None), as_json=as_json)


@click.command(cls=options.Command, epilog=f"{_HELP} An empty TEXT takes the note away.")
@_snapshot
@click.argument("text", metavar="TEXT")
@on_stack
@of_label
@as_json
def note(
    *, account: Account, name: str | None, snapshot: str, text: str, label: str | None, interval: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Write a note on a snapshot, by the agent of the next backup; it protects nothing."""
    said = text_of(text, "note") if text else ""
    found = Deployment.of(account, name)
    row = further_row(found, label, interval)
    return _ask(found, row, PinAction.NOTE, (snapshot, said, None), as_json=as_json)


def _ask(
    found: Deployment, row: Source | None, action: PinAction, asked: tuple[str, str, datetime | None], *, as_json: bool
) -> int:
    """asked: the words for the snapshot, the text, and the end of a pin."""
    (words, text, until), now = asked, utc_now()
    wish = Wish(action, snapshot_named(found, words, reading_of(now), row), text, found.caller.name, until)
    return ask_for(found, wish.event(), facts_of(wish), now, row, as_json=as_json)
