"""The record that this instance serves, and what it tells: source, label and rules are those of its row."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import RecordGone
from efs_backup.domain.operations.record import BackupId, BackupRecord, newest_success
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.sources.claims import claimable
from efs_backup.domain.sources.row import identity_of
from efs_backup.domain.sources.serving import settings_for


def candidates(services: BackupServices) -> list[BackupRecord | None]:
    """The records that this instance may serve, best first; where one backup runs at a time, what was started last."""
    machine = services.machine
    if services.settings.concurrent_backups > 1:
        found = claimable(services.store.backups(), machine.instance_id, machine.clock())
        return [*found] or [None]
    latest_id = services.store.latest()
    try:
        return [services.store.get(latest_id) if latest_id else None]
    except RecordGone:
        return [None]


def own_ids(services: BackupServices) -> list[BackupId]:
    """The backups that this instance may have to close: its own, and what was started last while nobody serves it."""
    latest, machine = services.store.latest(), services.machine
    if services.settings.concurrent_backups == 1:
        return [latest] if latest else []
    return [each.backup_id for each in services.store.backups() if each.instance_id == machine.instance_id]


def give_back(services: BackupServices) -> None:
    """Want this instance no more. Where others work beside it they keep theirs. Raises GroupMissing, GroupBusy.

    Of several that make one backup its leader alone ends all.
    """
    own = services.machine.instance_id
    if services.settings.workers > 1:
        _give_back_of_several(services, own)
    elif services.settings.concurrent_backups == 1:
        services.group.stop_instance()
    elif own in services.group.state().serving:  # else it goes already, and another's place would go with it
        services.group.take_away(own)


def _give_back_of_several(services: BackupServices, own: str) -> None:
    if any(backup and backup.instance_id == own for backup in candidates(services)):
        services.group.unprotect([own])
        services.group.stop_instance()
        return
    state = services.group.state()
    if own in state.serving:
        services.group.take_away(own, want_less=state.desired_capacity >= len(state.serving))


def for_record(services: BackupServices, backup: BackupRecord) -> BackupServices:
    """The services for what this record is of: its source, its label, and the records of its row alone.

    The document that makes a source quiet, and the ping, are the first row's.
    """
    own = replace(
        services, settings=settings_for(services.settings, backup), store=RowStore(services.store, backup.label)
    )
    if backup.label is None:
        return own
    row = identity_of(backup.label, backup.interval)
    holds, pins = services.holds, services.pins
    return replace(
        own, document=None, secrets=None, holds=holds and holds.of_row(row), pins=pins and pins.of_row(row)
    )  # fmt: skip


@dataclass(frozen=True)
class RowStore:
    """The store of a stack, of which all records but those of one row are out of sight. See BackupStore."""

    store: BackupStore
    label: str | None

    def start(self, backup: BackupRecord, after: BackupId | None) -> None:
        """See BackupStore."""
        self.store.start(backup, after)

    def put(self, backup: BackupRecord) -> None:
        """See BackupStore."""
        self.store.put(backup)

    def get(self, backup_id: BackupId) -> BackupRecord:
        """See BackupStore."""
        return self.store.get(backup_id)

    def update(self, before: BackupRecord, after: BackupRecord) -> None:
        """See BackupStore."""
        self.store.update(before, after)

    def latest(self) -> BackupId | None:
        """See BackupStore."""
        return self.store.latest()

    def backups(self) -> Iterator[BackupRecord]:
        """Those of the row."""
        return (each for each in self.store.backups() if each.label == self.label)

    def newest_success(self) -> BackupRecord | None:
        """That of the row."""
        return newest_success(self.backups())
