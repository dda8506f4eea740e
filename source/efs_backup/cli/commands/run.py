"""`efs-backup run`."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from efs_backup.cli import around, options
from efs_backup.cli.output import answered, print_error, print_facts, print_json, print_warnings
from efs_backup.cli.progress import watching
from efs_backup.cli.retention_options import confirm, is_about_retention
from efs_backup.cli.verbosity import is_quiet, is_verbose
from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.forecast import minutes
from efs_backup.domain.humanize import as_fields, as_value, sized
from efs_backup.domain.requests.hooks import HookCommands, Phase
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.scrubbing import ScrubRule
from efs_backup.domain.snapshots.tripwire import Verdict, percent
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.runs.recognition import window_of

if TYPE_CHECKING:
    from efs_backup.engine.runs.backup_plan import BackupPlan


@click.command(cls=options.Command)
@options.source
@options.backup
@options.new_label
@options.interval
@options.rules
@options.tuning
@click.option(
    "--one-file-system", is_flag=True, help="Leave out what is mounted below SOURCE, but for empty directories."
)
@click.option("--init", is_flag=True, help="A first backup is meant: BACKUP has none of this label yet.")
@options.source_moved
@options.backup_moved
@click.option(
    "--save", is_flag=True, help="--retain, --keep-..., --window and --exclude become the rules of the series."
)
@click.option("--allow-empty", is_flag=True, help="An empty SOURCE is no mistake.")
@click.option("--checksum", is_flag=True, help="Compare the contents of files that look unchanged; reads everything.")
@click.option(
    "--tolerate-unreadable",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Publish without up to N files or directories that cannot be read, and warn.",
)
@click.option(
    "--no-spare",
    is_flag=True,
    help="Delete what is dropped at once: the next backup makes links instead of keeping files.",
)
@options.scrub
@confirm
@around.hooks
@options.dry_run
@options.verbosity
@options.as_json
def run(
    *,
    before: tuple[str, ...],
    after: tuple[str, ...],
    failed: tuple[str, ...],
    hook_timeout: float,
    ping: str | None,
    dry_run: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Back up SOURCE: one more snapshot in BACKUP, unchanged files as hard links.

    Or NAME alone, which a configuration has, in the place of both.
    """
    request = request_of(**asked)
    stop, runner, now = Stop(window_of(request)), Runner.with_new_family(), datetime.now(UTC)
    commands = around.commands_of(before, after, failed, hook_timeout)
    hooks, url = around.hooks_of(commands, runner), around.ping_url(ping)
    stop_on_signals(stop)
    if dry_run:
        if hooks:
            hooks.check()
        # What it plans and counts with takes some milliseconds to import, which every backup would notice.
        from efs_backup.engine.runs.backup_plan import plan_backup  # noqa: PLC0415

        _show_plan(plan_backup(request, now=now, runner=runner, stop=stop), commands, as_json=as_json)
        return answered()
    with watching(stop.seconds_left) as watcher:
        pinging = around.ping_of(url, watcher.note)
        begun = pinging.start if pinging else lambda: None
        backup_run = BackupRun(request, now=now, runner=runner, stop=stop, watcher=watcher, hooks=hooks, begun=begun)
        result = pinging.told(backup_run.run) if pinging else backup_run.run()
    exit_on_signals(result.exit_code)
    _show_result(result, as_json=as_json)
    return result.exit_code


