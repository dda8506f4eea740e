"""`efs-backup report`."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_json, print_line, print_notes
from efs_backup.domain.errors import EfsBackupError, NothingThere, WrongUsage
from efs_backup.domain.series_report.data import as_data
from efs_backup.domain.series_report.facts import SeriesReport
from efs_backup.domain.series_report.page import page
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.machine.whole_file import write_whole
from efs_backup.engine.runs.evidence import drills_in
from efs_backup.engine.series.journal import read_records
from efs_backup.engine.series.report_facts import report_facts
from efs_backup.engine.series.series import Series

_READABLE = 0o644


@click.command(cls=options.Command)
@options.backup
@click.option("--html", metavar="FILE", callback=options.absolute_if_given, help="Write the page there.")
@click.option(
    "--evidence",
    metavar="DIR",
    callback=options.absolute_if_given,
    help="Where `efs-backup drill --evidence DIR` has left what its drills came to.",
)
@options.label
@options.interval
@options.as_json
def report(*, backup: str, html: str | None, evidence: str | None, label: str, interval: str, as_json: bool) -> int:
    """Make one page of how the nights of a series went: calendar, growth, durations, what changed, what is kept.

    The page is one file without a script, and asks nobody for anything. No snapshot is walked for it.
    """
    if html is None and not as_json:
        raise WrongUsage("Say where the page is to be written: --html FILE, or --json.")
    told = _facts(Path(backup), FolderLabel(label), Interval(interval))
    if evidence is not None:
        drills, lacks = drills_in(Path(evidence), label, Interval(interval))
        told = replace(told, drills=drills, lacks=[*told.lacks, *lacks])
    if html is not None:
        _write(Path(html), page(told))
    if as_json:
        print_json(as_data(told))
    else:
        print_notes(told.lacks)
        print_line(str(html))
    return answered()


def _facts(backup: Path, label: FolderLabel, interval: Interval) -> SeriesReport:
    series = Series(backup, label, interval, datetime.now(UTC))
    if not series.exists:
        raise NothingThere(f"There is no {interval} series of the label {str(label)!r} in {str(backup)!r}.")
    records, faults = read_records(series.path)
    return report_facts(series, records, [fault.message for fault in faults])


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text.encode(), _READABLE)
    except OSError as error:
        raise EfsBackupError(
            f"The page could not be written to {str(file)!r}: {error.strerror}.",
            "Name a file in a directory that is there.",
        ) from error
