"""`efs-backup versions`."""

from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_json, print_notes, print_table
from efs_backup.cli.past import mode_text, mtime_text, past_of, path_below, path_fields, shown_path, state_fields
from efs_backup.copy_worker.mtree import unescaped_text
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.versions import State
from efs_backup.engine.proof.versions import PathVersion
from efs_backup.engine.proof.versions import versions as versions_of

_HEADINGS = ("PATH", "FIRST", "LAST", "SIZE", "MODIFIED", "MODE", "SHA256", "STILL IN", "THEN")
_DIGITS = 12


@click.command(cls=options.Command)
@options.backup
@click.argument("path", metavar="PATH")
@options.label
@options.interval
@options.as_json
def versions(*, backup: str, path: str, label: str, interval: str, as_json: bool) -> int:
    """Show each version of PATH, newest first: its snapshots, size, mtime and hash, and when it vanished.

    PATH begins at the root of the snapshots. A file that was renamed is followed to its former names.
    """
    past = past_of(backup, label, interval)
    found = versions_of(past.history, path_below(path))
    notes = past.faults()
    if not found or not as_json:
        print_notes(notes)
    if not found:
        raise NothingThere(f"Nothing is known of {path!r} in this series.", "A path begins at the snapshots' root.")
    if as_json:
        print_json({"versions": [*map(_as_json, found)], "notes": notes})
    else:
        print_table(_HEADINGS, map(_as_row, found))
    return answered()


def _as_json(found: PathVersion) -> dict[str, Any]:
    version = found.version
    return {
        **path_fields("path", found.path),
        **state_fields(version.state),
        "snapshots": [*reversed(version.names)],
        "still_in": [*found.kept],
        "first": version.names[0],
        "last": version.names[-1],
        "not_in_before": version.after,
        "not_in_after": version.until,
        "vanished_in": version.until if version.is_gone else None,
        **path_fields("was_called", found.was),
        **path_fields("renamed_to", found.becomes),
    }


def _as_row(found: PathVersion) -> tuple[str, ...]:
    version, state = found.version, found.version.state
    more = f" and {len(found.kept) - 1:,} more" if len(found.kept) > 1 else ""
    return (
        shown_path(found.path),
        _first(found),
        version.names[-1],
        _size(state),
        mtime_text(state) or "",
        mode_text(state),
        state.sha256[:_DIGITS],
        f"{found.kept[0]}{more}" if found.kept else "none",
        _then(found),
    )


def _first(found: PathVersion) -> str:
    first = found.version.names[0] if found.version.after else f"{found.version.names[0]} or before"
    return f"{first}, was {shown_path(found.was)}" if found.was else first


def _size(state: State) -> str:
    if state.kind == "link":
        return f"-> {shown_path(unescaped_text(state.link))}"
    return sized(state.size) if state.kind == "file" else ""


def _then(found: PathVersion) -> str:
    if found.version.until is None:
        return ""
    if found.becomes:
        return f"renamed to {shown_path(found.becomes)} in {found.version.until}"
    return f"{'vanished' if found.version.is_gone else 'changed'} in {found.version.until}"
