"""Results of drills, as tests need them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.drill.choice import Figures, SizeClass
from efs_backup.domain.drill.result import (
    Drawn,
    DrillPlan,
    DrillResult,
    Finding,
    Group,
    Place,
    Tallies,
    Verdict,
)

STARTED = datetime(2026, 11, 22, 6, tzinfo=UTC)
PLAN = DrillPlan(
    "efs-backup", "daily", "20261122T020000Z", "5ea1" * 16, "0123" * 16, datetime(2026, 11, 22, 2, 41, 7, tzinfo=UTC),
    "2026-11-22", "5eed" * 16,
    {SizeClass.SMALL: Figures(900_000, 9 * 10**9), SizeClass.LARGE: Figures(100_000, 10**12)},
    ("home/alice/thesis.tex",), {SizeClass.SMALL: [Drawn("a", 1, "ab" * 32)], SizeClass.LARGE: []}, directories=47,
)  # fmt: skip


def tallies(*findings: Finding, small: int = 900, large: int = 100) -> Tallies:
    """Of so many random files, of 900 in whole directories and of a pinned one; all are equal but for the findings."""
    made = Tallies([500_000, 300_000, 100_000, 60_000, 30_000, 10_000])
    groups = ((Group.SMALL, small, 1_000), (Group.SPEED, 900, 1_000), (Group.LARGE, large, 10**6), (Group.PINNED, 1, 5))
    for group, files, size in groups:
        found = [one for one in findings if one.group is group]
        for number in range(files):
            made.add(group, size, found[number] if number < len(found) else None)
        made.of(group).seconds, made.of(group).start = 5.0, 0.5
    return made


def finding(path: str = "a", group: Group = Group.SMALL, place: Place = Place.SNAPSHOT, *aspects: str) -> Finding:
    """A file that differs in these aspects, or is missing."""
    return Finding(path, group, Verdict.DIFFERENT if aspects else Verdict.MISSING, place, aspects)


def result(**others: Any) -> DrillResult:
    """A drill that has passed, but for what is other."""
    passed = DrillResult(PLAN, STARTED, 21.4, "efs-backup 0.2.0", "c6i.xlarge", ("nfs4", "nfs4"), tallies=tallies())
    return replace(passed, **others)


STOPPED = result(is_stopped=True, failure="SIGTERM was received", tallies=Tallies())


FULL = result(failure="It is full.", remedy="Give more room.", tallies=Tallies())


DIFFERENT = result(tallies=tallies(finding("a b", Group.SMALL, Place.SNAPSHOT, "content")))
