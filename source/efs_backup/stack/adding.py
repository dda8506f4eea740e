"""Rows and policies that are added to a stack, or changed there: what is said changes, and the rest stays."""

from dataclasses import dataclass, replace
from datetime import datetime

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.window import Window, minutes_of
from efs_backup.domain.sources.excludes import Excludes
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable
from efs_backup.stack.sources import DEFAULT_POLICY, Sources


@dataclass(frozen=True)
class Said:
    """The words of the command line about a row or a policy; None where it says nothing."""

    label: str | None = None
    prefix: str | None = None
    policy: str | None = None
    interval: str | None = None
    schedule: str | None = None
    time_zone: str | None = None
    window: str | None = None
    rules: str | None = None
    excludes: Excludes | None = None

    def says(self, *names: str) -> bool:
        """Whether it says any of these."""
        return any(getattr(self, name) is not None for name in names)

    def policy_like(self, name: str, base: Policy) -> Policy:
        """A policy of this name: what is said of it, and the rest as in `base`. Raises WrongUsage."""
        window = Window.of_minutes(minutes_of(self.window)).seconds if self.window else None
        return replace(
            base, name=name, interval=Interval(self.interval or base.interval), rules=self.rules or base.rules,
            schedule=self.schedule or base.schedule, zone=self.time_zone or base.zone,
            window_minutes=round(window / 60) if window else base.window_minutes,
        )  # fmt: skip


_OF_POLICIES = ("interval", "schedule", "time_zone", "window", "rules")


def add_source(sources: Sources, file_system: str, said: Said, now: datetime) -> Source:
    """The row that is added for a file system. Raises WrongUsage, NothingThere, RecordChanged."""
    label = said.label
    if label is None:
        raise WrongUsage("A file system needs a label of its own.", "Give one: --label NAME")

    def with_row(table: SourceTable) -> SourceTable:
        policy = _policy_for(table, said)
        row = Source(FolderLabel(label), file_system, said.prefix or "/", policy, now, excludes=said.excludes)
        return table.with_row(row, sources.taken, sources.stack.output("BackupEFS"))

    return sources.change(with_row).newest(label)


def change_row(sources: Sources, label: str, said: Said) -> Source:
    """The row of this label with what is said of it. Raises NothingThere, WrongUsage, RecordChanged."""
    first = sources.first
    if said.policy:
        raise WrongUsage("A policy is given to a file system, and none is named.", "Give --source fs-...")
    if label == str(first.label) and said.interval in (None, first.interval.value):
        raise WrongUsage(
            f"The row {first.identity} is that of the stack's parameters.", "Change it by an update of the stack."
        )
    table = sources.change(lambda before: before.with_own(_changed(before.row(label, said.interval), said)))
    return table.row(label, said.interval)


def add_policy(sources: Sources, said: Said) -> Policy:
    """The policy that is made, or was there and is changed. Raises WrongUsage, RecordChanged."""
    name = said.policy
    if name is None:
        raise WrongUsage("Nothing is named that could be added.", "Give --source and --label, or --policy.")
    if said.excludes is not None:
        raise WrongUsage(
            "Excludes are of a file system, and none is named.", "Give --label, and --source of a new one."
        )

    def with_policy(table: SourceTable) -> SourceTable:
        before = next((each for each in table.policies if each.name == name), DEFAULT_POLICY)
        return table.with_policy(said.policy_like(name, before))

    return sources.change(with_policy).policy(name)


def _changed(row: Source, said: Said) -> Source:
    rules = _OF_POLICIES[1:]
    if not said.says(*rules, "excludes"):
        raise WrongUsage(
            f"Nothing is said that could change of the row {row.identity}.",
            "Give --schedule, --time-zone, --window, --rules, --exclude or --no-exclude.",
        )
    if said.says(*rules) and row.policy.name:
        raise WrongUsage(
            f"The row {row.identity} goes by the policy {row.policy.name}.",
            f"Change that, for all that go by it: --policy {row.policy.name}; or remove the row and add it anew.",
        )
    excludes = row.excludes if said.excludes is None else said.excludes
    own = replace(said, interval=row.interval.value).policy_like(row.policy.name, row.policy)
    return replace(row, policy=own, excludes=excludes)


def _policy_for(table: SourceTable, said: Said) -> Policy:
    """The policy that a new row goes by: one of the table, or what is said for it alone."""
    if not said.policy:
        return said.policy_like("", DEFAULT_POLICY)
    if said.says(*_OF_POLICIES):
        raise WrongUsage(
            f"What the policy {said.policy} says cannot be said for one file system.", "Leave one of both out."
        )
    return table.policy(said.policy)
