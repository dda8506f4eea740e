"""`efs-backup audit`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_error, print_json, print_line
from efs_backup.domain.errors import ExitCode, NothingThere
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.seal import Found, audit
from efs_backup.engine.proof.auditing import gather_evidence
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.series import Series
from efs_backup.engine.series.series_file import is_second_copy


@click.command("audit", cls=options.Command)
@options.backup
@click.option(
    "--seals", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="Seals that were stored elsewhere, to hold those beside the snapshots against.",
)  # fmt: skip
@options.label
@options.interval
@options.as_json
def audit_series(*, backup: str, seals: Path | None, label: str, interval: str, as_json: bool) -> int:
    """Check the chain of seals: whether a snapshot is missing, and whether a manifest or a seal was changed."""
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    if not series.exists:
        raise NothingThere(f"There is no {interval} snapshot in {str(series.label_path)!r}.")
    names, is_copy = [one.name for one in series.snapshots()], is_second_copy(series.label_path)
    evidence = gather_evidence(Manifests(series.path), names, seals, is_copy=is_copy)
    if not evidence.seals:
        raise NothingThere("There is no seal yet.", "The next backup makes the first one.")
    found = audit(evidence)
    _show(found, len(evidence.seals), as_json=as_json)
    if not found:
        return answered()
    print_error(
        f"{counted(len(found), 'finding')}.",
        "A finding that nobody can explain is a reason to ask who was on the backup file system.",
    )
    return ExitCode.DIFFERENT


def _show(found: list[Found], seals: int, *, as_json: bool) -> None:
    if as_json:
        print_json({
            "seals": seals,
            "findings": [{"kind": one.finding, "snapshot": one.snapshot, "message": one.text} for one in found],
        })  # fmt: skip
        return
    for one in found:
        print_line(f"{one.snapshot}  {one.finding}: {one.text}")
    if not found:
        print_line(f"{counted(seals, 'seal')}: the chain is whole, and nothing was changed or removed since.")