def request_of(
    *,
    source: str,
    backup: str,
    label: str,
    interval: str,
    window: float | None,
    exclude: tuple[str, ...],
    one_file_system: bool,
    init: bool,
    source_moved: bool,
    backup_moved: bool,
    save: bool,
    allow_empty: bool,
    checksum: bool,
    tolerate_unreadable: int,
    no_spare: bool,
    scrub_days: int,
    scrub_bytes: str | None,
    confirm: bool,
    **others: Any,
) -> BackupRequest:
    """The backup that the options ask for. Raises WrongUsage."""
    keeping = {name: value for name, value in others.items() if is_about_retention(name)}
    tuning = {name: value for name, value in others.items() if name not in keeping}
    asked = replace(
        options.asked_of(window=window, exclude=exclude, **keeping),
        init=init, source_moved=source_moved, backup_moved=backup_moved, saves=save, confirms=confirm,
    )  # fmt: skip
    return BackupRequest(
        source, backup, FolderLabel(label), Interval(interval), tuning=options.tuning_of(**tuning),
        allow_empty=allow_empty, with_content=checksum, tolerated_unreadable=tolerate_unreadable,
        one_file_system=one_file_system, keeps_spare=not no_spare, asked=asked,
        scrub=ScrubRule(scrub_days, options.size_of(scrub_bytes)),
    )  # fmt: skip


def _show_result(result: BackupResult, *, as_json: bool) -> None:
    if as_json:
        print_json(_result_json(result))
    elif result.status is BackupStatus.SUCCESS:
        print_facts(_result_facts(result))
    if result.status is not BackupStatus.SUCCESS:
        print_error(f"{result.status}: {result.message}", result.next_step)
    elif is_quiet():
        print_warnings(map(str, result.warnings))


def _result_json(result: BackupResult) -> dict[str, Any]:
    statistics = result.statistics
    return {
        "dry_run": False,
        "status": result.status,
        "failure_reason": result.failure_reason,
        "snapshot": str(result.snapshot) if result.snapshot else None,
        **(as_fields("path", result.path) if result.path else {"path": None}),
        "previous": str(result.previous) if result.previous else None,
        "files": statistics.number_of_files,
        "bytes": statistics.total_file_size,
        "copied_files": statistics.number_of_files_copied,
        "linked_files": statistics.number_of_files_linked,
        "transferred_files": statistics.number_of_files_transferred,
        "transferred_bytes": statistics.total_transferred_file_size,
        "vanished_files": statistics.vanished_files,
        "dropped": [str(name) for name in result.pruned],
        "kept": {str(name): reason for name, reason in result.kept.items()},
        "steps": {step.name: round(step.seconds, 3) for step in result.steps},
        "seal_sha256": result.seal,
        "forecast": result.forecast
        and {
            "seconds": result.forecast.seconds + result.forecast.high,
            "days_left": result.forecast.days_left,
        },
        "changes": _verdict_json(result.verdict) if result.verdict else None,
        "hold": result.hold,
        "warnings": [
            {
                "kind": warned.kind,
                "message": warned.message,
                "count": warned.count,
                "paths": [*map(as_value, warned.paths)],
            }
            for warned in result.warnings
        ],
        "notes": list(result.notes),
        "message": result.message,
        "next_step": result.next_step,
    }


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    figures = verdict.figures
    return {
        "alarm": verdict.alarm,
        "reason": verdict.reason,
        "files_before": figures and figures.before,
        "changed_files": figures and figures.changed,
        "removed_files": figures and figures.removed,
        "renamed_files": figures and figures.renamed,
        "attribute_changes": figures and figures.attributes,
        "changed_share": figures and round(figures.share, 4),
    }


def _verdict_text(verdict: Verdict | None) -> str:
    figures = verdict.figures if verdict else None
    if figures is None:
        return verdict.reason if verdict else ""
    return (
        f"{percent(figures.share)} of {figures.before:,} files: {figures.changed:,} changed, {figures.removed:,} gone;"
        f" {figures.renamed:,} renamed, {figures.attributes:,} only in attributes"
    )


def _linked_text(result: BackupResult) -> str:
    """How many files were linked; none, though there was something to link from, is no small matter."""
    linked, files = result.statistics.number_of_files_linked, result.statistics.number_of_files
    odd = f", though {result.previous} was there: everything was copied anew" if result.previous and files else ""
    return f"{linked:,}" if linked else f"0{odd}"


