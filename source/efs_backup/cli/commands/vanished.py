"""`efs-backup vanished`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import since_name
from efs_backup.cli.output import answered, print_json_list, print_lines, print_notes
from efs_backup.cli.past import past_of, path_below, path_fields, shown_path, state_fields
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import counted
from efs_backup.engine.proof.vanished import Vanished, Vanishing

_WIDTH = len("20261122T020000Z")


@click.command(cls=options.Command)
@options.backup
@click.argument("path", metavar="[PATH]", default="")
@options.since
@options.label
@options.interval
@options.as_json
def vanished(*, backup: str, path: str, since: str | None, label: str, interval: str, as_json: bool) -> int:
    """Show what went, at PATH and below it, newest first: in which snapshot, and the newest one that still holds it.

    PATH begins at the root of the snapshots. What is there again, or was only renamed, is said to be so.
    """
    past = past_of(backup, label, interval)
    after = since_name(past.series, since) if since is not None else ""
    found = Vanishing(past.history, path_below(path), after)
    if not past.history.nights():
        print_notes(past.faults(after))
        raise NothingThere("Nothing is known of what changed: no snapshot of this series has changes.")
    if as_json:
        print_json_list("vanished", map(as_json_value, found), lambda: {"notes": past.faults(after)})
    else:
        print_lines(lines(found))
        print_notes(past.faults(after))
    return answered()


def as_json_value(found: Vanished) -> dict[str, Any]:
    """A name that vanished, for programs."""
    return {
        **path_fields("path", found.path),
        **state_fields(found.state),
        "vanished_in": found.night,
        "last_in": found.last,
        "still_in": found.still_in,
        **path_fields("renamed_to", found.becomes),
        "back_in": found.back,
    }


def lines(found: Iterable[Vanished]) -> Iterator[str]:
    """A table of what vanished, with a sum at its end."""
    counts = Counter[str]()
    yield f"{'VANISHED IN':{_WIDTH}}  {'STILL IN':{_WIDTH}}  PATH"
    for one in found:
        counts["vanished"] += 1
        counts["renamed"] += one.becomes is not None
        counts["back"] += one.back is not None
        slash = "/" if one.is_directory else ""
        yield f"{one.night}  {one.still_in or 'none':{_WIDTH}}  {shown_path(one.path)}{slash}{_fate(one)}"
    more = f", of which {counts['renamed']:,} were renamed and {counts['back']:,} came back" if counts else ""
    yield f"{counted(counts['vanished'], 'name')} vanished{more}"


def _fate(one: Vanished) -> str:
    if one.becomes:
        return f" (renamed to {shown_path(one.becomes)})"
    return f" (back in {one.back})" if one.back else ""
