"""Following a backup by its record."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from efs_backup.domain.errors import FailureReason, RecordGone
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.stack.following import follow
from tests.support.records import RUNNING

NOW = RUNNING.start_time + timedelta(minutes=5)


def _told(states: Iterable[BackupRecord | None]) -> list[BackupRecord]:
    left = iter(states)
    return list(follow(lambda: next(left), lambda: NOW, lambda _seconds: None))


def test_each_change_is_told_once_until_the_end() -> None:
    """A record that stays as it is says nothing new."""
    copying = replace(RUNNING, phase="copy")
    ended = copying.ended(BackupStatus.SUCCESS, now=NOW, message="Done.")
    assert _told([RUNNING, RUNNING, copying, copying, ended]) == [RUNNING, copying, ended]


def test_a_failed_boot_is_not_the_end_while_a_second_instance_may_come() -> None:
    """A failed boot is the end as soon as somebody was told."""
    waiting = replace(RUNNING, instance_id="i-1", heartbeat_time=None, first_instance=None, window_minutes=180)
    failed = waiting.ended(BackupStatus.FAILED, now=NOW, message="No rsync.", reason=FailureReason.TOOL_MISSING)
    again = replace(waiting, first_instance="i-1")
    done = again.ended(BackupStatus.SUCCESS, now=NOW, message="Done.")
    assert _told([waiting, failed, again, done]) == [waiting, failed, again, done]
    reported = replace(failed, report_time=NOW)
    assert _told([waiting, failed, reported]) == [waiting, failed, reported]


def test_a_record_that_is_deleted_ends_the_following() -> None:
    """With a sentence."""
    with pytest.raises(RecordGone, match="somebody has deleted it"):
        _told([RUNNING, None])
