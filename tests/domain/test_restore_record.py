"""A restore into the source as a record: when it may start, who may go on with it, and what is told of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from efs_backup.domain.errors import FailureReason, MountFailed, RestoreFailed
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode, newest_success
from efs_backup.domain.operations.report import anonymous, report_on
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.operations.restore_record import Mounts, first_paths, without_restore, writes
from efs_backup.domain.operations.workflow import (
    Action,
    Situation,
    decide_drill,
    decide_gone,
    decide_restore_start,
    decide_service,
    decide_start,
    has_to_be_reported,
    needs_writing,
    skipped,
    without_report,
)
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from tests.domain.told import SETTINGS
from tests.support.records import RUNNING, START

_ORDER = RestoreOrder(("/home/alice/thesis.tex",), to_original=True, by="arn:aws:iam::123456789012:user/alice")
RESTORE = replace(
    RUNNING, mode=Mode.RESTORE, window_minutes=1440, restore_order=_ORDER.to_text(), instance_id=None,
    backup_id=BackupId("0badcafe"), message=None, next_step=None, snapshot=None, failure_reason=None,
)  # fmt: skip
_SOON, _HOLD = START + timedelta(minutes=30), 60


def test_a_restore_starts_where_nothing_runs_and_a_drill_gives_way() -> None:
    """As a backup does."""
    ended = RUNNING.ended(BackupStatus.SUCCESS, now=_SOON, message="")
    for before in (None, ended, replace(RUNNING, mode=Mode.DRILL)):
        assert decide_restore_start(before, _SOON, _HOLD).action is Action.START
    assert decide_restore_start(RUNNING, RUNNING.window_end + timedelta(hours=2), _HOLD).action is Action.START


def test_beside_a_backup_it_is_refused_with_when_to_try_again() -> None:
    """The backup goes on: what it reads would not be what it has read."""
    decided = decide_restore_start(RUNNING, _SOON, _HOLD)
    assert decided.action is Action.SKIP
    assert f"try again when it has ended, at {RUNNING.window_end:%Y-%m-%d %H:%M} UTC at the latest" in decided.reason


def test_neither_a_backup_nor_a_drill_starts_beside_a_restore() -> None:
    """A snapshot of what is half restored helps nobody; the record says which it was."""
    assert decide_start(RESTORE, _SOON, _HOLD).action is Action.SKIP
    assert "the restore 0badcafe" in decide_start(RESTORE, _SOON, _HOLD).reason
    assert decide_drill(RESTORE, _SOON, _HOLD).action is Action.SKIP


def test_where_the_stack_does_not_let_it_nothing_starts() -> None:
    """Its parameter is named."""
    decided = decide_restore_start(None, _SOON, _HOLD, is_possible=False)
    assert (decided.action, "RestoreInPlace" in decided.reason) == (Action.SKIP, True)
    told = skipped(RESTORE, _SOON, decided)
    assert told.status is BackupStatus.SKIPPED
    assert "Nothing was touched" in str(told.next_step)


@pytest.mark.parametrize(
    ("record", "is_needed"),
    [
        (RESTORE, True), (None, False), (RUNNING, False), (replace(RUNNING, mode=Mode.DRILL), False),
        (replace(RESTORE, restore_order=replace(_ORDER, dry_run=True).to_text()), False),
        (RESTORE.ended(BackupStatus.SUCCESS, now=_SOON, message=""), False),
        (replace(RESTORE, start_time=START - timedelta(days=2)), False),
        (replace(RESTORE, restore_order="{torn"), False),
        (replace(RESTORE, restore_order=RestoreOrder(undoes="/q").to_text()), True),
    ],
)  # fmt: skip
def test_the_leave_to_write_is_needed_by_a_restore_that_runs_and_by_nothing_else(
    record: BackupRecord | None, is_needed: bool
) -> None:
    """Not by a dry run, nor by one that has ended, nor by one of which nothing more can come."""
    assert needs_writing(record, _SOON, _HOLD) is is_needed


def test_a_restore_that_an_instance_has_begun_is_continued_by_that_alone() -> None:
    """Nobody knows what was written since into what it had changed."""
    begun = replace(RESTORE, instance_id="i-1")
    assert decide_service(RESTORE, "i-1", _SOON).action is Action.SERVE
    assert decide_service(begun, "i-1", _SOON).action is Action.SERVE
    assert decide_service(begun, "i-2", _SOON).action is Action.GO_HOME
    assert decide_service(replace(begun, mode=None), "i-2", _SOON).action is Action.SERVE


def test_a_lost_instance_ends_its_restore_and_not_its_backup() -> None:
    """The group would start another, which would only go home."""
    situation = Situation("ours", 1, _SOON, RESTORE.backup_id)
    begun = replace(RESTORE, instance_id="i-1", heartbeat_time=START)
    assert decide_gone("ours", "i-1", begun, situation).action is Action.CLOSE
    assert decide_gone("ours", "i-1", replace(begun, mode=None), situation).action is Action.WAIT
    told = without_report(begun, _SOON, instance_id="i-1")
    assert "ask for the same restore again" in str(told.next_step)
    assert "next backup" not in str(told.next_step)


def test_a_restore_is_no_success_of_backups_and_is_always_told() -> None:
    """Its end is what somebody waits for."""
    ended = RESTORE.ended(BackupStatus.SUCCESS, now=_SOON, message="Done.")
    assert newest_success([ended]) is None
    assert has_to_be_reported(ended, success_too=False)


def test_the_mail_says_what_was_restored_where_the_rest_is_and_how_to_undo_it() -> None:
    """And by whom it was asked for."""
    ended = replace(
        RESTORE.ended(BackupStatus.SUCCESS, now=_SOON, message="Restored.", next_step="efs-backup stack undo"),
        restore_created=1, restore_replaced=2, restore_quarantine="/.quarantine-20261122T123000Z",
        restore_first='{"created": ["home/alice/thesis.tex"]}', snapshot="20261122T020000Z",
    )  # fmt: skip
    report = report_on(ended, Around(SETTINGS, Clock(_SOON)))
    assert report.subject.startswith("EFS restore succeeded: Restored")
    for words in ("/home/alice/thesis.tex", "user/alice", "/.quarantine-20261122T123000Z", "stack undo", "0badcafe"):
        assert words in report.text
    assert first_paths(ended) == {"created": ["home/alice/thesis.tex"]}


@pytest.mark.parametrize(
    ("order", "words"),
    [(replace(_ORDER, dry_run=True), "EFS restore was planned, nothing was touched"),
     (RestoreOrder(undoes="/q"), "EFS undo of a restore succeeded")],
)  # fmt: skip
def test_a_dry_run_and_an_undo_are_told_as_what_they_are(order: RestoreOrder, words: str) -> None:
    """By their subjects."""
    ended = replace(RESTORE, restore_order=order.to_text()).ended(BackupStatus.SUCCESS, now=_SOON, message="")
    assert report_on(ended, Around(SETTINGS, Clock(_SOON))).subject.startswith(words)


def test_a_restore_that_fails_keeps_the_reason_and_no_path_of_the_instance() -> None:
    """Of a mount, and of a restore itself."""
    mounts = Mounts((("/run/efs-backup/source", "fs-1"),))
    failed = without_restore(RESTORE, RestoreFailed("'/run/efs-backup/source/a' cannot be read.", ""), mounts, _SOON)
    assert failed.message == "'fs-1:/a' cannot be read."
    assert failed.next_step
    assert without_restore(RESTORE, MountFailed("No."), mounts, _SOON).failure_reason is FailureReason.MOUNT_FAILED


def test_nothing_that_was_asked_for_is_in_anonymous_figures() -> None:
    """Paths name people."""
    told = replace(RESTORE, restore_quarantine="/home/alice", restore_first='{"created": ["alice"]}')
    assert "alice" not in str(anonymous(told))
    assert writes(told)
