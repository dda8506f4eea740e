"""Events on the bus: what they tell is as published, and no more than an event can hold."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.operations.events import DetailType, events_of_end, started
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.operations.restore_events import restore_ended
from efs_backup.domain.results import RestoreResult, RestoreStatus
from tests.domain.mails import CUT_OFF, DRILL, FAILED, GOOD, RESTORE, RUNNING, SETTINGS, START, night, plan
from tests.support.records import backups
from tests.support.schemas import complaints_of_event

AROUND = Around(SETTINGS, Clock(START), newest=night(1), newest_start=START)
_MOST_BYTES = 256 * 1024


@pytest.mark.parametrize("backup", [GOOD, CUT_OFF, FAILED, DRILL])
def test_an_end_is_told_as_the_schema_says(backup: BackupRecord) -> None:
    """With the same words as `history --json`."""
    (event,) = events_of_end(backup, AROUND)
    assert event.kind is (DetailType.DRILL_ENDED if backup is DRILL else DetailType.BACKUP_ENDED)
    assert not complaints_of_event("backup", event.to_text())
    assert event.detail["next_start"] is not None


def test_a_start_is_told_as_the_schema_says() -> None:
    """A start has no end yet."""
    event = started(RUNNING, SETTINGS)
    assert event.kind is DetailType.BACKUP_STARTED
    assert not complaints_of_event("backup", event.to_text())
    assert (event.detail["status"], event.detail["ended"]) == ("Running", None)


@given(backups)
def test_whatever_a_record_holds_its_event_can_be_put(backup: BackupRecord) -> None:
    """Valid Unicode, within what EventBridge takes."""
    long = replace(backup, message="\U0001f600\udcff" * 30_000, next_step="x" * 30_000)
    for event in events_of_end(long, AROUND):
        text = event.to_text()
        assert len(text.encode()) < _MOST_BYTES
        assert json.loads(text)["status"] == backup.status


def test_a_hold_is_told_once() -> None:
    """By the backup that it came with, not by each one that is under it."""
    held = replace(GOOD, hold="20261121T020000Z", warning="MassChange")
    kinds = [event.kind for event in events_of_end(held, AROUND)]
    assert kinds == [DetailType.BACKUP_ENDED, DetailType.BACKUP_HELD]
    later = replace(GOOD, hold="20261121T020000Z", warning="Held")
    around = replace(AROUND, newest=replace(night(1), hold="20261121T020000Z"))
    assert [event.kind for event in events_of_end(later, around)] == [DetailType.BACKUP_ENDED]


_RESTORED = RestoreResult(RestoreStatus.SUCCESS, plan(), "Restored 2 files.")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (_RESTORED, ("Success", "info")),
        (replace(_RESTORED, status=RestoreStatus.PLANNED), ("Planned", "info")),
        (replace(_RESTORED, status=RestoreStatus.INCOMPLETE), ("Incomplete", "warning")),
        (RestoreFailed("No.", "Look at it."), ("Failed", "error")),
    ],
)
def test_a_restore_is_told_as_the_schema_says(outcome: Any, told: tuple[str, str]) -> None:
    """However it ended."""
    event = restore_ended(outcome, RESTORE, "s3://logs/a")
    assert event.kind is DetailType.RESTORE_ENDED
    assert not complaints_of_event("restore", event.to_text())
    assert (event.detail["status"], event.detail["severity"]) == told
