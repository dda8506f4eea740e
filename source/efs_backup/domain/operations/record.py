"""The record of a backup: the one stored item, and the only place that knows the names of its attributes."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.errors import FailureReason, RecordFault
from efs_backup.domain.humanize import clipped, valid
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.sharing import workers as signs
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.window import stop_of_window

RECORD_DAYS = 90
"""How long a record is kept; as in the solution that this project replaces."""

BackupId = NewType("BackupId", str)
"""Eight hexadecimal digits."""

Item = dict[str, Any]
"""A record as it is stored: no value is None, times are text in UTC, the rest is text or numbers.

The signs of life of several workers alone are a mapping of mappings.
"""

ID_ATTRIBUTE = "BackupId"
STATUS_ATTRIBUTE = "BackupStatus"
START_ATTRIBUTE = "BackupStartTime"
INSTANCE_ATTRIBUTE = "InstanceId"
WORKERS_ATTRIBUTE, WANTED_WORKERS_ATTRIBUTE = "Workers", "WantedWorkers"
EXPIRY_ATTRIBUTE = "ExpireItem"

SOURCES_KEY, WAITING_KEY = "sources", "waiting"
"""The keys of the items that hold the rows of a stack, and the starts that wait for their turn."""

LATEST_KEY, LATEST_ATTRIBUTE = "latest", "LatestBackupId"
"""The key of the item that names the backup started last, and where; no backup's id looks like it."""

_ID_DIGITS = 8
_HEXADECIMAL = frozenset("0123456789abcdef")
_MOST_LETTERS = 30_000
"""Of one text: a whole item is at most 400 KB (Amazon DynamoDB, "Quotas")."""

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


def is_backup_id(text: str) -> bool:
    """Whether it looks like an id; the table's other items have keys that do not."""
    return len(text) == _ID_DIGITS and set(text) <= _HEXADECIMAL


def backup_id_of(seed: str) -> BackupId:
    """The id of the backup that a request asks for: one request delivered twice asks for one backup."""
    return BackupId(hashlib.sha256(seed.encode()).hexdigest()[:_ID_DIGITS])


def drill_id_of(seed: str) -> BackupId:
    """The id of the drill that a request asks for: a schedule may fire for a backup and a drill at one time."""
    return backup_id_of(f"drill {seed}")


class Mode(StrEnum):
    """The purpose of an instance that is started for no backup."""

    DRILL = "drill"
    RESTORE = "restore"


