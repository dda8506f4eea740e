"""`efs-backup init`."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import print_facts, print_json
from efs_backup.domain.errors import ExitCode
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.series_rules import Settled
from efs_backup.engine.runs.recognition import begin_series


@click.command(cls=options.Command)
@options.source
@options.backup
@options.new_label
@options.interval
@options.rules
@options.source_moved
@options.backup_moved
@options.as_json
def init(
    *,
    source: str,
    backup: str,
    label: str,
    interval: str,
    window: float | None,
    exclude: tuple[str, ...],
    source_moved: bool,
    backup_moved: bool,
    as_json: bool,
    **keeping: Any,
) -> int:
    """Begin a series: BACKUP is the right place for the backups of SOURCE, by these rules. No backup is made."""
    asked = replace(
        options.asked_of(window=window, exclude=exclude, **keeping),
        init=True, source_moved=source_moved, backup_moved=backup_moved,
    )  # fmt: skip
    request = BackupRequest(source, backup, FolderLabel(label), Interval(interval), asked=asked)
    _show(request, begin_series(request, now=datetime.now(UTC)), as_json=as_json)
    return ExitCode.DONE


def _show(request: BackupRequest, settled: Settled, *, as_json: bool) -> None:
    file = settled.file
    excludes = [pattern.text for pattern in file.excludes] if file else []
    rule = file.retention[request.interval] if file else None
    window = file.window_minutes if file else None
    if as_json:
        print_json({
            "label": str(request.label), "interval": request.interval, "retain": rule and rule.most(request.interval),
            "rules": rule and str(rule), "excludes": excludes,
            "window_minutes": window, "notes": list(settled.notes),
        })  # fmt: skip
        return
    print_facts([
        ("label", str(request.label)),
        ("interval", request.interval),
        ("retain", rule.told if rule else ""),
        ("window", f"{window:g} minutes" if window else ""),
        ("exclude", ", ".join(excludes)),
        *(("note", note) for note in settled.notes),
    ])  # fmt: skip
