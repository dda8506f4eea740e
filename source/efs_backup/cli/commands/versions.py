"""`efs-backup versions`."""

from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json, print_line, print_notes
from efs_backup.cli.past import mode_text, mtime_text, past_of, path_below, path_fields, shown_path, state_fields
from efs_backup.copy_worker.mtree import unescaped_text
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import sized
from efs_backup.engine.proof.versions import PathVersion
from efs_backup.engine.proof.versions import versions as versions_of


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
        for number, one in enumerate(found):
            if number:
                print_line("")
            print_facts(_facts(one))
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


def _facts(found: PathVersion) -> list[tuple[str, str]]:
    version, state = found.version, found.version.state
    more = f" and {len(found.kept) - 1:,} more" if len(found.kept) > 1 else ""
    return [
        ("path", shown_path(found.path)),
        ("was called", shown_path(found.was) if found.was else ""),
        ("first", version.names[0] if version.after else f"{version.names[0]} or before"),
        ("last", version.names[-1]),
        ("still in", f"{found.kept[0]}{more}" if found.kept else "none"),
        ("then", _then(found)),
        ("mode", mode_text(state)),
        ("size", sized(state.size) if state.kind == "file" else ""),
        ("leads to", shown_path(unescaped_text(state.link)) if state.link else ""),
        ("modified", mtime_text(state) or ""),
        ("sha256", state.sha256),
    ]


def _then(found: PathVersion) -> str:
    if found.version.until is None:
        return ""
    if found.becomes:
        return f"renamed to {shown_path(found.becomes)} in {found.version.until}"
    return f"{'vanished' if found.version.is_gone else 'changed'} in {found.version.until}"
