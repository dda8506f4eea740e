"""The figures of a backup that are published, and its line in the log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.ended_line import ended_line
from efs_backup.domain.operations.figures import Figure, figures_of, window_used
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval

START = datetime(2026, 11, 22, 2, tzinfo=UTC)
RUNNING = BackupRecord(
    backup_id=BackupId("0badcafe"), status=BackupStatus.RUNNING, start_time=START, window_minutes=180,
    interval=Interval.DAILY, retention=7, expires=START + timedelta(days=90),
)  # fmt: skip


def _ended(status: BackupStatus, minutes: float = 41, message: str = "", **known: object) -> BackupRecord:
    ended = RUNNING.ended(status, now=START + timedelta(minutes=minutes), message=message)
    return replace(ended, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "used"), [(BackupStatus.SUCCESS, 22.8), (BackupStatus.INCOMPLETE, 22.8),
                                              (BackupStatus.FAILED, None), (BackupStatus.SKIPPED, None)])  # fmt: skip
def test_only_a_backup_that_came_to_its_end_or_to_that_of_its_window_says_how_much_was_used(
    status: BackupStatus, used: float | None
) -> None:
    """One that failed after a minute would silence an alarm about the nights before."""
    assert window_used(_ended(status)) == used


def test_a_backup_without_a_window_uses_none_of_it() -> None:
    """As one that was recorded without AWS."""
    assert window_used(_ended(BackupStatus.SUCCESS, window_minutes=0)) is None


def test_only_a_success_says_whether_snapshots_are_held() -> None:
    """Zero ends the alarm: an end that has not asked must not."""
    held = _ended(BackupStatus.SUCCESS, hold="20261120T020000Z")
    now = START + timedelta(hours=1)
    assert figures_of(held, now)[Figure.HELD_DAYS] == pytest.approx(2.04, abs=0.01)
    assert figures_of(_ended(BackupStatus.SUCCESS), now)[Figure.HELD_DAYS] == 0
    assert figures_of(_ended(BackupStatus.FAILED), now)[Figure.HELD_DAYS] is None


def test_the_line_of_a_success_tells_its_figures_and_its_warnings() -> None:
    """In units that a person reads."""
    backup = _ended(
        BackupStatus.SUCCESS, number_of_files=1_204_331, number_of_files_transferred=7,
        total_transferred_file_size=3_100_000_000, warning="Unreadable", snapshot="20261122T020000Z",
        message="Snapshot 20261122T020000Z holds 1,204,331 files.",
    )  # fmt: skip
    assert ended_line(backup, "home") == {
        "backup_id": "0badcafe", "kind": "backup", "label": "home", "interval": "daily", "started": "2026-11-22 02:00",
        "status": "Success", "reason": "Unreadable", "took_minutes": 41.0, "window_used": 22.8, "files": 1_204_331,
        "copied": 7, "new_gb": 3.1, "snapshot": "20261122T020000Z",
        "why": "Snapshot 20261122T020000Z holds 1,204,331 files.",
    }  # fmt: skip


def test_the_line_of_a_failure_tells_its_reason_and_no_more_of_its_message_than_a_table_shows() -> None:
    """Unknown figures are not there; a drill is told apart."""
    failed = _ended(BackupStatus.FAILED, message="x" * 5000, failure_reason=FailureReason.MOUNT_FAILED)
    line = ended_line(failed, "home")
    assert (line["reason"], len(str(line["why"])) <= 310) == ("MountFailed", True)
    assert not {"files", "new_gb", "window_used", "snapshot"} & line.keys()
    assert ended_line(replace(failed, mode=Mode.DRILL), "home")["kind"] == "drill"
