"""Evidence: a drill as JSON, for programs, for auditors, and for the record."""

from typing import Any

from efs_backup.domain.drill.choice import Figures, SizeClass
from efs_backup.domain.drill.estimate import LEVEL
from efs_backup.domain.drill.result import Drawn, DrillResult, Finding, Tally, Verdict
from efs_backup.domain.drill.wording import confidence_of, estimate_of, finding_text, message_of, next_step_of
from efs_backup.domain.humanize import as_fields, as_time, as_value
from efs_backup.domain.snapshots.names import SnapshotName

FORMAT = 1


def evidence_of(result: DrillResult) -> dict[str, Any]:
    """All that is known of a drill but for the files that were drawn; times in seconds, sizes in bytes."""
    plan, total, rates = result.plan, result.total, result.rates
    return {
        "format": FORMAT,
        "drill": name_of(result),
        "status": result.status,
        "message": message_of(result),
        "next_step": next_step_of(result),
        "label": plan.label,
        "interval": plan.series,
        "snapshot": plan.snapshot,
        "sealed": as_time(plan.sealed),
        "seal_sha256": plan.seal_sha256,
        "manifest_sha256": plan.manifest_sha256,
        "day": plan.day,
        "seed": plan.seed,
        "program": result.program,
        "machine": result.machine,
        "file_systems": {"snapshot": result.kinds[0], "scratch": result.kinds[1]},
        "seconds": round(result.seconds, 3),
        "chosen": {
            "pinned": [*map(as_value, plan.pinned)],
            "random": plan.random,
            "too_large": _figures(plan.too_large),
            "directories": plan.directories,
            "files": total.figures.files,
            "bytes": total.figures.size,
        },
        "equal": total.equal,
        **{str(verdict): _findings(result, verdict) for verdict in (Verdict.DIFFERENT, Verdict.MISSING)},
        "differing_files": total.different,
        "missing_files": total.missing,
        "without_hash": total.without_hash,
        "groups": {str(group): _tally(tally) for group, tally in result.tallies.groups.items()},
        "restore": {
            "seconds": round(total.seconds, 3),
            "start_seconds": round(rates.start, 3),
            "files_per_second": _rounded(rates.files_per_second),
            "bytes_per_second": _rounded(rates.bytes_per_second),
            "is_rough": rates.is_rough,
        },
        "whole_tree": {
            **_figures(plan.all),
            "classes": {str(one): _figures(plan.whole.get(one, Figures())) for one in SizeClass},
            "estimated_seconds": _rounded(result.whole_seconds),
            "message": estimate_of(result),
        },
        "confidence": {"level": LEVEL, "bad_share_below": result.bad_share_below, "message": confidence_of(result)},
        "failure": result.failure,
        "notes": [*result.notes],
    }


def drawn_of(result: DrillResult) -> dict[str, list[dict[str, Any]]]:
    """The files that were drawn, by their class, in the order in which they were drawn."""
    return {str(one): [*map(_drawn, result.plan.drawn.get(one, ()))] for one in SizeClass}


def name_of(result: DrillResult) -> str:
    """The name of a drill: its time, written as that of a snapshot."""
    return str(SnapshotName.of(result.started))


def _drawn(one: Drawn) -> dict[str, Any]:
    return {**as_fields("path", one.path), "bytes": one.size, "sha256": one.sha256 or None}


def _findings(result: DrillResult, verdict: Verdict) -> list[dict[str, Any]]:
    return [_finding(one) for one in result.tallies.findings if one.verdict is verdict]


def _finding(one: Finding) -> dict[str, Any]:
    return {
        **as_fields("path", one.path), "group": one.group, "where": one.place, "aspects": [*one.aspects],
        "message": finding_text(one),
    }  # fmt: skip


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        **_figures(tally.figures), "equal": tally.equal, "different": tally.different, "missing": tally.missing,
        "without_hash": tally.without_hash, "seconds": round(tally.seconds, 3),
        "start_seconds": round(tally.start, 3),
    }  # fmt: skip


def _figures(figures: Figures) -> dict[str, int]:
    return {"files": figures.files, "bytes": figures.size}


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)
