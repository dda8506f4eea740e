"""`efs-backup copy`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import chosen
from efs_backup.cli.output import answered, print_error, print_facts, print_json, print_line, print_warnings
from efs_backup.cli.progress import watching
from efs_backup.cli.retention_options import confirm, is_about_retention, retention, retention_of
from efs_backup.cli.verbosity import is_quiet
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import as_fields, sized
from efs_backup.domain.requests.copy_request import CopyRequest
from efs_backup.domain.requests.requests import Asked
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.second_copy import CopiedSnapshot, CopyPlan, CopyResult, CopyStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.second_copy import SecondCopy, find_sides, plan_of
from efs_backup.engine.series.series import Series

_ALL = "all"
_NAMED = 20


@click.command("copy", cls=options.Command)
@options.backup
@click.argument("other", metavar="OTHER", callback=options.absolute)
@click.option(
    "--snapshot", "snapshots", multiple=True, metavar="SNAPSHOT",
    help="Only this one: a number, a name or its beginning, latest, or a time; repeatable.",
)  # fmt: skip
@click.option(
    "--newest", metavar="N", help="Only the N newest of BACKUP, or `all` that OTHER keeps, which is so if not given."
)
@click.option("--init", is_flag=True, help="A first copy is meant: OTHER has none of this label yet.")
@click.option("--backup-moved", is_flag=True, help="BACKUP is meant to be at another place than last time.")
@click.option("--other-moved", is_flag=True, help="OTHER is meant to be on another file system than last time.")
@retention
@click.option("--save", is_flag=True, help="--retain and --keep-... become the rule by which OTHER keeps its copies.")
@confirm
@click.option(
    "--window", type=options.Minutes(), metavar="DURATION",
    help="Stop after so long, as 4h or 1h30m (a bare number is minutes); the next copy continues.",
)  # fmt: skip
@options.jobs
@options.max_operations
@options.label
@options.interval
@options.dry_run
@options.verbosity
@options.as_json
def copy(
    *, backup: str, other: str, snapshots: tuple[str, ...], newest: str | None, init: bool, backup_moved: bool,
    other_moved: bool, save: bool, confirm: bool, window: float | None, jobs: int | None,
    max_operations_per_second: float | None, label: str, interval: str, dry_run: bool, as_json: bool, **keeping: Any,
) -> int:  # fmt: skip
    """Bring the snapshots of BACKUP to another file system, proved by their manifests: a second copy.

    What OTHER has is not copied again, and what is unchanged from one snapshot to the next is a link there too.
    """
    now = datetime.now(UTC)
    given = retention_of(**{name: value for name, value in keeping.items() if is_about_retention(name)})
    if save and given is None:
        raise WrongUsage("--save needs a --retain or --keep-... to save.")
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), now)
    request = CopyRequest(
        backup, other, series.label, series.interval, _number(newest), _only(series, snapshots),
        Tuning(jobs=jobs, operations_per_second=max_operations_per_second),
        Asked(given, init=init, source_moved=backup_moved, backup_moved=other_moved, saves=save, confirms=confirm),
    )  # fmt: skip
    if dry_run:
        _show_plan(plan_of(request, find_sides(request, now)), as_json=as_json)
        return answered()
    stop, runner = Stop(Window.of_minutes(window)), Runner.with_new_family()
    stop_on_signals(stop)
    with watching(stop.seconds_left) as watcher:
        result = SecondCopy(request, now=now, runner=runner, stop=stop, watcher=watcher).run()
    exit_on_signals(result.exit_code)
    _show(result, as_json=as_json)
    return result.exit_code


def _number(newest: str | None) -> int | None:
    if newest is None or newest == _ALL:
        return None
    if not newest.isdecimal():
        raise WrongUsage(f"--newest is a number, or `all`, not {newest!r}.")
    return int(newest)


def _only(series: Series, texts: tuple[str, ...]) -> frozenset[SnapshotName] | None:
    return frozenset(chosen(series, text) for text in texts) if texts else None


def _show_plan(plan: CopyPlan, *, as_json: bool) -> None:
    if as_json:
        print_json({
            "dry_run": True, "snapshots": [*map(str, plan.bring)], "there": [*map(str, plan.there)],
            "left": {str(name): why for name, why in plan.left.items()},
        })  # fmt: skip
        return
    print_facts([
        *(("would copy", str(name)) for name in plan.bring),
        ("there already", f"{len(plan.there):,}"),
        *(("would not copy", f"{name}  {why}") for name, why in plan.left.items()),
    ])  # fmt: skip


def _show(result: CopyResult, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(result))
    elif result.status is not CopyStatus.FAILED:
        print_facts(_facts(result))
        for one in result.snapshots:
            for difference in one.damaged[:_NAMED]:
                print_line(f"  {one.name}  {difference}")
    if result.status is not CopyStatus.SUCCESS:
        print_error(f"{result.status}: {result.message}", result.next_step)
    elif is_quiet():
        print_warnings(map(str, result.warnings))


def _facts(result: CopyResult) -> list[tuple[str, str]]:
    return [
        ("status", result.status),
        *(("copied" if one.files else one.outcome.lower(), _text(one)) for one in result.snapshots),
        ("there already", f"{result.there:,}"),
        *(("not copied", f"{name}  {why}") for name, why in result.left.items()),
        *(("finding", finding) for finding in result.findings),
        ("pruned", ", ".join(map(str, result.pruned))),
        *(("warning", str(warned)) for warned in result.warnings),
        *(("note", note) for note in result.notes),
    ]


def _text(one: CopiedSnapshot) -> str:
    if one.why:
        return f"{one.name}  {one.why}"
    proved = f"{one.proved:,} proved" + (f", {one.unproved:,} without a hash" if one.unproved else "")
    return f"{one.name}  {one.files:,} files, {one.linked:,} linked, {sized(one.bytes)} read; {proved}"


def _as_json(result: CopyResult) -> dict[str, Any]:
    return {
        "dry_run": False,
        "status": result.status,
        "failure_reason": result.failure_reason,
        "snapshots": [*map(_snapshot_json, result.snapshots)],
        "there": result.there,
        "left": {str(name): why for name, why in result.left.items()},
        "findings": list(result.findings),
        "dropped": [*map(str, result.pruned)],
        "warnings": [str(warned) for warned in result.warnings],
        "notes": list(result.notes),
        "message": result.message,
        "next_step": result.next_step,
    }


def _snapshot_json(one: CopiedSnapshot) -> dict[str, Any]:
    return {
        "snapshot": str(one.name), "status": one.outcome, "files": one.files, "linked_files": one.linked,
        "transferred_bytes": one.bytes, "proved": one.proved, "without_hash": one.unproved,
        "manifest_made": one.made, "seconds": round(one.seconds, 3), "message": one.why,
        "damaged": [
            {**as_fields("path", each.path), "aspect": each.aspect, "expected": each.expected, "found": each.found}
            for each in one.damaged
        ],
    }  # fmt: skip
