"""Nights: the snapshots of a series, and the backups that made none, as a list shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import SnapshotName


@dataclass(frozen=True)
class Night:
    """One night. snapshot: None where none was published. new_bytes: None where no record tells.

    share: of the largest night that is shown, 0 to 100. state: how a sign shows it. is_pinned, is_held: whether that
    keeps it. reason: why it is kept; note: what a person said.
    """

    time: datetime
    snapshot: SnapshotName | None
    word: str
    state: str
    message: str = ""
    new_bytes: int | None = None
    share: float = 0.0
    reason: str = ""
    note: str = ""
    is_pinned: bool = False
    is_held: bool = False


@dataclass(frozen=True)
class Kept:
    """Facts about the snapshots of a series: why each is kept, notes, pins and holds."""

    reasons: Mapping[SnapshotName, str]
    notes: Mapping[SnapshotName, str]
    pinned: frozenset[SnapshotName]
    held: frozenset[SnapshotName]


_STATES = {
    BackupStatus.RUNNING: "busy", BackupStatus.SUCCESS: "good", BackupStatus.INCOMPLETE: "warn",
    BackupStatus.FAILED: "bad", BackupStatus.UNKNOWN: "bad", BackupStatus.SKIPPED: "warn",
}  # fmt: skip
_HUNDRED = 100.0


def nights(snapshots: Iterable[SnapshotName], records: Iterable[BackupRecord], kept: Kept) -> list[Night]:
    """The newest first. records: of any age and order; a snapshot without one is a success of which no more is told."""
    backups = [one for one in records if one.is_backup]
    made = {one.snapshot: one for one in backups if one.snapshot}
    found = [_of_snapshot(name, made.get(str(name)), kept) for name in snapshots]
    found += [_of_record(one) for one in backups if not one.snapshot]
    return _with_shares(sorted(found, key=lambda night: night.time, reverse=True))


def _of_snapshot(name: SnapshotName, record: BackupRecord | None, kept: Kept) -> Night:
    warning = record.warning if record else None
    return Night(
        name.time, name, "Success, with a warning" if warning else "Success", "warn" if warning else "good",
        warning or "", record.total_transferred_file_size if record else None, 0.0, kept.reasons.get(name, ""),
        kept.notes.get(name, ""), name in kept.pinned, name in kept.held,
    )  # fmt: skip


def _of_record(record: BackupRecord) -> Night:
    return Night(record.start_time, None, str(record.status), _STATES[record.status], record.message or "")


def _with_shares(found: Sequence[Night]) -> list[Night]:
    most = max((night.new_bytes or 0 for night in found), default=0)
    return [_with_share(night, most) for night in found]


def _with_share(night: Night, most: int) -> Night:
    return replace(night, share=_HUNDRED * night.new_bytes / most) if night.new_bytes and most else night
