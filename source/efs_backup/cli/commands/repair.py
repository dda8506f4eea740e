"""`efs-backup repair`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_error, print_json, print_line
from efs_backup.domain.errors import ExitCode, NothingThere
from efs_backup.domain.humanize import as_fields
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.machine.os_errors import refusals_named
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.proof.repair import Repair, Repairs
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.series import Series


@click.command(cls=options.Command)
@options.backup
@click.option(
    "--from", "places", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="Where to look for the bytes: the source, or a restored copy of it; repeatable.",
)  # fmt: skip
@options.label
@options.interval
@options.dry_run
@options.as_json
def repair(*, backup: str, places: tuple[Path, ...], label: str, interval: str, dry_run: bool, as_json: bool) -> int:
    """Bring back damaged files in the snapshots that have them, from bytes with the SHA-256 that was stored.

    The other snapshots are searched, too. What is not to be had anywhere stays as it is, and is named.
    """
    now = datetime.now(UTC)
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), now)
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    with (
        locked(series.path, Owner.this_process(Runner.with_new_family().family, now)),
        refusals_named(str(series.path)),
    ):
        names = [one.name for one in series.snapshots()]
        done = Repairs(series.path, names, places, now).run(is_dry=dry_run)
    _show(done, is_dry=dry_run, as_json=as_json)
    if all(one.origin for one in done):
        return answered()
    print_error(
        "Some damaged files are not to be had.",
        "Give a directory that may have them with --from: the source, or another backup of it.",
    )
    return ExitCode.DIFFERENT


def _show(done: Sequence[Repair], *, is_dry: bool, as_json: bool) -> None:
    if as_json:
        print_json({
            "dry_run": is_dry,
            "damaged": [
                {
                    **as_fields("path", one.damage.path), "snapshots": list(one.damage.snapshots),
                    "repaired": bool(one.origin), "origin": one.origin, "other_versions_in": list(one.others),
                }
                for one in done
            ],
        })  # fmt: skip
        return
    for one in done:
        print_line(_line(one, is_dry=is_dry))
    if not done:
        print_line("Nothing is damaged.")


def _line(one: Repair, *, is_dry: bool) -> str:
    where = f"{one.damage.path!r} in {', '.join(one.damage.snapshots)}"
    if one.origin:
        return f"{'would repair' if is_dry else 'repaired'} {where} from {one.origin!r}"
    others = f" Another version is in {', '.join(one.others)}." if one.others else ""
    return f"not to be had: {where}.{others}"
