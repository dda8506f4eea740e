"""`efs-backup drill`."""

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import chosen, series_of
from efs_backup.cli.output import print_error, print_facts, print_json
from efs_backup.cli.progress import watching
from efs_backup.domain.drill.evidence import evidence_of
from efs_backup.domain.drill.result import DrillResult, DrillStatus
from efs_backup.domain.drill.wording import (
    confidence_of,
    estimate_of,
    finding_text,
    message_of,
    next_step_of,
    speed_of,
)
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.requests.drill import DEFAULT_FILES, DrillRequest, read_size
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.drill import DrillRun
from efs_backup.engine.runs.evidence import Evidence, evidence_place
from efs_backup.engine.runs.rehearsal import Surroundings

_NAMED = 10


@click.command(cls=options.Command)
@options.backup
@click.option(
    "--scratch", required=True, metavar="DIR", callback=options.absolute,
    help="Where to restore to: empty, new, or left by a drill that was killed. Nothing stays there.",
)  # fmt: skip
@options.label
@options.interval
@click.option(
    "--files", type=int, default=DEFAULT_FILES, show_default=True, metavar="N", help="How many files to draw at random."
)
@click.option(
    "--bytes", "size", default="10G", show_default=True, metavar="SIZE", help="The most bytes of what is drawn."
)
@click.option(
    "--path", multiple=True, metavar="PINNED", help="Restore this directory or file too; repeatable, `/` is everything."
)
@options.snapshot
@click.option("--random-snapshot", is_flag=True, help="Draw the snapshot too.")
@click.option(
    "--evidence", metavar="DIR", callback=options.absolute_if_given,
    help="Write what came of it there: drill-TIME.json, and the same as a page, drill-TIME.html.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave what was restored in the scratch directory.")
@options.tuning
@options.verbosity
@options.as_json
def drill(
    *,
    backup: str,
    scratch: str,
    label: str,
    interval: str,
    files: int,
    size: str,
    path: tuple[str, ...],
    snapshot: str | None,
    random_snapshot: bool,
    evidence: str | None,
    keep: bool,
    as_json: bool,
    **tuning: Any,
) -> int:
    """Rehearse a restore: bring back some files of a snapshot, compare them with its manifest, and measure.

    Restored are the files drawn at random, what --path names, and what the lines of BACKUP/LABEL/drill.txt name.
    """
    name = None if snapshot is None else str(chosen(series_of(backup, label, interval), snapshot))
    request = DrillRequest(
        backup, scratch, FolderLabel(label), Interval(interval), name, random_snapshot, files, read_size(size),
        path, options.tuning_of(**tuning), keep,
    )  # fmt: skip
    place = evidence_place(Path(evidence), Path(scratch)) if evidence else None
    stop = Stop(Window())
    stop_on_signals(stop)
    with watching(stop.seconds_left) as watcher:
        around = Surroundings(Runner.with_new_family(), stop, watcher, time.monotonic, _machine())
        result = DrillRun(request, now=datetime.now(UTC), around=around).run()
    exit_on_signals(result.exit_code)
    written = place.write(result) if place and result.status is not DrillStatus.INCOMPLETE else None
    _show(result, written, as_json=as_json)
    return result.exit_code or (ExitCode.FAILED if written and written.fault else ExitCode.DONE)


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def _show(result: DrillResult, written: Evidence | None, *, as_json: bool) -> None:
    if as_json:
        print_json({**evidence_of(result), "evidence": [*written.files] if written else []})
    else:
        print_facts(_facts(result, written))
    if result.exit_code:
        print_error(f"{result.status}: {message_of(result)}", next_step_of(result))
    if written and written.fault:
        print_error(written.fault, "Mend the cause, and run the drill again.")


def _facts(result: DrillResult, written: Evidence | None) -> list[tuple[str, str]]:
    findings, total = result.tallies.findings, result.total
    return [
        ("result", result.status),
        ("snapshot", result.plan.snapshot),
        ("seal", result.plan.seal_sha256),
        ("restored", f"{total.figures.files:,}"),
        ("equal", f"{total.equal:,}"),
        ("different", f"{total.different:,}"),
        ("missing", f"{total.missing:,}"),
        *(("finding", f"{one.path}: {finding_text(one)}") for one in findings[:_NAMED]),
        ("speed", speed_of(result)),
        ("everything", estimate_of(result)),
        ("confidence", confidence_of(result)),
        *(("evidence", file) for file in (written.files if written else ())),
        *(("note", note) for note in result.notes),
        ("message", message_of(result)),
        ("next", next_step_of(result)),
    ]
