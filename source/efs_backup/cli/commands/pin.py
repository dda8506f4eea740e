"""`efs-backup pin`, `unpin` and `note`."""

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import HELP, chosen, reading_of, series_of
from efs_backup.cli.output import print_facts, print_json, print_notes
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.humanize import as_time
from efs_backup.domain.snapshots.pins import text_of, until_of
from efs_backup.engine.series.pinning import pin as pin_it
from efs_backup.engine.series.pinning import pinned_without_snapshot, say
from efs_backup.engine.series.pinning import unpin as unpin_it

_snapshot = click.argument("snapshot", metavar="SNAPSHOT")


@click.command(cls=options.Command, epilog=f"SNAPSHOT is {HELP}.")
@options.backup
@_snapshot
@click.option("--reason", required=True, metavar="TEXT", help="Why it is to stay; `list` and the next seal tell it.")
@click.option("--until", metavar="DATE", help="Let it go after this day or time, as 2027-01-31; without it, never.")
@options.label
@options.interval
@options.as_json
def pin(*, backup: str, snapshot: str, reason: str, until: str | None, label: str, interval: str, as_json: bool) -> int:
    """Keep one snapshot, whatever the rules of its series say."""
    series, notes = series_of(backup, label, interval), list[str]()
    name, why = chosen(series, snapshot), text_of(reason, "reason")
    made = pin_it(series, name, why, until_of(until, reading_of(series.now)) if until else None, notes.append)
    if as_json:
        until = as_time(made.until) if made.until else None
        print_json({"snapshot": str(name), "reason": made.reason, "until": until, "by": made.by, "notes": notes})
    else:
        _show({"snapshot": str(name), "pinned": made.told(), "until": made.told_until()}, notes, as_json=False)
    return ExitCode.DONE


@click.command(cls=options.Command, epilog=f"SNAPSHOT is {HELP}.")
@options.backup
@_snapshot
@click.option("--reason", required=True, metavar="TEXT", help="Why it may go; the next seal tells it.")
@options.label
@options.interval
@options.as_json
def unpin(*, backup: str, snapshot: str, reason: str, label: str, interval: str, as_json: bool) -> int:
    """Release a pinned snapshot: the rules of its series decide about it again, with the next prune."""
    series, notes = series_of(backup, label, interval), list[str]()
    name = pinned_without_snapshot(series, snapshot) or chosen(series, snapshot)
    released = unpin_it(series, name, text_of(reason, "reason"), notes.append)
    _show({"snapshot": str(name), "released": released.told()}, notes, as_json=as_json)
    return ExitCode.DONE


@click.command(cls=options.Command, epilog=f"SNAPSHOT is {HELP}. An empty TEXT takes the note away.")
@options.backup
@_snapshot
@click.argument("text", metavar="TEXT")
@options.label
@options.interval
@options.as_json
def note(*, backup: str, snapshot: str, text: str, label: str, interval: str, as_json: bool) -> int:
    """Write a note on a snapshot, which `list` shows; it protects nothing."""
    series, notes = series_of(backup, label, interval), list[str]()
    name, said = chosen(series, snapshot), text_of(text, "note") if text else ""
    say(series, name, said, notes.append)
    _show({"snapshot": str(name), "note": said}, notes, as_json=as_json)
    return ExitCode.DONE


def _show(facts: dict[str, str | None], notes: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({**facts, "notes": notes})
        return
    print_facts((key, value) for key, value in facts.items() if value)
    print_notes(notes)