@dataclass(frozen=True)
class _Kind:
    """How a value is written into an item and read from it."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _enumeration(values: type[StrEnum]) -> _Kind:
    return _Kind(str, values)


def _number(text: Any) -> int | float:
    """Older records hold numbers as text."""
    try:
        return text if isinstance(text, float) else int(text)
    except ValueError:
        value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return int(value) if value.is_integer() else value


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_TEXT = _Kind(lambda text: clipped(valid(str(text)), _MOST_LETTERS), str)
_NUMBER = _Kind(lambda value: value, _number)
_TIME = _Kind(lambda time: time.astimezone(UTC).strftime(_TIME_FORMAT), _read_time)
_WORKERS = _Kind(signs.written, signs.read)
_EPOCH = _Kind(lambda time: int(time.timestamp()), lambda value: datetime.fromtimestamp(int(value), UTC))


def _stored(name: str, kind: _Kind = _TEXT, *, identifying: bool, guarded: bool = False, **options: Any) -> Any:
    """An attribute. identifying: whether it names a file system, an instance, a path or a person, which stays here."""
    return field(metadata={"name": name, "kind": kind, "identifying": identifying, "guarded": guarded}, **options)


def _maybe(name: str, kind: _Kind = _TEXT, *, identifying: bool, guarded: bool = False) -> Any:
    return _stored(name, kind, identifying=identifying, guarded=guarded, default=None)


@dataclass(frozen=True, kw_only=True)
class BackupRecord:
    """One backup as it is recorded. Sizes are bytes, throughputs bytes a second, times aware; None is unknown yet.

    `retention` is how many snapshots are kept at most; `retention_rules` by which rules, where it is not just the
    newest, and `kept_snapshots` how many there are after the prune.
    `window_minutes` is 0 where a backup without AWS is recorded.
    `expires` is when DynamoDB may drop the record (its TTL wants a number: epoch seconds). `report_time` is when the
    operator was told how the backup ended, `report_claim` since when somebody is about to; `heartbeat_time` when its
    agent last wrote how far it is, in which `phase`. `launch_failure` is why no instance could be launched when the
    group last tried, `first_instance` the one in whose place a second was started because it had not begun.
    `changed_share` is the part of the files before, 0 to 1, that changed or went; these figures are unknown where
    nothing could be compared. `hold` is the newest snapshot that a hold names: nothing older is dropped.
    `warning` has the kinds of what the operator has to know about it. `seal` is the SHA-256 of the snapshot's seal;
    `seal_status` and `seal_address` say whether that seal, and all before it, are outside the file system too, and
    where; None where they were not to be stored. `mode` says of what is no backup what it is; of a drill,
    `drill_files` were restored, `drill_different` of them are not as they were sealed, and `drill_evidence` is where
    its evidence lies. `forecast_seconds` is how long a backup takes these days, with the longest of the last nights;
    `forecast_days_left` in how many days it will fill its window. `series_report` is where the page about the nights
    up to this one lies. `label` is that of the row that it backs up; None for the first row, which the parameters of a
    stack make; `excludes` what the row leaves out, a pattern a line, None where the series decides.
    `scrub_coverage` is the part, in percent, of what the scrub should have read of its cycle that it has read.
    `stop_cause` is why the copy was stopped before its end. `told` names who has been told how it ended, as long as
    somebody else has not. Of a restore into the source, `restore_order` is what was asked for, one line of JSON;
    `restore_created`, `restore_replaced` and `restore_extra` count paths, `restore_first` has the first of each as
    lines, and `restore_quarantine` is where what was replaced lies. `backup_size` and the like belong to the backup
    file system. `wanted_workers` is how many instances a backup wants that is shared by several, and `workers` what
    each that came says of itself; both None where one makes it. `pinned` has a line for each pin that holds. Then
    `instance_id` is the leader, which alone reports.
    """

    backup_id: BackupId = _stored(ID_ATTRIBUTE, identifying=True)
    status: BackupStatus = _stored(STATUS_ATTRIBUTE, _enumeration(BackupStatus), identifying=False)
    start_time: datetime = _stored(START_ATTRIBUTE, _TIME, identifying=False)
    window_minutes: int = _stored("BackupWindow", _NUMBER, identifying=False)
    interval: Interval = _stored("IntervalTag", _enumeration(Interval), identifying=False)
    retention: int = _stored("RetainPeriod", _NUMBER, identifying=False)
    expires: datetime = _stored(EXPIRY_ATTRIBUTE, _EPOCH, identifying=True)
    retention_rules: str | None = _maybe("RetentionRules", identifying=False)
    stop_time: datetime | None = _maybe("BackupStopTime", _TIME, identifying=False)
    report_time: datetime | None = _maybe("ReportTime", _TIME, identifying=True)
    failure_reason: FailureReason | None = _maybe("FailureReason", _enumeration(FailureReason), identifying=False)
    message: str | None = _maybe("Message", identifying=True)
    next_step: str | None = _maybe("NextStep", identifying=True)
    snapshot: str | None = _maybe("SnapshotName", identifying=False)
    source: str | None = _maybe("SourceEfsId", identifying=True)
    source_size: int | None = _maybe("SourceEfsSize", _NUMBER, identifying=False)
    source_performance_mode: str | None = _maybe("SourcePerformanceMode", identifying=False)
    source_burst_credit_balance: float | None = _maybe("SourceBurstCreditBalance", _NUMBER, identifying=False)
    source_permitted_throughput: float | None = _maybe("SourcePermittedThroughput", _NUMBER, identifying=False)
    source_burst_credit_balance_after: float | None = _maybe(
        "SourceBurstCreditBalancePostBackup", _NUMBER, identifying=False
    )
    backup: str | None = _maybe("DestinationEfsId", identifying=True)
    backup_size: int | None = _maybe("DestinationEfsSize", _NUMBER, identifying=False)
    backup_performance_mode: str | None = _maybe("DestinationPerformanceMode", identifying=False)
    backup_prefix: str | None = _maybe("BackupPrefix", identifying=True)
    log_bucket_size: float | None = _maybe("S3BucketSize", _NUMBER, identifying=False)
    instance_type: str | None = _maybe("InstanceType", identifying=False)
    instance_id: str | None = _maybe(INSTANCE_ATTRIBUTE, guarded=True, identifying=True)
    ami_id: str | None = _maybe("AmiId", identifying=True)
    number_of_files: int | None = _maybe("NumberOfFiles", _NUMBER, identifying=False)
    number_of_files_transferred: int | None = _maybe("NumberOfFilesTransferred", _NUMBER, identifying=False)
    number_of_files_linked: int | None = _maybe("NumberOfFilesLinked", _NUMBER, identifying=False)
    total_file_size: int | None = _maybe("TotalFileSize", _NUMBER, identifying=False)
    total_transferred_file_size: int | None = _maybe("TotalTransferredFileSize", _NUMBER, identifying=False)
    vanished_files: int | None = _maybe("VanishedFiles", _NUMBER, identifying=False)
    kept_snapshots: int | None = _maybe("KeptSnapshots", _NUMBER, identifying=False)
    changed_files: int | None = _maybe("ChangedFiles", _NUMBER, identifying=False)
    removed_files: int | None = _maybe("RemovedFiles", _NUMBER, identifying=False)
    renamed_files: int | None = _maybe("RenamedFiles", _NUMBER, identifying=False)
    attribute_changes: int | None = _maybe("AttributeChanges", _NUMBER, identifying=False)
    changed_share: float | None = _maybe("ChangedShare", _NUMBER, identifying=False)
    hold: str | None = _maybe("Hold", identifying=False)
    warning: str | None = _maybe("Warning", identifying=False)
    seal: str | None = _maybe("SealSha256", identifying=True)
    seal_status: SealStatus | None = _maybe("SealStatus", _enumeration(SealStatus), identifying=False)
    seal_address: str | None = _maybe("SealObject", identifying=True)
    remove_snapshot_start_time: datetime | None = _maybe("RemoveSnapshotStartTime", _TIME, identifying=False)
    remove_snapshot_stop_time: datetime | None = _maybe("RemoveSnapshotStopTime", _TIME, identifying=False)
    create_hardlinks_start_time: datetime | None = _maybe("CreateHardlinksStartTime", _TIME, identifying=False)
    create_hardlinks_stop_time: datetime | None = _maybe("CreateHardlinksStopTime", _TIME, identifying=False)
    logs: str | None = _maybe("EC2Logs", identifying=True)
    phase: str | None = _maybe("Phase", identifying=False)
    heartbeat_time: datetime | None = _maybe("HeartbeatTime", _TIME, identifying=False)
    report_claim: datetime | None = _maybe("ReportClaim", _TIME, guarded=True, identifying=True)
    launch_failure: str | None = _maybe("LaunchFailure", guarded=True, identifying=True)
    first_instance: str | None = _maybe("FirstInstanceId", identifying=True)
    mode: Mode | None = _maybe("Mode", _enumeration(Mode), identifying=False)
    drill_result: DrillStatus | None = _maybe("DrillResult", _enumeration(DrillStatus), identifying=False)
    drill_files: int | None = _maybe("DrillFiles", _NUMBER, identifying=False)
    drill_different: int | None = _maybe("DrillDifferent", _NUMBER, identifying=False)
    estimated_restore_seconds: float | None = _maybe("EstimatedRestoreSeconds", _NUMBER, identifying=False)
    drill_evidence: str | None = _maybe("DrillEvidence", identifying=True)
    forecast_seconds: float | None = _maybe("ForecastSeconds", _NUMBER, identifying=False)
    forecast_days_left: float | None = _maybe("ForecastDaysLeft", _NUMBER, identifying=False)
    series_report: str | None = _maybe("SeriesReport", identifying=True)
    label: str | None = _maybe("FolderLabel", identifying=True)
    scrub_coverage: float | None = _maybe("ScrubCoverage", _NUMBER, identifying=False)
    stop_cause: str | None = _maybe("StopCause", identifying=True)
    told: str | None = _maybe("Told", identifying=True)
    restore_order: str | None = _maybe("RestoreOrder", identifying=True)
    restore_created: int | None = _maybe("RestoreCreated", _NUMBER, identifying=False)
    restore_replaced: int | None = _maybe("RestoreReplaced", _NUMBER, identifying=False)
    restore_extra: int | None = _maybe("RestoreExtra", _NUMBER, identifying=False)
    restore_bytes: int | None = _maybe("RestoreBytes", _NUMBER, identifying=False)
    restore_first: str | None = _maybe("RestoreFirst", identifying=True)
    restore_quarantine: str | None = _maybe("RestoreQuarantine", identifying=True)
    wanted_workers: int | None = _maybe(WANTED_WORKERS_ATTRIBUTE, _NUMBER, identifying=False)
    workers: signs.Workers | None = _maybe(WORKERS_ATTRIBUTE, _WORKERS, identifying=True)
    excludes: str | None = _maybe("Excludes", identifying=True)
    pinned: str | None = _maybe("PinnedSnapshots", identifying=True)

    @property
    def is_backup(self) -> bool:
        """Whether it is a backup, and neither a drill nor a restore."""
        return self.mode is None

    @property
    def is_restore(self) -> bool:
        """Whether it is a restore into the source file system, or the undo of one."""
        return self.mode is Mode.RESTORE

    @property
    def is_drill(self) -> bool:
        """Whether it is no backup, but the rehearsal of a restore."""
        return self.mode is Mode.DRILL

    @property
    def is_shared(self) -> bool:
        """Whether several instances make it."""
        return self.workers is not None

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status is not BackupStatus.RUNNING

    @property
    def seconds(self) -> float | None:
        """How long it took, where it has ended and said so."""
        return (self.stop_time - self.start_time).total_seconds() if self.stop_time else None

    @property
    def window_stop(self) -> datetime:
        """When its copy has to stop."""
        return stop_of_window(self.start_time, self.window_minutes)

    @property
    def window_end(self) -> datetime:
        """When its window closes for good."""
        return self.start_time + timedelta(minutes=self.window_minutes)

    def ended(
        self, status: BackupStatus, *, now: datetime, message: str, next_step: str = "",
        reason: FailureReason | None = None,
    ) -> "BackupRecord":  # fmt: skip
        """The same backup, ended like that."""
        return replace(
            self, status=status, stop_time=now, message=message, next_step=next_step or None, failure_reason=reason
        )

    def to_item(self) -> Item:
        """The item that is stored; what is unknown is left out."""
        pairs = ((entry.metadata, getattr(self, entry.name)) for entry in fields(self))
        return {known["name"]: known["kind"].write(value) for known, value in pairs if value is not None}

    @classmethod
    def from_item(cls, item: Any) -> "BackupRecord":
        """The backup that an item holds, a mapping; attributes of others are ignored.

        Raises RecordFault where it is none, or one that every record has is missing, or cannot be read.
        """
        if not isinstance(item, Mapping):
            raise RecordFault(f"A record is no {type(item).__name__}.")
        present = {entry.name: entry.metadata for entry in fields(cls) if entry.metadata["name"] in item}
        try:
            return cls(**{name: known["kind"].read(item[known["name"]]) for name, known in present.items()})
        except (TypeError, ValueError, OverflowError) as error:
            raise RecordFault(f"The record {item.get(ID_ATTRIBUTE)} cannot be read: {error}.") from error


def readable(items: Iterable[Mapping[str, Any]]) -> Iterator[BackupRecord]:
    """The backups that these items hold; one that cannot be read must not hide the others."""
    for item in items:
        with suppress(RecordFault):
            yield BackupRecord.from_item(item)


IDENTIFYING = frozenset(entry.metadata["name"] for entry in fields(BackupRecord) if entry.metadata["identifying"])
"""Attributes that no anonymous figure may hold."""

_GUARDED = frozenset(entry.metadata["name"] for entry in fields(BackupRecord) if entry.metadata["guarded"])
"""Attributes that say who does something: of two who write one at the same moment, one must learn that it lost."""


@dataclass(frozen=True)
class Change:
    """A change of one stored item into another of the same backup.

    `guards` says what guarded attributes must still hold for that, None for nothing.
    """

    put: Item
    drop: tuple[str, ...]
    guards: Mapping[str, str | int | float | None] = field(default_factory=dict)


def change_between(before: BackupRecord, after: BackupRecord) -> Change:
    """The attributes to write and to remove; of what several instances make, only while the same one leads."""
    old, new = before.to_item(), after.to_item()
    put = {name: value for name, value in new.items() if old.get(name) != value}
    drop = tuple(name for name in old if name not in new)
    guarded = (name for name in (*put, *drop) if name in _GUARDED)
    leader = (INSTANCE_ATTRIBUTE,) if before.is_shared and (put or drop) else ()
    return Change(put, drop, {name: old.get(name) for name in (*guarded, *leader)})


def newest_success(backups: Iterable[BackupRecord]) -> BackupRecord | None:
    """The newest backup that published a snapshot."""
    successes = (backup for backup in backups if backup.status is BackupStatus.SUCCESS and backup.is_backup)
    return max(successes, key=lambda backup: backup.start_time, default=None)
