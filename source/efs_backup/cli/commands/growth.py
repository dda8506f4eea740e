"""`efs-backup growth`."""

from collections.abc import Mapping
from types import MappingProxyType

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import since_name
from efs_backup.cli.output import answered, print_columns, print_json, print_notes
from efs_backup.cli.past import past_of, path_fields, shown_path
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.humanize import sized
from efs_backup.domain.snapshots.growth import Row
from efs_backup.engine.proof.growth import Growth
from efs_backup.engine.proof.growth import growth as growth_of

_HEADINGS = ("DIRECTORY", "FILES THEN", "FILES NOW", "BYTES THEN", "BYTES NOW", "GROWN BY")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@click.command(cls=options.Command)
@options.backup
@click.option("--by", type=int, default=2, show_default=True, help="The depth of the directories.")
@options.since
@options.label
@options.interval
@options.as_json
def growth(*, backup: str, by: int, since: str | None, label: str, interval: str, as_json: bool) -> int:
    """Show files and bytes by directory, then and now, those first that have grown most.

    Then is the oldest snapshot that is there, or with --since the newest one at that time, also if it is gone. A row
    holds all that is below a directory of that depth; what lies less deep is counted where it is.
    """
    if by < 0:
        raise WrongUsage(f"A depth counts from 0, all in one; {by} is none.")
    past = past_of(backup, label, interval)
    wanted = since_name(past.series, since) if since is not None else None
    found = growth_of(past.history, by, wanted)
    begin = wanted or min(past.history.kept)
    notes = past.notes if found and found.then <= begin else past.faults(begin)
    if not found or not as_json:
        print_notes(notes)
    if not found:
        raise NothingThere(
            "No snapshot of this series has a manifest that can be read.",
            "The next backup writes one; `efs-backup manifest BACKUP --make` makes that of a snapshot which is there.",
        )
    if as_json:
        print_json(_as_json(found, by) | {"notes": notes})
    else:
        print_columns(_HEADINGS, map(_as_row, [*found.rows, _sum(found)]))
    return answered()


def _sum(found: Growth) -> Row:
    then, now = (
        (sum(files for files, _ in counts), sum(size for _, size in counts))
        for counts in ([row.then for row in found.rows], [row.now for row in found.rows])
    )
    return Row(f"{found.then} to {found.now}".encode(), then, now)


def _as_json(found: Growth, depth: int) -> dict[str, object]:
    return {
        "by": depth,
        **_numbers(_sum(found), {"snapshot": found.then}, {"snapshot": found.now}),
        "directories": [{**path_fields("path", row.path), **_numbers(row)} for row in found.rows],
    }


def _numbers(row: Row, then: Mapping[str, str] = _NOTHING, now: Mapping[str, str] = _NOTHING) -> dict[str, object]:
    (files_then, bytes_then), (files_now, bytes_now) = row.then, row.now
    return {
        "then": {**then, "files": files_then, "bytes": bytes_then},
        "now": {**now, "files": files_now, "bytes": bytes_now},
        "grown_bytes": row.grown,
    }


def _as_row(row: Row) -> tuple[str, ...]:
    (files_then, bytes_then), (files_now, bytes_now) = row.then, row.now
    sign = "-" if row.grown < 0 else ""
    return (
        shown_path(row.path), f"{files_then:,}", f"{files_now:,}", sized(bytes_then), sized(bytes_now),
        f"{sign}{sized(abs(row.grown))}",
    )  # fmt: skip
