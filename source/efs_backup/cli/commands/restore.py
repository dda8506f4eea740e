"""`efs-backup restore`."""

from datetime import UTC, datetime
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import as_of as moment_of
from efs_backup.cli.one_snapshot import selected, series_of
from efs_backup.cli.output import answered, print_error, print_facts, print_json
from efs_backup.cli.progress import watching
from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.humanize import as_fields, as_value
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestoreResult, RestoreStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun


@click.command(cls=options.Command)
@options.backup
@options.target
@options.label
@options.interval
@click.option("--number", type=int, metavar="N", help="The backup number: 0 is the newest, and the default.")
@options.snapshot
@click.option(
    "--as-of",
    metavar="TIME",
    help="The newest snapshot that is not younger, as 2026-11-22 or 'yesterday 18:00'; local time.",
)
@click.option(
    "--path", multiple=True, metavar="SUBDIR", help="Only the content of this directory, or this file; repeatable."
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in RestoreMode]),
    default=RestoreMode.OVERLAY.value,
    show_default=True,
    help="overlay adds and overwrites; mirror makes TARGET equal and moves what it replaces or deletes to a"
    " quarantine; new refuses a TARGET that is not empty.",
)
@click.option(
    "--checksum/--no-checksum",
    default=None,
    help="Compare the contents of files that look unchanged; if neither is given, of those touched after their mtime.",
)
@options.tuning
@options.dry_run
@options.as_json
def restore(
    *,
    backup: str,
    target: str,
    label: str,
    interval: str,
    number: int | None,
    snapshot: str | None,
    as_of: str | None,
    path: tuple[str, ...],
    mode: str,
    checksum: bool | None,
    dry_run: bool,
    as_json: bool,
    **tuning: Any,
) -> int:
    """Bring a snapshot, or a part of it, back into TARGET."""
    selection = _selection(backup, label, interval, number=number, snapshot=snapshot, as_of=as_of)
    request = RestoreRequest(
        backup, target, FolderLabel(label), Interval(interval), selection, path, RestoreMode(mode),
        options.tuning_of(**tuning), checksum,
    )  # fmt: skip
    stop = Stop(Window())
    stop_on_signals(stop)
    with watching(stop.seconds_left) as watcher:
        run = RestoreRun(request, now=datetime.now(UTC), runner=Runner.with_new_family(), stop=stop, watcher=watcher)
        result = run.plan() if dry_run else run.run()
    exit_on_signals(result.exit_code)
    _show(result, as_json=as_json)
    return answered() if dry_run else result.exit_code


def _selection(
    backup: str, label: str, interval: str, *, number: int | None, snapshot: str | None, as_of: str | None
) -> Selection:
    moment = None if as_of is None else moment_of(as_of, datetime.now(UTC))
    selection = Selection(number, snapshot, moment)
    return selection if snapshot is None else selected(series_of(backup, label, interval), snapshot)


def _show(result: RestoreResult, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(result))
    else:
        print_facts(_facts(result))
    if result.status is RestoreStatus.INCOMPLETE:
        print_error(f"{result.status}: {result.message}", result.next_step)


def _as_json(result: RestoreResult) -> dict[str, Any]:
    plan = result.plan
    return {
        "status": result.status,
        "snapshot": str(plan.snapshot),
        "mode": plan.mode,
        **as_fields("target", plan.target),
        "created": plan.created,
        "replaced": plan.replaced,
        "deleted": plan.extra if plan.mode is RestoreMode.MIRROR else 0,
        "kept": 0 if plan.mode is RestoreMode.MIRROR else plan.extra,
        "first": {
            name: [*map(as_value, plan.summary.first(kind))]
            for name, kind in (
                ("created", Kind.ADDED),
                ("replaced", Kind.CHANGED),
                ("deleted" if plan.mode is RestoreMode.MIRROR else "kept", Kind.REMOVED),
            )
        },
        **(as_fields("quarantine", result.quarantine) if result.quarantine else {"quarantine": None}),
        "notes": [*result.notes],
        "message": result.message,
        "next_step": result.next_step,
    }


def _facts(result: RestoreResult) -> list[tuple[str, str]]:
    plan, words = result.plan, _words(result)
    return [
        ("status", result.status),
        ("snapshot", str(plan.snapshot)),
        ("target", f"{plan.target} ({plan.mode})"),
        *((words[kind], f"{plan.summary.counts[kind]:,}") for kind in Kind),
        *((words[kind], path) for kind in Kind for path in _first(result, kind)),
        ("quarantine", result.quarantine or ""),
        *(("note", note) for note in result.notes),
        ("message", result.message),
        ("next", result.next_step),
    ]


def _words(result: RestoreResult) -> dict[Kind, str]:
    would = "would be " if result.status is RestoreStatus.PLANNED else ""
    extra = f"{would}deleted" if result.plan.mode is RestoreMode.MIRROR else "left alone"
    return {Kind.ADDED: f"{would}created", Kind.CHANGED: f"{would}replaced", Kind.REMOVED: extra}


def _first(result: RestoreResult, kind: Kind) -> list[str]:
    return result.plan.summary.first(kind) if result.status is RestoreStatus.PLANNED else []
