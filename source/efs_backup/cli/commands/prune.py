"""`efs-backup prune`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json, print_notes
from efs_backup.domain.errors import ExitCode, NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import PrunePlan, Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.prune import Pruned, plan_pruning, prune_series, reminders, rule_of
from efs_backup.engine.series.series import Series


@click.command(cls=options.Command)
@options.backup
@click.option("--retain", type=int, metavar="N", help=f"{options.RETAIN_HELP} By its own rule if not given.")
@click.option("--save", is_flag=True, help="--retain becomes the rule of the series.")
@options.label
@options.interval
@options.dry_run
@options.as_json
def prune(
    *, backup: str, retain: int | None, save: bool, label: str, interval: str, dry_run: bool, as_json: bool
) -> int:
    """Delete the snapshots of a series that are too many, the oldest first."""
    given, now, stop = Retention(retain) if retain is not None else None, datetime.now(UTC), Stop(Window())
    if save and given is None:
        raise WrongUsage("--save needs a --retain to save.")
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), now)
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    retention = rule_of(series, given)
    if dry_run:
        plan = plan_pruning(series, retention)
        print_notes(reminders(series, label_hold(series.label_path)))
        _show(plan, None, as_json=as_json)
        return answered()
    stop_on_signals(stop)
    family = Runner.with_new_family().family
    pruned = prune_series(series, retention, now=now, family=family, stop=stop, saves=save)
    code = ExitCode.DONE if pruned.is_whole else ExitCode.INCOMPLETE
    exit_on_signals(code)
    if pruned.plan:
        _show(pruned.plan, pruned, as_json=as_json)
    return code


def _show(plan: PrunePlan, pruned: Pruned | None, *, as_json: bool) -> None:
    """pruned: None for a dry run."""
    is_done = pruned and pruned.is_whole
    warnings = [str(warned) for warned in pruned.warnings] if pruned else []
    notes = list(pruned.notes) if pruned else []
    keep, drop = [str(name) for name in plan.keep], [str(name) for name in plan.drop]
    if as_json:
        print_json(
            {
                "dry_run": pruned is None,
                "keep": keep,
                "drop": drop,
                "reason": plan.reason,
                "deleted": bool(is_done and not warnings),
                "warnings": warnings,
                "notes": notes,
            }
        )
        return
    print_facts([
        ("keep", ", ".join(keep)),
        ("would drop" if pruned is None else "dropped", ", ".join(drop)),
        ("because of", plan.reason),
        ("note", "" if is_done in {None, True} else "Not all is deleted yet; the next prune or backup goes on."),
        *(("warning", warning) for warning in warnings),
        *(("note", note) for note in notes),
    ])  # fmt: skip
