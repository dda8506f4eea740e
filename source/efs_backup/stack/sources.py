"""The rows of a deployed stack, as its operator reads and changes them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from efs_backup.domain.errors import RecordChanged, WrongUsage
from efs_backup.domain.humanize import as_time
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.sources.deployed import first_source, needs_further_sources
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable, Taken, taken_by
from efs_backup.stack.deployment import Deployment

if TYPE_CHECKING:
    from efs_backup.lib.source_table import SourceRows

_TRIES, _PAUSE = 10, 0.2
"""How often a change is tried beside others, and the seconds before the second time; longer before each further."""

DEFAULT_POLICY = Policy("", Interval.DAILY, "last=7", "cron(0 2 * * ? *)", "", 180)
"""Of what nobody has said; as in the form of the stack."""


@dataclass(frozen=True)
class Sources:
    """The rows of one stack."""

    found: Deployment

    @property
    def stack(self) -> DeployedStack:
        """Of which they are."""
        return self.found.stack

    @property
    def first(self) -> Source:
        """The row that the parameters of the stack make."""
        return first_source(self.stack)

    @property
    def taken(self) -> Taken:
        """The identity, label, source and interval that the first row takes."""
        return taken_by(self.first)

    def read(self) -> SourceTable:
        """The further rows, and the policies."""
        return self._rows().read()

    def change(self, changed: Callable[[SourceTable], SourceTable]) -> SourceTable:
        """Change the table as it is; where somebody else changes it meanwhile, once more. Raises WrongUsage.

        RecordChanged comes after so many times that nobody could be so unlucky.
        """
        needs_further_sources(self.stack)
        for tries in range(1, _TRIES + 1):
            table = changed(self.read())
            try:
                self._rows().write(table)
            except RecordChanged:
                if self.read().to_item() == table.to_item():
                    break  # it was written, and the answer was lost on the way
                if tries == _TRIES:
                    raise
                time.sleep(_PAUSE * tries)
            else:
                break
        return table

    def backups(self) -> list[BackupRecord]:
        """All records, oldest first."""
        return sorted(self.found.store.backups(), key=lambda each: each.start_time)

    def waiting(self) -> dict[str, datetime]:
        """Since when which rows wait for their turn."""
        return {each.row: each.since for each in self._rows().waiting()}

    def commands_for(self, file_system: str) -> list[str]:
        """The commands that let the instance mount a file system. Raises MountFailed."""
        from efs_backup.lib.nfs_access import NfsAccess  # noqa: PLC0415 - of an extra, which the account has found

        client, vpc = self.found.account.client, self.stack.parameters.get("VpcId", "")
        group = self.stack.output("SecurityGroup")
        return NfsAccess(client("efs"), client("ec2"), group, vpc).commands_for(file_system)

    def _rows(self) -> "SourceRows":
        from efs_backup.lib.source_table import SourceRows  # noqa: PLC0415 - as above

        return SourceRows(self.found.account.client("dynamodb"), self.stack.output("RecordTable"))


def next_start(row: Source, now: datetime) -> datetime | None:
    """When a row starts next; None where it is inactive, never starts, or its zone is not known here."""
    try:
        return row.schedule.next_after(now, row.since) if row.is_active else None
    except WrongUsage:
        return None


def row_as_json(row: Source, now: datetime) -> dict[str, object]:
    """A row for `--json`."""
    start = next_start(row, now)
    return {
        "label": str(row.label), "interval": row.interval.value, "source": row.file_system, "prefix": row.prefix,
        "schedule": row.policy.schedule, "time_zone": row.policy.zone or "UTC",
        "window_minutes": row.policy.window_minutes, "rules": row.policy.rules, "policy": row.policy.name or None,
        "excludes": None if row.excludes is None else [*row.excludes],
        "discovered": row.is_discovered, "active": row.is_active, "why": row.why or None,
        "next_start": as_time(start) if start else None,
    }  # fmt: skip


def policy_as_json(policy: Policy) -> dict[str, object]:
    """A policy for `--json`."""
    return {
        "name": policy.name, "interval": policy.interval.value, "schedule": policy.schedule,
        "time_zone": policy.zone or "UTC", "window_minutes": policy.window_minutes, "rules": policy.rules,
    }  # fmt: skip
