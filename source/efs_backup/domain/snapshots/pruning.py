"""Pruning: which snapshots of a series stay and which are dropped, and why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from efs_backup.domain.snapshots.kept import Kept, kept_by
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.retention import Retention, Rule

NEXT_PRUNE = "the next prune drops it"
"""The reason of a snapshot that is there and that nothing keeps."""

VIEWS = (Rule.HOURLY, Rule.DAILY, Rule.WEEKLY, Rule.MONTHLY, Rule.YEARLY)
"""The rules that show what they keep as links beside the series."""

_NOTHING: Mapping[SnapshotName, str] = {}


@dataclass(frozen=True)
class PrunePlan:
    """Which snapshots stay and which are dropped, newest first, and why.

    reasons: why each one stays. is_held: nothing is dropped, whatever the rules say. unconfirmed: that is so because
    nobody has confirmed it yet; else "".
    """

    keep: tuple[SnapshotName, ...]
    drop: tuple[SnapshotName, ...]
    reason: str
    reasons: Mapping[SnapshotName, str] = field(default_factory=dict)
    unconfirmed: str = ""
    is_held: bool = False

    def without(self, stuck: Collection[SnapshotName]) -> "PrunePlan":
        """The plan as it was carried out where some could not be dropped: those stay too."""
        if not stuck:
            return self
        return replace(
            self,
            keep=tuple(sorted([*self.keep, *stuck], reverse=True)),
            drop=tuple(name for name in self.drop if name not in stuck),
            reason=f"{self.reason}; {len(stuck)} of them cannot be dropped",
            reasons={**self.reasons, **dict.fromkeys(stuck, "it cannot be dropped")},
        )


@dataclass(frozen=True)
class PruneTerms:
    """The terms of a prune, beside the rules that it is given.

    rule: the series' own, whatever holds for once; None where it has none. carried_out: by which rule it was pruned
    before; None where that is not known. is_confirmed: somebody has said that so much may be dropped. hold: why
    nothing is dropped at all; "" where nothing is odd.
    """

    rule: Retention | None = None
    carried_out: Retention | None = None
    is_confirmed: bool = False
    hold: str = ""


NO_TERMS = PruneTerms()
"""Nothing is known beside the rules that are given."""


def plan_prune(
    snapshots: Iterable[SnapshotName],
    retention: Retention,
    protected: Mapping[SnapshotName, str] = _NOTHING,
    *,
    now: datetime | None = None,
) -> PrunePlan:
    """Keep what the rules keep, and what is protected, whose text is its reason. See `kept_by` for `now`."""
    newest_first = sorted(snapshots, reverse=True)
    kept = kept_by(retention, newest_first, now)
    found = _reasons(kept, retention, protected)
    reasons = {name: ", ".join(found[name]) for name in newest_first if name in found}
    drop = tuple(name for name in newest_first if name not in reasons)
    beside = len(reasons) - len(kept.all())
    told = f" ({beside} beyond the rules)" if beside else ""
    counts = f"{len(newest_first)} there, {len(reasons)} kept{told}, {len(drop)} dropped"
    return PrunePlan(tuple(reasons), drop, f"retention {retention.told}: {counts}", reasons)


def _reasons(kept: Kept, retention: Retention, protected: Mapping[SnapshotName, str]) -> dict[SnapshotName, list[str]]:
    """The reasons why each snapshot stays: rules, each with its place among those that it keeps, 1 the newest."""
    found = dict[SnapshotName, list[str]]()
    for rule, names in kept.by_rule.items():
        for place, name in enumerate(names, 1):
            is_extra = rule in kept.oldest and place == len(names)
            found.setdefault(name, []).append(f"{rule} {place}{' (oldest)' if is_extra else ''}")
    for name in kept.within:
        found.setdefault(name, []).append(f"within {retention.within}")
    for name, why in protected.items():
        found.setdefault(name, []).append(why or "protected")
    return found


def plan_hold(snapshots: Iterable[SnapshotName], reason: str) -> PrunePlan:
    """Keep all, for something is odd."""
    keep = tuple(sorted(snapshots, reverse=True))
    return PrunePlan(keep, (), reason, dict.fromkeys(keep, "nothing is dropped this time"), is_held=True)


def plan_by_terms(
    snapshots: Collection[SnapshotName],
    retention: Retention,
    protected: Mapping[SnapshotName, str] = _NOTHING,
    *,
    terms: PruneTerms,
    now: datetime | None = None,
) -> PrunePlan:
    """Keep all where there is a reason to hold, or where a new rule would drop more than half and nobody has confirmed.

    A rule that is carried out already drops as much as it finds: after nights in which nothing was dropped that may be
    most of what is there, and nobody has mistyped anything.
    """
    if terms.hold:
        return plan_hold(snapshots, terms.hold)
    plan = plan_prune(snapshots, retention, protected, now=now)
    fault = "" if terms.is_confirmed else _mistake(plan, retention, terms.carried_out)
    return replace(plan_hold(snapshots, fault), unconfirmed=fault) if fault else plan


def _mistake(plan: PrunePlan, retention: Retention, carried_out: Retention | None) -> str:
    there, going = len(plan.keep) + len(plan.drop), len(plan.drop)
    if carried_out is None or retention.includes(carried_out) or 2 * going <= there:
        return ""
    return (
        f"The rule was to keep {carried_out.kept_in_words}, and to keep {retention.kept_in_words} would drop {going} of"
        f" {there} snapshots, more than half: nothing is dropped before that is confirmed."
    )


def view_links(
    folder: str, snapshots: Iterable[SnapshotName], retention: Retention, now: datetime | None = None
) -> dict[str, str]:
    """The relative links by which people browse what the rules keep: `weekly.0` to `daily/<its newest>`, and so on.

    folder: the directory of the series. Its own name is not among them, for its links number all its snapshots.
    """
    kept = kept_by(retention, snapshots, now).by_rule
    return {
        f"{rule}.{number}": f"{folder}/{name}"
        for rule, names in kept.items()
        if rule in VIEWS and rule != folder
        for number, name in enumerate(names)
    }
