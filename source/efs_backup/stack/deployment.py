"""A deployed stack as an operator works with it: its records, its requests, its orchestrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from efs_backup.domain.errors import NothingThere, RecordGone
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupId, BackupRecord, is_backup_id
from efs_backup.domain.operations.status import Asked, Plan
from efs_backup.domain.schedule import zone_named
from efs_backup.domain.sources.turns import running_in
from efs_backup.stack.account import Account

HOLD_MINUTES = 60
"""The longest time that the group of a stack waits for an agent, as its template has it."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efs_backup.domain.sources.row import Source
    from efs_backup.lib.ddb import RecordTable
    from efs_backup.lib.looks import Caller


@dataclass(frozen=True)
class Deployment:
    """A stack in an account."""

    account: Account
    stack: DeployedStack

    @classmethod
    def of(cls, account: Account, name: str | None) -> "Deployment":
        """The stack of this name, or the only one. Raises NothingThere, WrongUsage."""
        return cls(account, account.stack(name))

    @cached_property
    def store(self) -> "RecordTable":
        """Its records."""
        from efs_backup.lib.ddb import RecordTable  # noqa: PLC0415 - of an extra, which the account has found

        return RecordTable(self.account.client("dynamodb"), self.stack.output("RecordTable"))

    @cached_property
    def caller(self) -> "Caller":
        """Who works with it."""
        from efs_backup.lib.looks import Caller  # noqa: PLC0415 - as above

        return Caller.of(self.account.client("sts"))

    @property
    def plan(self) -> Plan:
        """The plan that it was given."""
        zone = zone_named(self.stack.parameters.get("ScheduleTimeZone", ""))
        return Plan.of(self.stack.parameters, self.stack.outputs, zone)

    def ask(self, event: Mapping[str, Any]) -> dict[str, str]:
        """Send an event to the orchestrator, and wait: what it does, and why. Raises ServiceFault."""
        from efs_backup.lib.functions import Function  # noqa: PLC0415 - as above

        return Function(self.account.client("lambda"), self.stack.output("Orchestrator")).ask(event)

    def latest(self) -> BackupRecord | None:
        """The backup or drill that was started last."""
        found = self.store.latest()
        return self.find(found) if found else None

    def running(self) -> BackupRecord | None:
        """The backup or drill that runs."""
        latest = self.latest()
        return latest if latest and not latest.has_ended else None

    def in_the_way(self, now: datetime) -> BackupRecord | None:
        """The record after which the orchestrator decides of a start: what runs, or else what was started last."""
        if self.stack.has_further_sources and (running := running_in(self.store.backups(), now, HOLD_MINUTES)):
            return running[0]
        return self.latest()

    def find(self, backup_id: BackupId) -> BackupRecord | None:
        """A record; None where there is none, or none any more."""
        if not is_backup_id(backup_id):
            return None
        try:
            return self.store.get(backup_id)
        except RecordGone:
            return None

    def backup(self, backup_id: str | None) -> BackupRecord:
        """The backup of this id, or the latest. Raises NothingThere."""
        found = self.latest() if backup_id is None else self.find(BackupId(backup_id))
        if found is None:
            which = "a backup" if backup_id is None else f"the backup {backup_id!r}"
            raise NothingThere(
                f"The stack {self.stack.name} has no record of {which}.", "See: efs-backup stack history"
            )
        return found

    def asked(self) -> list[Asked]:
        """The requests that wait for the next agent, in the order in which they were made."""
        from efs_backup.lib.hold_table import HoldTable  # noqa: PLC0415 - as above
        from efs_backup.lib.pin_table import PinTable  # noqa: PLC0415 - as above

        client, table = self.account.client("dynamodb"), self.stack.output("RecordTable")
        of_first = HoldTable(client, table)
        rows = ["", *(each.identity for each in self._further_rows())]
        holds = [
            Asked(one.action, None, one.reason, one.by, one.at, row)
            for row in rows for one in of_first.of_row(row).pending()
        ]  # fmt: skip
        pins = [
            Asked(one.wish.action, str(one.wish.snapshot), one.wish.text, one.wish.by, one.at, one.row)
            for one in PinTable(client, table).pending_of_all()
        ]
        return sorted([*holds, *pins], key=lambda one: one.at)

    def _further_rows(self) -> "Sequence[Source]":
        from efs_backup.lib.source_table import SourceRows  # noqa: PLC0415 - as above

        if not self.stack.has_further_sources:
            return ()
        return SourceRows(self.account.client("dynamodb"), self.stack.output("RecordTable")).read().rows

    def next_start(self, now: datetime) -> datetime | None:
        """When the next backup starts, as far as anybody can tell without the records."""
        return self.plan.next_start(now)


def new_event_id() -> str:
    """An id for an event that a person sends, of which each delivery is the same event."""
    return f"by hand {uuid4()}"
