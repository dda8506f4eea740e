"""Why a copy is stopped before its end, as people are told."""

from dataclasses import replace
from datetime import datetime

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import StopBackup
from efs_backup.domain.operations.workflow import SILENCE

NOT_BY_US = "the instance was taken away, and not by the orchestrator"
SILENT = f"nothing was heard of its agent for {SILENCE.total_seconds() / 60:.0f} minutes"


def window_closed(backup: BackupRecord) -> str:
    """The window of this backup has closed."""
    return f"the window of {backup.window_minutes} minutes closed"


def why_taken_away(backup: BackupRecord | None, now: datetime) -> str:
    """Why the instance of a backup is taken away; None where its record cannot be read."""
    if backup is None:
        return "the instance was taken away"
    if backup.stop_cause:
        return backup.stop_cause
    return window_closed(backup) if now >= backup.window_stop else NOT_BY_US


def why_stopped(backup: BackupRecord, now: datetime, stop: StopBackup) -> str:
    """Why an event stops a backup: the stop rule says that it is the window, a person may give a reason.

    The clocks of AWS need not agree to the second, so the rule's word counts and not the time; the rule that a former
    version has set says nothing, and comes at its time.
    """
    if stop.reason:
        return f"somebody has asked for it: {stop.reason.rstrip('.')}"
    is_window = stop.closes_window or now >= backup.window_stop
    return window_closed(backup) if is_window else "an event has asked for it before its window closed"


def to_be_stopped(backup: BackupRecord, cause: str) -> BackupRecord:
    """A backup whose instance is about to be taken away; the first cause is the one that counts."""
    return replace(backup, stop_cause=backup.stop_cause or cause)
