"""`efs-backup scrub`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import print_error, print_facts, print_json
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import CopyFailed, ExitCode, NothingThere
from efs_backup.domain.humanize import as_fields, as_time, sized
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.scrubbing import Damage, Scrubbed, ScrubRule
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import damage_warning
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.damage import DamageList, good_copies
from efs_backup.engine.proof.scrub import Scrub
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import is_second_copy


@click.command(cls=options.Command)
@options.backup
@options.scrub
@options.max_operations
@options.label
@options.interval
@options.verbosity
@options.as_json
def scrub(
    *, backup: str, scrub_days: int, scrub_bytes: str | None, max_operations_per_second: float | None, label: str,
    interval: str, as_json: bool,
) -> int:  # fmt: skip
    """Read the part of what is stored that is due today, and say what is not what was stored."""
    now, rule, stop = datetime.now(UTC), ScrubRule(scrub_days, options.size_of(scrub_bytes)), Stop(Window())
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), now)
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    stop_on_signals(stop)
    names = [one.name for one in series.snapshots()]
    with locked(series.path, Owner.this_process(Runner.with_new_family().family, now)):
        try:
            done = Scrub(
                series.path, names, rule, now=now, throttle=Throttle(max_operations_per_second),
                should_stop=stop.is_due, is_copy=is_second_copy(series.label_path),
            ).run()  # fmt: skip
        except ValueError as error:
            raise CopyFailed(f"A manifest is torn: {error}.", "`efs-backup audit` says which one.") from error
        damaged = DamageList(series.path).refresh(names)
    code = ExitCode.DIFFERENT if damaged else ExitCode.INCOMPLETE if stop.is_due() else ExitCode.DONE
    exit_on_signals(code)
    _show(done, damaged, as_json=as_json)
    if damaged:
        warned = damage_warning(damaged, [good_copies(series.path, names, one) for one in damaged])
        print_error(str(warned), "`efs-backup repair` brings back what is still to be had somewhere.")
    return code


def _show(done: Scrubbed, damaged: list[Damage], *, as_json: bool) -> None:
    if as_json:
        print_json({
            "files": done.files, "bytes": done.bytes, "hashes_found": done.late, "days_behind": done.days_behind,
            "damaged": [*map(_damage_json, damaged)],
        })  # fmt: skip
        return
    print_facts([
        ("read", f"{done.files:,} files ({sized(done.bytes)})"),
        ("hashes found", f"{done.late:,}" if done.late else ""),
        ("behind", f"{done.days_behind:,} days" if done.days_behind else ""),
        ("damaged", f"{len(damaged):,}"),
    ])  # fmt: skip


def _damage_json(one: Damage) -> dict[str, object]:
    return {
        **as_fields("path", one.path), "inode": one.inode, "snapshots": list(one.snapshots), "size": one.size,
        "expected": one.expected, "found": one.found or None, "seen": as_time(one.since), "message": one.why,
    }  # fmt: skip
