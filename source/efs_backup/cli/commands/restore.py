"""`efs-backup restore`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import as_of as moment_of
from efs_backup.cli.one_snapshot import selected, series_of
from efs_backup.cli.output import answered, print_error, print_facts, print_json
from efs_backup.cli.progress import watching
from efs_backup.cli.question import Question, is_asked
from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import as_fields, as_value, sized
from efs_backup.domain.requests.asked_restore import AskedRestore
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import RestorePlan, RestoreResult, RestoreStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.restore_asked import settle_restore


def _new_path(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The absolute path; one that ends like a directory's still does."""
    found = options.absolute_if_given(context, parameter, value)
    is_directory = value is not None and value.rpartition("/")[2] in {"", ".", ".."}
    return f"{found}/" if is_directory else found


@click.command(cls=options.Command)
@options.backup
@options.optional_target
@options.label
@options.interval
@options.number
@options.snapshot
@options.as_of
@click.option(
    "--path",
    multiple=True,
    metavar="PATH",
    help="Only the content of this directory, or this file, or what a pattern such as 'home/*/thesis*' matches;"
    " repeatable.",
)
@click.option("--files-from", metavar="FILE", help="Only the paths in this file, one a line; - for standard input.")
@click.option("-0", "--null", "null", is_flag=True, help="The paths in that file end with NUL instead of a line's end.")
@click.option(
    "--keep-paths/--no-keep-paths",
    default=None,
    help="Each path comes to its own place below TARGET; the default for a pattern, --files-from and --to-original.",
)
@click.option(
    "--as",
    "new_path",
    metavar="NEW",
    callback=_new_path,
    help="Instead of TARGET: where the one file of --path goes, with its new name.",
)
@click.option(
    "--version",
    type=int,
    metavar="N",
    help="The version of the one --path, as `efs-backup versions` counts them: 1 is the oldest.",
)
@click.option(
    "--to-original",
    is_flag=True,
    help="Instead of TARGET: where the backup was made of, if that is still the same place.",
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
    "--keep-replaced/--no-keep-replaced",
    default=None,
    help="An overlay moves what it replaces to a quarantine too, so that it can be undone; the default with"
    " --to-original.",
)
@click.option(
    "--checksum/--no-checksum",
    default=None,
    help="Compare the contents of files that look unchanged; if neither is given, of those touched after their mtime.",
)
@options.yes
@options.tuning
@options.dry_run
@options.verbosity
@options.as_json
def restore(
    *,
    backup: str,
    target: str | None,
    label: str,
    interval: str,
    number: int | None,
    snapshot: str | None,
    as_of: str | None,
    path: tuple[str, ...],
    files_from: str | None,
    null: bool,
    keep_paths: bool | None,
    new_path: str | None,
    version: int | None,
    to_original: bool,
    mode: str,
    keep_replaced: bool | None,
    checksum: bool | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **tuning: Any,
) -> int:
    """Bring a snapshot, or a part of it, back into TARGET."""
    selection = _selection(backup, label, interval, number=number, snapshot=snapshot, as_of=as_of)
    asked = AskedRestore(
        backup, target, FolderLabel(label), Interval(interval), selection, path,
        _listed(files_from, null=null), keep_paths, new_path, version, to_original, RestoreMode(mode),
        options.tuning_of(**tuning), checksum, keep_replaced,
    )  # fmt: skip
    stop, now = Stop(Window()), datetime.now(UTC)
    stop_on_signals(stop)
    request = settle_restore(asked, now, stop.is_due)
    with watching(stop.seconds_left) as watcher:
        ask = Question(watcher, stop).about_restore if not yes and is_asked() else _go_on
        run = RestoreRun(
            request, now=now, runner=Runner.with_new_family(), stop=stop, watcher=watcher, confirm=ask
        )  # fmt: skip
        result = run.plan() if dry_run else run.run()
    exit_on_signals(result.exit_code)
    _show(result, as_json=as_json)
    return answered() if dry_run else result.exit_code


def _go_on(_plan: RestorePlan) -> bool:
    return True


def _listed(files_from: str | None, *, null: bool) -> tuple[str, ...] | None:
    """The paths of a list; empty lines are none. Raises WrongUsage."""
    if files_from is None:
        if null:
            raise WrongUsage("-0 says how the paths in --files-from end; give that too.")
        return None
    try:
        text = sys.stdin.buffer.read() if files_from == "-" else Path(files_from).read_bytes()
    except OSError as error:
        raise WrongUsage(f"The list {files_from!r} cannot be read: {error.strerror}.") from error
    return tuple(os.fsdecode(one) for one in text.split(b"\0" if null else b"\n") if one)


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
        "dry_run": result.status is RestoreStatus.PLANNED,
        "status": result.status,
        "snapshot": str(plan.snapshot),
        "mode": plan.mode,
        **as_fields("target", plan.target),
        "created": plan.created,
        "replaced": plan.replaced,
        "deleted": plan.extra if plan.mode is RestoreMode.MIRROR else 0,
        "bytes": plan.summary.size,
        "left_alone": 0 if plan.mode is RestoreMode.MIRROR else plan.extra,
        "first": {
            name: [*map(as_value, plan.summary.first(kind))]
            for name, kind in (
                ("created", Kind.ADDED),
                ("replaced", Kind.CHANGED),
                ("deleted" if plan.mode is RestoreMode.MIRROR else "left_alone", Kind.REMOVED),
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
        ("to bring", sized(plan.summary.size)),
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
