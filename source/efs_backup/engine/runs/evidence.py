"""The evidence of a drill on a disk: JSON, and the same as one page."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.drill.evidence import drawn_of, evidence_of, name_of
from efs_backup.domain.drill.page import page
from efs_backup.domain.drill.result import DrillResult
from efs_backup.domain.errors import RestoreFailed, WrongUsage
from efs_backup.domain.series_report.facts import Drill, drill_of
from efs_backup.domain.snapshots.names import Interval
from efs_backup.engine.machine.regular_file import small_content
from efs_backup.engine.machine.whole_file import write_whole

_REMEDY = "Make it, or let this user write to it, or give another one as --evidence."
_MODE = 0o640
_EVIDENCE = re.compile(r"drill-\d{8}T\d{6}Z\.json", re.ASCII)
_MOST_BYTES = 2**26
"""Of one evidence: some hundred thousand files that were drawn."""


@dataclass(frozen=True)
class Evidence:
    """The files that were written, and what came in the way; "" where nothing did."""

    files: Sequence[str] = ()
    fault: str = ""


class EvidencePlace:
    """A directory for the evidence of drills."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, result: DrillResult) -> Evidence:
        """Write the files, each of which is there as a whole, or not at all."""
        stem = f"drill-{name_of(result)}"
        texts = {f"{stem}.json": json_text(result), f"{stem}.html": page(result)}
        try:
            for name, text in texts.items():
                write_whole(self._path / name, text.encode(), _MODE)
        except OSError as error:
            return Evidence(fault=f"The evidence could not be written to {str(self._path)!r}: {error.strerror}.")
        return Evidence([str(self._path / name) for name in texts])


def drills_in(path: Path, label: str, interval: Interval) -> tuple[list[Drill], list[str]]:
    """(the drills of a series whose evidence lies in a directory, the newest first; what cannot be read)."""
    found, lacks = list[Drill](), list[str]()
    try:
        names = sorted(name for name in os.listdir(path) if _EVIDENCE.fullmatch(name))
    except OSError as error:
        return [], [f"The evidence in {str(path)!r} cannot be read: {error.strerror}."]
    for name in names:
        try:
            drill = drill_of(json.loads(small_content(path / name, _MOST_BYTES)), str(path / name), label, interval)
        except (OSError, ValueError, RecursionError) as error:
            lacks.append(f"The evidence {str(path / name)!r} cannot be read: {error}.")
        else:
            found += [drill] if drill else []
    return sorted(found, key=lambda drill: drill.start, reverse=True), lacks


def json_text(result: DrillResult) -> str:
    """The evidence with all files that were drawn."""
    return json.dumps({**evidence_of(result), "drawn": drawn_of(result)}, indent=2, sort_keys=False) + "\n"


def evidence_place(path: Path, scratch: Path) -> EvidencePlace:
    """A directory for evidence, which is made where it is missing. Raises WrongUsage and RestoreFailed."""
    if path == scratch or scratch in path.parents:
        raise WrongUsage(
            "The evidence cannot lie in the scratch directory, where nothing stays: give another directory."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise RestoreFailed(
            f"No evidence can be written to {str(path)!r}: {error.strerror}; nothing was restored.", _REMEDY
        ) from error
    return EvidencePlace(path)
