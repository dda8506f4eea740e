"""A backup that is followed on a terminal, and how it has ended."""

import time
from datetime import UTC, datetime
from typing import Any

from efs_backup.cli.output import print_facts, print_json, print_notes
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.results import exit_code_of
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.following import follow
from efs_backup.stack.words import ended_line, kind_of, progress_line

INTERRUPTED = 130
"""As a shell tells of a program that SIGINT has ended."""


def utc_now() -> datetime:
    """What the clock says."""
    return datetime.now(UTC)


def watch(found: Deployment, backup_id: BackupId) -> BackupRecord | None:
    """Tell on standard error how far a backup is, until it has ended; None where SIGINT has ended the watching."""
    try:
        for record in follow(lambda: found.find(backup_id), utc_now, time.sleep):
            if record.has_ended:
                last = record
            else:
                print_notes([progress_line(record, utc_now())])
    except KeyboardInterrupt:
        print_notes(["Nobody follows any more; the backup goes on. How far it is says: efs-backup stack status"])
        return None
    return last


def tell_end(found: Deployment, answer: dict[str, Any], record: BackupRecord, *, as_json: bool) -> int:
    """Say how a backup has ended, behind what was answered when it was asked for; gives the exit code."""
    if as_json:
        print_json({**answer, "backup": backup_fields(record.label or found.plan.label, record)})
    else:
        print_facts([
            (kind_of(record), record.backup_id), ("ended", ended_line(record, utc_now())),
            ("snapshot", record.snapshot or ""), ("message", record.message or ""), ("next", record.next_step or ""),
        ])  # fmt: skip
    return exit_code_of(record.status)
