"""Medians of the rounds, as a table, as JSON and as Markdown."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tabulate import tabulate

from bench.simulator import per_file
from bench.stages import STAGES, Measurement

COLUMNS = (
    "stage",
    "contender",
    "seconds: median (min..max)",
    "times old",
    "source ops/file: read/write/data",
    "backup ops/file: read/write/data",
    "MiB: main/all",
    "truth",
)
REFERENCE = "old"


@dataclass(frozen=True)
class Summary:
    """The rounds of one contender in one stage."""

    stage: str
    contender: str
    rounds: int
    seconds: float  # median, as all that follow
    fastest: float
    slowest: float
    times_old: float | None  # seconds, as a multiple of the old solution's
    source_operations: dict[str, float] | None  # for each file: metadata reads, metadata writes, data
    backup_operations: dict[str, float] | None
    main_peak_mib: float
    family_peak_mib: float
    findings: list[str]


def summarize(measurements: Sequence[Measurement], contenders: Sequence[str]) -> list[Summary]:
    """One summary for each stage and contender that was measured, in the order of the stages."""
    rows = []
    for stage in STAGES:
        groups = {name: [m for m in measurements if (m.stage, m.contender) == (stage, name)] for name in contenders}
        old = _seconds(groups.get(REFERENCE, []))
        rows += [_summary(stage, name, group, old) for name, group in groups.items() if group]
    return rows


def rows(summaries: Sequence[Summary]) -> list[tuple[str, ...]]:
    """The cells under COLUMNS; of a finding only its kind."""
    return [
        (
            row.stage,
            row.contender,
            f"{row.seconds:.2f} ({row.fastest:.2f}..{row.slowest:.2f})" if row.seconds else "-",
            f"{row.times_old:.2f}" if row.times_old else "-",
            _operations(row.source_operations),
            _operations(row.backup_operations),
            f"{row.main_peak_mib:.0f}/{row.family_peak_mib:.0f}",
            ", ".join(dict.fromkeys(finding.partition(":")[0] for finding in row.findings)) or "ok",
        )
        for row in summaries
    ]


def show(summaries: Sequence[Summary], title: str) -> None:
    """Print the table; where it goes to a file, wide enough for its cells."""
    console = Console()
    console = console if console.is_terminal else Console(width=200)
    table = Table(*COLUMNS, title=title)
    for number, row in enumerate(rows(summaries)):
        last = number + 1 == len(summaries) or summaries[number + 1].stage != row[0]
        table.add_row(*row, end_section=last)
    console.print(table)
    for line in _details(summaries):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def write_json(path: Path, facts: Mapping[str, Any], raw: Sequence[Measurement], found: Sequence[Summary]) -> None:
    """Everything: the facts of the run, the medians, and each single measurement with all of its counters."""
    content = {**facts, "medians": [asdict(row) for row in found], "measurements": [asdict(row) for row in raw]}
    path.write_text(json.dumps(content, indent=1) + "\n")


def markdown(facts: Mapping[str, Any], summaries: Sequence[Summary], title: str) -> str:
    """A section of a document: the command, the table, the machine and the versions."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows(summaries)]
    table = tabulate(cells, COLUMNS, tablefmt="github", disable_numparse=True)
    lines = [f"## {title}", "", f"`{facts['machine']['command']}`", "", table]
    lines += ["", "Findings:", "", *(f"- {line}" for line in _details(summaries) or ["none"])]
    about = {**facts["machine"], "caches": facts["caches"], **dict(sorted(facts["versions"].items()))}
    lines += ["", "Conditions:", "", *(f"- {name}: {value}" for name, value in about.items() if name != "command")]
    return "\n".join(lines) + "\n"


def _details(summaries: Sequence[Summary]) -> list[str]:
    return [f"{row.contender}, {row.stage}: {finding}" for row in summaries for finding in row.findings]


def _summary(stage: str, contender: str, group: Sequence[Measurement], old: float) -> Summary:
    timed = [m for m in group if m.seconds]
    seconds = _seconds(timed)
    return Summary(
        stage=stage,
        contender=contender,
        rounds=len(timed),
        seconds=seconds,
        fastest=min((m.seconds for m in timed), default=0.0),
        slowest=max((m.seconds for m in timed), default=0.0),
        times_old=seconds / old if old and seconds else None,
        source_operations=_per_file(timed, lambda m: m.counts.source if m.counts else None),
        backup_operations=_per_file(timed, lambda m: m.counts.backup if m.counts else None),
        main_peak_mib=_median([m.main_peak_mib for m in timed]),
        family_peak_mib=_median([m.family_peak_mib for m in timed]),
        findings=list(dict.fromkeys(finding for m in group for finding in m.findings)),
    )


def _per_file(
    group: Sequence[Measurement], side: Callable[[Measurement], dict[str, Any] | None]
) -> dict[str, float] | None:
    counted = [per_file(counters, m.files) for m in group if (counters := side(m)) is not None]
    return {kind: _median([one[kind] for one in counted]) for kind in counted[0]} if counted else None


def _seconds(group: Sequence[Measurement]) -> float:
    return _median([m.seconds for m in group if m.seconds])


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def _operations(counts: Mapping[str, float] | None) -> str:
    return "/".join(f"{count:.2f}" for count in counts.values()) if counts else "-"
