"""Events on the bus of the account: what others may act upon, with the record as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from efs_backup.domain.humanize import as_time, clipped, shown_lines
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.headlines import facts_of, has_warning
from efs_backup.domain.operations.restore_record import order_if_any
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.warnings import WarningKind

SOURCE = "efs-backup"
SCHEMA = 1
_LETTERS = 10_000
"""Of one text: an event has at most 256 KB (Amazon EventBridge API Reference, "PutEvents")."""


class DetailType(StrEnum):
    """The subject of an event."""

    BACKUP_STARTED = "Backup Started"
    BACKUP_ENDED = "Backup Ended"
    BACKUP_HELD = "Backup Held"
    RESTORE_ENDED = "Restore Ended"
    DRILL_ENDED = "Drill Ended"


@dataclass(frozen=True)
class Event:
    """An event of this program: its kind, and what it tells."""

    kind: DetailType
    detail: Mapping[str, Any]

    def to_text(self) -> str:
        """The detail as JSON."""
        return json.dumps(self.detail, ensure_ascii=False)


def started(backup: BackupRecord, settings: OrchestratorSettings) -> Event:
    """A backup was started."""
    return Event(DetailType.BACKUP_STARTED, _of_backup(backup, settings))


def events_of_end(backup: BackupRecord, around: Around) -> list[Event]:
    """A backup, drill or restore has ended; and, where that is so since this one, nothing older is dropped."""
    settings = around.settings
    if backup.is_restore:
        return [_restore_ended(backup, settings)]
    next_start = around.next_drill if backup.is_drill else around.next_backup
    detail = _of_backup(backup, settings) | {"next_start": next_start and as_time(next_start)}
    if backup.is_drill:
        return [Event(DetailType.DRILL_ENDED, detail)]
    ended = Event(DetailType.BACKUP_ENDED, detail)
    return [ended, Event(DetailType.BACKUP_HELD, detail)] if _begins_a_hold(backup, around) else [ended]


def _restore_ended(restore: BackupRecord, settings: OrchestratorSettings) -> Event:
    """A restore into the source has ended: the members are those of a restore stack's event."""
    order, label = order_if_any(restore), str(settings.folder_label)
    is_plan = order is not None and order.dry_run and restore.status is BackupStatus.SUCCESS
    return Event(DetailType.RESTORE_ENDED, {
        "schema": SCHEMA,
        "stack": settings.stack_name,
        "severity": str(facts_of(restore, label).severity),
        "status": "Planned" if is_plan else str(restore.status),
        "label": label,
        "interval": str(restore.interval),
        "backup_file_system": settings.backup_file_system,
        "target_file_system": settings.source_file_system,
        "target_prefix": (order and order.into) or settings.backup_prefix,
        "sub_directory": plain(", ".join(order.paths) if order else ""),
        "mode": "undo" if order and order.undoes else str(order.mode if order else RestoreMode.OVERLAY),
        "dry_run": bool(order and order.dry_run),
        "snapshot": restore.snapshot,
        "created_files": restore.restore_created,
        "replaced_files": restore.restore_replaced,
        "extra_files": restore.restore_extra,
        "failure_reason": restore.failure_reason and str(restore.failure_reason),
        "message": plain(restore.message or ""),
        "next_step": plain(restore.next_step or ""),
        "log": restore.logs,
    })  # fmt: skip


def _begins_a_hold(backup: BackupRecord, around: Around) -> bool:
    if not backup.hold:
        return False
    held_before = around.newest.hold if around.newest else None
    return has_warning(backup, WarningKind.MASS_CHANGE) or backup.hold != held_before


def _of_backup(backup: BackupRecord, settings: OrchestratorSettings) -> dict[str, Any]:
    label = str(settings.folder_label)
    fields = backup_fields(label, backup)
    return {
        "schema": SCHEMA,
        "stack": settings.stack_name,
        "severity": str(facts_of(backup, label).severity),
        "source_file_system": settings.source_file_system,
        "backup_file_system": settings.backup_file_system,
        "source_prefix": settings.backup_prefix,
        **{name: plain(value) for name, value in fields.items()},
        "window_minutes": backup.window_minutes,
        "stop_cause": plain(backup.stop_cause),
        "mode": "drill" if backup.is_drill else "backup",
        "instance_id": backup.instance_id,
        "log": backup.logs,
        "drill": _of_drill(backup) if backup.is_drill else None,
    }


def _of_drill(drill: BackupRecord) -> dict[str, Any]:
    return {
        "result": drill.drill_result and str(drill.drill_result),
        "files": drill.drill_files,
        "different_files": drill.drill_different,
        "whole_restore_seconds": drill.estimated_restore_seconds,
        "evidence": drill.drill_evidence,
    }


def plain(value: Any) -> Any:
    """A value as any reader of JSON takes it: no half of a character, no text without an end, no enumeration."""
    return clipped(shown_lines(str(value)), _LETTERS) if isinstance(value, str) else value
