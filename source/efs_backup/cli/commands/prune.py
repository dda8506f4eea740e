"""`efs-backup prune`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json, print_notes, print_warnings
from efs_backup.cli.retention_options import confirm, retention, retention_of
from efs_backup.cli.verbosity import is_quiet
from efs_backup.domain.errors import ExitCode, NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.pruning import PrunePlan
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.prune import (
    Pruned,
    check_saving,
    odd_pins,
    plan_pruning,
    prune_series,
    reminders,
    rule_of,
    terms_of,
)
from efs_backup.engine.series.series import Series


@click.command(cls=options.Command)
@options.backup
@retention
@click.option("--save", is_flag=True, help="--retain and --keep-... become the rule of the series.")
@confirm
@options.label
@options.interval
@options.dry_run
@options.verbosity
@options.as_json
def prune(
    *, backup: str, save: bool, confirm: bool, label: str, interval: str, dry_run: bool, as_json: bool, **keeping: Any
) -> int:
    """Delete the snapshots of a series that its rules do not keep, or for once those that the given ones do not."""
    given, now, stop = retention_of(**keeping), datetime.now(UTC), Stop(Window())
    if save and given is None:
        raise WrongUsage("--save needs a --retain or --keep-... to save.")
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), now)
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    rule = rule_of(series, given)
    if save:
        check_saving(series, rule)
    if dry_run:
        print_notes(reminders(series, label_hold(series.label_path)))
        _show_plan(series, rule, is_confirmed=confirm, as_json=as_json)
        return answered()
    stop_on_signals(stop)
    family = Runner.with_new_family().family
    pruned = prune_series(series, rule, now=now, family=family, stop=stop, saves=save, is_confirmed=confirm)
    code = ExitCode.DONE if pruned.is_whole else ExitCode.INCOMPLETE
    exit_on_signals(code)
    if pruned.plan:
        _show(pruned.plan, pruned, as_json=as_json)
    return code


def _show_plan(series: Series, rule: Retention, *, is_confirmed: bool, as_json: bool) -> None:
    """Show what would go, and that it has to be confirmed, if it has."""
    plan = plan_pruning(series, rule, terms_of(series, is_confirmed=True))
    unconfirmed = plan_pruning(series, rule, terms_of(series, is_confirmed=is_confirmed)).unconfirmed
    notes = [
        *([f"{unconfirmed} To confirm it: --confirm."] if unconfirmed else []),
        *(f"The spare {spare.name} goes too: the next backup makes links." for spare in series.spares()),
        *odd_pins(series),
    ]
    _show(plan, None, notes, unconfirmed=unconfirmed, as_json=as_json)


def _show(
    plan: PrunePlan, pruned: Pruned | None, notes: Sequence[str] = (), *, unconfirmed: str = "", as_json: bool
) -> None:
    """pruned: None for a dry run. unconfirmed: why nothing of it would go before somebody says so."""
    is_done = pruned and pruned.is_whole
    warnings = [str(warned) for warned in pruned.warnings] if pruned else []
    told = [*notes, *(pruned.notes if pruned else ())]
    keep, drop = [str(name) for name in plan.keep], [str(name) for name in plan.drop]
    reasons = {str(name): reason for name, reason in plan.reasons.items()}
    if as_json:
        print_json(
            {
                "dry_run": pruned is None,
                "kept": {name: reasons.get(name, "") for name in keep},
                "dropped": drop,
                "reason": plan.reason,
                "unconfirmed": unconfirmed or None,
                "deleted": bool(is_done and not warnings),
                "warnings": warnings,
                "notes": told,
            }
        )
        return
    if is_quiet():
        print_warnings(warnings)
    print_facts([
        *(("keep", f"{name}  {reasons.get(name, '')}") for name in keep),
        ("would drop" if pruned is None else "dropped", ", ".join(drop)),
        ("because of", plan.reason),
        ("note", "" if is_done in {None, True} else "Not all is deleted yet; the next prune or backup goes on."),
        *(("warning", warning) for warning in warnings),
        *(("note", note) for note in told),
    ])  # fmt: skip
