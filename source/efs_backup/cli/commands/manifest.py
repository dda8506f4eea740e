"""`efs-backup manifest`."""

from datetime import UTC, datetime

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import selected, series_of
from efs_backup.cli.output import answered, print_bytes, print_facts, print_json, print_notes
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import EfsBackupError, ExitCode, NothingThere, WrongUsage
from efs_backup.domain.humanize import as_value, named, sized
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.proof.packed_text import pieces
from efs_backup.engine.series.lock import Owner
from efs_backup.engine.series.making import Made, Making
from efs_backup.engine.series.series import Series


@click.command(cls=options.Command)
@options.backup
@options.snapshot
@click.option("--make", is_flag=True, help="Make the manifest of a snapshot that has none, by reading all of it.")
@options.max_operations
@options.label
@options.interval
@click.option("--json", "as_json", is_flag=True, help="With --make: print one JSON value on standard output.")
def manifest(
    *,
    backup: str,
    snapshot: str | None,
    make: bool,
    max_operations_per_second: float | None,
    label: str,
    interval: str,
    as_json: bool,
) -> int:
    """Print the manifest of a snapshot, a text that `mtree` verifies it with; or make it, and a late seal.

    While one is made no backup of this series can run.
    """
    series = series_of(backup, label, interval)
    selection, throttle = selected(series, snapshot), _throttle(max_operations_per_second, make=make)
    if make:
        return _make(series, selection, throttle, as_json=as_json)
    if as_json:
        raise WrongUsage("A manifest is printed as it is: --json is for --make.")
    return _print(series, selection.choose([one.name for one in series.snapshots()]))


def _throttle(operations: float | None, *, make: bool) -> Throttle:
    if operations is not None and not make:
        raise WrongUsage("--max-operations-per-second is for --make.")
    return Throttle(operations)


def _print(series: Series, name: SnapshotName) -> int:
    manifests = Manifests(series.path)
    if str(name) not in manifests.names(MANIFEST):
        raise NothingThere(f"The snapshot {name} has no manifest.", "`efs-backup manifest --make` makes one.")
    try:
        print_bytes(pieces(manifests, f"{name}{MANIFEST}"))
    except ValueError as error:
        raise EfsBackupError(
            f"The manifest of {name} cannot be read to its end: {error}.", "`efs-backup audit` tells more."
        ) from error
    return answered()


def _make(series: Series, selection: Selection, throttle: Throttle, *, as_json: bool) -> int:
    stop, notes = Stop(Window()), list[str]()
    stop_on_signals(stop)
    owner = Owner.this_process(Runner.with_new_family().family, datetime.now(UTC))
    made = Making(
        series, clock=lambda: datetime.now(UTC), owner=owner, stop=stop, throttle=throttle, note=notes.append
    ).run(selection)
    exit_on_signals(ExitCode.DONE)
    if made.unread:
        notes.append(f"These files cannot be read, and have no hash: {named(made.unread)}.")
    if as_json:
        print_json(_as_json(made, notes))
    else:
        print_facts(_facts(made))
        print_notes(notes)
    return ExitCode.DONE


def _as_json(made: Made, notes: list[str]) -> dict[str, object]:
    figures = made.figures
    return {
        "snapshot": str(made.snapshot),
        "files": figures.files,
        "bytes": figures.size,
        "without_hash": figures.without_hash,
        "unread": [*map(as_value, made.unread)],
        "manifest_sha256": figures.sha256,
        "seal_sha256": made.seal,
        "message": made.message,
        "notes": notes,
    }


def _facts(made: Made) -> list[tuple[str, str]]:
    figures = made.figures
    return [
        ("snapshot", str(made.snapshot)),
        ("files", f"{figures.files:,} ({sized(figures.size)})"),
        ("without hash", f"{figures.without_hash:,}" if figures.without_hash else ""),
        ("manifest", figures.sha256),
        ("seal", made.seal or ""),
        ("message", made.message),
    ]