def _seconds_text(result: BackupResult) -> str:
    total = sum(step.seconds for step in result.steps)
    steps = ", ".join(f"{step.name} {step.seconds:.1f}" for step in result.steps)
    return f"{total:.1f} ({steps})" if is_verbose() else f"{total:.1f}"


def _result_facts(result: BackupResult) -> list[tuple[str, str]]:
    statistics = result.statistics
    return [
        ("status", result.status),
        ("snapshot", str(result.snapshot)),
        ("path", result.path or ""),
        ("files", f"{statistics.number_of_files:,} ({sized(statistics.total_file_size)})"),
        ("copied", f"{statistics.number_of_files_copied:,} ({sized(statistics.total_transferred_file_size)} read)"),
        ("linked", _linked_text(result)),
        ("vanished", f"{statistics.vanished_files:,}"),
        ("changes", _verdict_text(result.verdict)),
        ("hold", f"nothing older than {result.hold} is dropped" if result.hold else ""),
        ("pruned", ", ".join(str(name) for name in result.pruned)),
        ("seal", result.seal or ""),
        ("seconds", _seconds_text(result)),
        ("may take", str(result.forecast) if result.forecast else ""),
        *(("warning", str(warned)) for warned in result.warnings),
        *(("note", note) for note in result.notes),
    ]


def _show_plan(plan: "BackupPlan", commands: HookCommands, *, as_json: bool) -> None:
    if as_json:
        print_json({**_plan_json(plan), "hooks": {phase: [*map(str, commands.of(phase))] for phase in Phase}})
        return
    differences = plan.differences
    changes = (
        "everything: this is the first snapshot" if differences is None
        else ", ".join(f"{differences.counts[kind]:,} {kind}" for kind in Kind)
    )  # fmt: skip
    print_facts([
        ("would make", str(plan.snapshot)),
        ("previous", str(plan.previous) if plan.previous else "none"),
        ("continues from", ", ".join(str(name) for name in plan.continues_from)),
        ("files", f"{plan.scan.files:,} ({sized(plan.scan.size)})"),
        ("changes", changes),
        *((kind, path) for kind in Kind for path in (differences.first(kind) if differences else [])),
        ("workers", f"{plan.workers.workers}"),
        ("threads", f"{plan.workers.threads} in each"),
        *(("would keep", f"{name}  {reason}") for name, reason in plan.prune.reasons.items()),
        ("would drop", ", ".join(str(name) for name in plan.prune.drop)),
        ("because of", plan.prune.reason),
        *((f"hook {phase}", str(command)) for phase in Phase for command in commands.of(phase)),
        ("would take", f"about {minutes(plan.seconds)}, by the last backups" if plan.seconds is not None else ""),
        ("would cost", f"{plan.cost.total:.4f} on Amazon EFS with elastic throughput ({plan.prices.told})"),
        *(("note", note) for note in plan.notes),
    ])  # fmt: skip


def _plan_json(plan: "BackupPlan") -> dict[str, Any]:
    return {
        "dry_run": True,
        "snapshot": str(plan.snapshot),
        "previous": str(plan.previous) if plan.previous else None,
        "continues_from": [str(name) for name in plan.continues_from],
        "files": plan.scan.files,
        "bytes": plan.scan.size,
        "differences": {kind: plan.differences.counts[kind] for kind in Kind} if plan.differences else None,
        "workers": plan.workers.workers,
        "threads": plan.workers.threads,
        "kept": {str(name): reason for name, reason in plan.prune.reasons.items()},
        "dropped": [str(name) for name in plan.prune.drop],
        "reason": plan.prune.reason,
        "expected_seconds": plan.seconds,
        "expected_cost": {
            "throughput": plan.cost.read + plan.cost.written,
            "instance": plan.cost.instance,
            "currency": plan.prices.currency,
            "region": plan.prices.region,
            "date": plan.prices.date.isoformat(),
        },
        "notes": list(plan.notes),
    }
