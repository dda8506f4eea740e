"""Sentences about a drill, for everybody who is told of it."""

from efs_backup.domain.drill.choice import SizeClass
from efs_backup.domain.drill.estimate import LEVEL, percent
from efs_backup.domain.drill.result import DrillPlan, DrillResult, DrillStatus, Finding, Place, Verdict
from efs_backup.domain.humanize import counted, sized

_KEEP = (
    "Keep the older snapshots until it is known since when: `efs-backup verify BACKUP --snapshot {}` lists all of this"
    " one that differs, and `efs-backup audit BACKUP` says whether somebody has changed more."
)
_SEE_SCRATCH = (
    "The snapshot itself has these files as they were sealed: look at the file system of the scratch directory and at"
    " the rights of who runs the drill, and run it again."
)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MANY_MINUTES, _MANY_HOURS = 10, 48


def lasted(seconds: float) -> str:
    """A duration in words: `0.4 s`, `42 s`, `12 min`, `3 h 20 min`, `3 days 4 h`."""
    if seconds < _MANY_MINUTES:
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if seconds < 2 * _HOUR:
        return f"{minutes} min"
    if seconds < _MANY_HOURS * _HOUR:
        return f"{minutes // _MINUTE} h {minutes % _MINUTE} min"
    hours = round(seconds / _HOUR)
    return f"{hours // 24} days {hours % 24} h"


def finding_text(finding: Finding) -> str:
    """Say in a few words what is wrong with a file."""
    in_snapshot = finding.place is Place.SNAPSHOT
    if finding.verdict is Verdict.MISSING:
        return "missing in the snapshot" if in_snapshot else "in the snapshot, but not restored"
    aspects = " and ".join(finding.aspects)
    return f"other {aspects}, {'already in the snapshot' if in_snapshot else 'but not in the snapshot'}"


def message_of(result: DrillResult) -> str:
    """How it ended, in a sentence."""
    total, plan = result.total, result.plan
    restored = (
        f"Restored {counted(total.figures.files, 'file')} from snapshot {plan.snapshot}, which has {plan.all.files:,}:"
    )
    match result.status:
        case DrillStatus.INCOMPLETE:
            return f"Stopped before the end: {result.failure}."
        case DrillStatus.FAILED:
            return f"The restore could not be rehearsed: {result.failure}"
        case DrillStatus.DIFFERENT:
            first, are = result.tallies.findings[0], "is" if total.bad == 1 else "are"
            return f"{restored} {total.bad:,} {are} not as sealed, first {first.path!r}: {finding_text(first)}."
        case _:
            return f"{restored} all are as they were sealed."


def next_step_of(result: DrillResult) -> str:
    """The next step; "" where all is well."""
    match result.status:
        case DrillStatus.INCOMPLETE:
            return "Run it again; nothing that it has restored is left."
        case DrillStatus.DIFFERENT:
            findings = result.tallies.findings
            is_sound = all(one.place is Place.RESTORE for one in findings)
            return _SEE_SCRATCH if is_sound else _KEEP.format(result.plan.snapshot)
        case _:
            return result.remedy


def confidence_of(result: DrillResult) -> str:
    """Say in a sentence what the random files tell of all; "" where nothing was finished."""
    share, strata = result.bad_share_below, result.strata
    compared, bad = sum(one.compared for one in strata), sum(one.bad for one in strata)
    files, differ = counted(compared, "random file"), f"{bad:,} of which {'differs' if bad == 1 else 'differ'}"
    if share is None:
        is_done = result.status in {DrillStatus.PASSED, DrillStatus.DIFFERENT}
        return "Too few random files were compared to say anything about the others." if is_done else ""
    if all(one.is_whole for one in strata):
        return f"Every file of the snapshot was compared: {bad:,} of {compared:,} differ."
    what = f"{files}, {differ}" if bad else f"{files} without a difference"
    return f"{what}: fewer than {percent(share)} of all are bad, with {LEVEL * 100:.0f} % confidence."


def speed_of(result: DrillResult) -> str:
    """How fast each class was restored; "" where nothing was."""
    rates = result.rates
    small = f"{rates.files_per_second:,.0f} small files a second" if rates.files_per_second else ""
    large = f"{sized(rates.bytes_per_second)} of large files a second" if rates.bytes_per_second else ""
    return ", ".join(filter(None, (small, large)))


def estimate_of(result: DrillResult) -> str:
    """How long a restore of everything takes, in a sentence; "" where that cannot be said."""
    if result.whole_seconds is None:
        return ""
    rough = " That is rough, for little was measured." if result.rates.is_rough else ""
    return f"A restore of everything would take about {lasted(result.whole_seconds)}.{rough}"


def chosen_of(plan: DrillPlan) -> str:
    """Say in a few words what was drawn."""
    drawn = " and ".join(counted(len(plan.drawn.get(one, ())), f"{one} file") for one in SizeClass)
    left = plan.too_large
    said = f"; {counted(left.files, 'drawn file')} of {sized(left.size)} did not fit" if left.files else ""
    directories = "1 whole directory" if plan.directories == 1 else f"{plan.directories:,} whole directories"
    speed = f"; the small files of {directories}, for the speed" if plan.directories else ""
    return f"{drawn} at random{said}{speed}"
