"""`efs-backup versions`."""

from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.in_snapshot import local_time
from efs_backup.cli.output import answered, print_columns, print_facts, print_json, print_line, print_notes
from efs_backup.cli.past import Past, mode_text, mtime_text, past_of, path_below, path_fields, shown_path, state_fields
from efs_backup.copy_worker.mtree import NANOSECONDS, unescaped_text
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.versions import runs_of
from efs_backup.engine.proof.versions import PathVersion, numbered
from efs_backup.engine.proof.versions import versions as versions_of

_DIGITS = 12
"""Of a SHA-256 in the table; `--long` and `--json` have all of them."""


@click.command(cls=options.Command)
@options.backup
@click.argument("path", metavar="PATH")
@click.option("-l", "--long", "is_long", is_flag=True, help="Tell all of each version: its snapshots, owners and hash.")
@options.label
@options.interval
@options.as_json
def versions(*, backup: str, path: str, is_long: bool, label: str, interval: str, as_json: bool) -> int:
    """Show each version of PATH, newest first: its snapshots, size, mtime and hash, and when it vanished.

    PATH begins at the root of the snapshots. A file that was renamed is followed to its former names. Version 1 is the
    oldest of which anything is known; a version keeps its number. `cat --version N` prints one.
    """
    past = past_of(backup, label, interval)
    found = numbered(versions_of(past.history, path_below(path)))
    notes = past.faults()
    if not found or not as_json:
        print_notes(notes)
    if not found:
        raise NothingThere(f"Nothing is known of {path!r} in this series.", "A path begins at the snapshots' root.")
    if as_json:
        print_json({"versions": [{"version": number, **_as_json(one)} for number, one in found], "notes": notes})
    elif is_long:
        _print_long(found)
    else:
        _print_table(found, past, interval)
    return answered()


def _print_long(found: list[tuple[int, PathVersion]]) -> None:
    for at, (number, one) in enumerate(found):
        if at:
            print_line("")
        print_facts([("version", str(number)), *_facts(one)])


def _print_table(found: list[tuple[int, PathVersion]], past: Past, interval: str) -> None:
    paths = ["PATH"] if len({one.path for _, one in found}) > 1 else []
    print_columns(
        ("VERSION", "MODIFIED", "SIZE", "SHA-256", "IN", *paths),
        (_row(number, one, past, interval)[: 5 + len(paths)] for number, one in found),
        str.ljust,
    )
    for number, one in found:
        if fate := _fate(number, one):
            print_line(fate)


def _row(number: int, one: PathVersion, past: Past, interval: str) -> tuple[str, ...]:
    state = one.version.state
    return (
        str(number),
        "" if state.kind == "dir" else local_time(state.mtime_ns),
        sized(state.size) if state.kind == "file" else "",
        state.sha256[:_DIGITS],
        _held_by(one, past, interval),
        shown_path(one.path),
    )


def _held_by(one: PathVersion, past: Past, interval: str) -> str:
    """The backup numbers of the snapshots that hold it: `daily.0, daily.2 … daily.5`; else those that did."""
    if not one.kept:
        first, last = one.version.names[0], one.version.names[-1]
        return f"none (dropped: {first if first == last else f'{first} … {last}'})"
    newest_first = past.history.kept[::-1]
    ranges = runs_of(sorted(newest_first.index(name) for name in one.kept))
    return ", ".join(
        f"{interval}.{first}" if first == last else f"{interval}.{first} … {interval}.{last}" for first, last in ranges
    )


def _fate(number: int, one: PathVersion) -> str:
    """When a version vanished, in the zone of this machine."""
    until, last = one.version.until, one.version.names[-1]
    if until is None or not one.version.is_gone:
        return ""
    what = f"renamed to {shown_path(one.becomes)}" if one.becomes else "deleted"
    return f"version {number} was {what} between {_moment(last)} and {_moment(until)}"


def _moment(name: str) -> str:
    snapshot = SnapshotName.parse(name)
    return local_time(int(snapshot.time.timestamp()) * NANOSECONDS) if snapshot else name


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
