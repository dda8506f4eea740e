"""The decisions of the orchestrator about a trigger, and their reasons."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupRecord, newest_success
from efs_backup.domain.operations.workflow import (
    Action,
    Decision,
    Situation,
    decide_failed_finish,
    decide_gone,
    decide_hold,
    decide_launch_failure,
    decide_service,
    decide_start,
    decide_stop,
    has_to_be_reported,
    is_being_reported,
    is_overdue,
    not_started,
    overdue_at,
    skipped,
    without_report,
)
from efs_backup.domain.results import BackupStatus
from tests.domain.ended import HOLD, OVERDUE, SECOND, ended
from tests.support.records import ENDED, RUNNING, START, backups

GROUP = "nightly-group"


def test_the_first_backup_of_all_starts() -> None:
    """There is nothing that it could disturb."""
    assert decide_start(None, START, HOLD) == Decision(Action.START, "no backup was started before")


@pytest.mark.parametrize("status", ENDED)
def test_a_backup_starts_where_the_one_before_has_ended(status: BackupStatus) -> None:
    """However it ended, and whenever."""
    decision = decide_start(replace(RUNNING, status=status), START, HOLD)
    assert decision == Decision(Action.START, "the backup before, 0badcafe, has ended")


def test_a_backup_is_skipped_while_another_is_running() -> None:
    """The reason says which, and since when."""
    decision = decide_start(RUNNING, OVERDUE - SECOND, HOLD)
    reason = "the backup 0badcafe, started on 2026-11-22 02:00 UTC, is still running"
    assert decision == Decision(Action.SKIP, reason)


def test_a_backup_that_never_reported_keeps_no_other_from_starting() -> None:
    """Once its window and the longest hold are over."""
    decision = decide_start(RUNNING, OVERDUE, HOLD)
    assert decision == Decision(Action.START, "the backup 0badcafe never reported, and its window is over")


@pytest.mark.parametrize(
    ("now", "overdue"),
    [
        (START, False),
        (RUNNING.window_stop, False),
        (RUNNING.window_end, False),
        (OVERDUE - timedelta(microseconds=1), False),
        (OVERDUE, True),
        (OVERDUE + timedelta(days=365), True),
    ],
)
def test_a_backup_is_overdue_from_the_end_of_its_window_and_of_the_hold(now: datetime, overdue: bool) -> None:
    """Exactly then: an agent may report up to the last moment."""
    assert overdue_at(RUNNING, HOLD) == OVERDUE
    assert is_overdue(RUNNING, now, HOLD) is overdue


@pytest.mark.parametrize("status", ENDED)
def test_a_backup_that_has_ended_is_never_overdue(status: BackupStatus) -> None:
    """Nothing more is to come from it."""
    assert not is_overdue(replace(RUNNING, status=status), OVERDUE, HOLD)


_TWO_DAYS_AGO, _TODAY = "0000000a", "0badcafe"


@pytest.mark.parametrize(
    ("backup_id", "latest_id", "latest", "decision"),
    [
        (_TODAY, _TODAY, RUNNING, Decision(Action.STOP, "the window closes")),
        (
            _TODAY, _TODAY, ended(BackupStatus.SUCCESS),
            Decision(Action.STOP, "the backup is over; its instance has nothing more to do"),
        ),
        (
            _TODAY, _TODAY, None,
            Decision(Action.STOP, "the backup is over; its instance has nothing more to do"),
        ),
        (
            _TWO_DAYS_AGO, _TODAY, RUNNING,
            Decision(Action.IGNORE, "0000000a is not the backup that was started last (0badcafe)"),
        ),
        (
            _TODAY, None, None,
            Decision(Action.IGNORE, "0badcafe is not the backup that was started last (None)"),
        ),
    ],
    ids=["in time", "early end", "record expired", "late event of another night", "nothing started"],
)  # fmt: skip
def test_only_the_backup_that_was_started_last_is_stopped(
    backup_id: str, latest_id: str | None, latest: BackupRecord | None, decision: Decision
) -> None:
    """A stop that comes late must not end the backup of the next night; one that comes twice does no harm."""
    assert decide_stop(backup_id, latest_id, latest) == decision


_HELD = LifecycleAction(GROUP, "goodbye", "token", "i-1")


@pytest.mark.parametrize(
    ("action", "group_of_instance", "backup_id", "decision"),
    [
        (_HELD, GROUP, "0badcafe", Decision(Action.ASK_AGENT, "its agent has to finish the backup 0badcafe")),
        (_HELD, GROUP, None, Decision(Action.LET_GO, "there is no backup that its agent could report about")),
        (_HELD, None, "0badcafe", Decision(Action.IGNORE, "the instance i-1 is in no group any more")),
        (_HELD, "other", "0badcafe", Decision(Action.IGNORE, "the instance i-1 belongs to other")),
        (replace(_HELD, group="other"), "other", "0badcafe", Decision(Action.IGNORE, "the group other is not ours")),
        (replace(_HELD, group="other"), GROUP, "0badcafe", Decision(Action.IGNORE, "the group other is not ours")),
        (replace(_HELD, group="other"), None, None, Decision(Action.IGNORE, "the group other is not ours")),
    ],
)
def test_only_an_instance_of_our_group_is_asked_to_finish(
    action: LifecycleAction, group_of_instance: str | None, backup_id: str | None, decision: Decision
) -> None:
    """An event may come late, twice, or from another group of the account: then nothing is touched."""
    assert decide_hold(action, GROUP, group_of_instance, backup_id) == decision


_SERVED = replace(RUNNING, instance_id="i-1")


@pytest.mark.parametrize(
    ("latest", "now", "decision"),
    [
        (None, START, Decision(Action.GO_HOME, "no backup is on record")),
        (RUNNING, START, Decision(Action.SERVE, "it makes the backup 0badcafe")),
        (_SERVED, START, Decision(Action.SERVE, "it makes the backup 0badcafe")),
        (
            replace(RUNNING, instance_id="i-0"), RUNNING.window_stop - SECOND,
            Decision(Action.SERVE, "it takes over 0badcafe from i-0, which was lost"),
        ),
        (RUNNING, RUNNING.window_stop, Decision(Action.GO_HOME, "the window of the backup 0badcafe is over")),
        *(
            (replace(RUNNING, status=status), START,
             Decision(Action.GO_HOME, f"the backup 0badcafe has ended as {status}"))
            for status in ENDED
        ),
    ],
)  # fmt: skip
def test_a_new_instance_makes_the_backup_that_is_running(
    latest: BackupRecord | None, now: datetime, decision: Decision
) -> None:
    """An instance takes over from one that was lost, and has nothing to do once the copy would have to stop."""
    assert decide_service(latest, "i-1", now) == decision


_BEGUN = replace(_SERVED, heartbeat_time=START + timedelta(minutes=5))
_IDLE = Situation(GROUP, 0, START + timedelta(hours=1), RUNNING.backup_id)
_WANTED = replace(_IDLE, desired_capacity=1)
_SILENT = Decision(Action.CLOSE, "it went without a report of its agent")


@pytest.mark.parametrize(
    ("group", "instance_id", "backup", "situation", "decision"),
    [
        ("other", "i-1", _SERVED, _IDLE, Decision(Action.IGNORE, "the group other is not ours")),
        (GROUP, "i-1", None, _IDLE, Decision(Action.IGNORE, "there is no backup that it could have served")),
        (GROUP, "i-1", _BEGUN, _IDLE, _SILENT),
        (GROUP, "i-1", RUNNING, replace(_IDLE, now=RUNNING.window_stop - SECOND), _SILENT),
        (
            GROUP, "i-2", _SERVED, _IDLE,
            Decision(Action.IGNORE, "the backup is served by i-1, not by i-2"),
        ),
        (
            GROUP, "i-1", _SERVED, _WANTED,
            Decision(Action.WAIT, "it was lost, the window is open, and the group starts another"),
        ),
        (
            GROUP, "i-1", _SERVED, replace(_WANTED, now=RUNNING.window_stop - SECOND),
            Decision(Action.WAIT, "it was lost, the window is open, and the group starts another"),
        ),
        (GROUP, "i-1", _BEGUN, replace(_WANTED, now=RUNNING.window_stop), _SILENT),
        (
            GROUP, "i-0", replace(RUNNING, first_instance="i-0"), _IDLE,
            Decision(Action.IGNORE, "the backup is served by another, not by i-0"),
        ),
        (
            GROUP, "i-2", _SERVED, _WANTED,
            Decision(Action.IGNORE, "the backup is served by i-1, not by i-2"),
        ),
    ],
    ids=[
        "another group", "no backup", "silent", "never registered", "instance of another night", "lost in the window",
        "lost at its last second", "lost at its stop", "the first of two seen twice", "predecessor seen late",
    ],
)  # fmt: skip
def test_a_running_backup_is_closed_when_its_own_instance_is_gone_for_good(
    group: str, instance_id: str, backup: BackupRecord | None, situation: Situation, decision: Decision
) -> None:
    """While the window is open and the group replaces the instance, the next one continues."""
    assert decide_gone(group, instance_id, backup, situation) == decision


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("situation", [_IDLE, _WANTED])
def test_a_backup_whose_agent_has_reported_is_closed_once(status: BackupStatus, situation: Situation) -> None:
    """A terminate event that comes twice finds the report done."""
    first = decide_gone(GROUP, "i-1", ended(status), situation)
    again = decide_gone(GROUP, "i-1", ended(status, reported=True), situation)
    assert first == Decision(Action.CLOSE, f"the backup has ended as {status}, not reported yet")
    assert again == Decision(Action.IGNORE, f"the backup has ended as {status}, reported at 2026-11-22T03:00:00+00:00")


@pytest.mark.parametrize(
    "backup",
    [
        RUNNING,
        RUNNING.ended(BackupStatus.FAILED, now=START, message="No mirror.", reason=FailureReason.TOOL_MISSING),
        RUNNING.ended(BackupStatus.FAILED, now=START, message="No claim.", reason=FailureReason.INTERNAL_ERROR),
    ],
    ids=["went without a word", "boot failed", "agent ended before its claim"],
)
def test_a_backup_that_had_not_begun_is_tried_again_once(backup: BackupRecord) -> None:
    """Nothing was copied, nothing is known against a second instance, and the window is open."""
    decision = decide_gone(GROUP, "i-1", backup, _IDLE)
    assert decision.action is Action.TRY_AGAIN
    assert decision.reason.endswith("; nothing had begun, and enough of the window is left")
    second = replace(backup, first_instance="i-0")
    assert decide_gone(GROUP, "i-1", second, _IDLE).action is Action.CLOSE
    assert decide_gone(GROUP, "i-1", backup, replace(_IDLE, latest_id="0000beef")).action is Action.CLOSE


@given(backups, st.sampled_from([0, 1]), st.datetimes())
def test_another_group_never_touches_a_backup(backup: BackupRecord, capacity: int, now: datetime) -> None:
    """Whatever is known of it."""
    situation = Situation(GROUP, capacity, now.replace(tzinfo=START.tzinfo), backup.backup_id)
    assert decide_gone("other", "i-1", backup, situation).action is Action.IGNORE


def test_a_held_instance_of_another_group_is_left_alone_when_its_command_fails() -> None:
    """Ours is let go."""
    action = LifecycleAction(GROUP, "goodbye", "token", "i-1")
    assert decide_failed_finish(action, GROUP, "Failed") == Decision(
        Action.LET_GO, "the command to finish ended as Failed"
    )
    assert decide_failed_finish(action, "another", "Failed").action is Action.IGNORE


@pytest.mark.parametrize(
    ("backup", "instance_id", "message"),
    [
        (RUNNING, "i-1", "The instance i-1 went without reporting"),
        (_SERVED, None, "The instance i-1 went without reporting"),
        (_SERVED, "i-2", "The instance i-2 went without reporting"),
        (RUNNING, None, "No instance ever reported"),
    ],
)
def test_a_backup_without_a_report_ends_unknown_and_names_who_was_silent(
    backup: BackupRecord, instance_id: str | None, message: str
) -> None:
    """And where to look."""
    known = without_report(backup, OVERDUE, instance_id=instance_id)
    assert (known.status, known.stop_time) == (BackupStatus.UNKNOWN, OVERDUE)
    assert known.message is not None
    assert known.message.startswith(message)
    assert "activity history" in str(known.next_step)


def test_a_start_that_was_undone_failed_for_the_cause_that_is_named() -> None:
    """The next schedule starts again, so nothing blocks it."""
    failed = not_started(RUNNING, START, "the group is gone")
    assert (failed.status, failed.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert failed.message == "The backup could not be started: the group is gone."
    assert decide_start(failed, START, HOLD).action is Action.START


def test_a_skipped_backup_says_which_one_was_running() -> None:
    """And what helps if it happens often."""
    known = skipped(RUNNING, START, decide_start(RUNNING, START, HOLD))
    assert known.status is BackupStatus.SKIPPED
    assert "0badcafe" in str(known.message)
    assert "longer window" in str(known.next_step)


@pytest.mark.parametrize("success_too", [True, False])
@pytest.mark.parametrize("reported", [True, False])
@pytest.mark.parametrize("status", BackupStatus)
def test_every_end_is_reported_once_and_a_success_on_demand(
    status: BackupStatus, reported: bool, success_too: bool
) -> None:
    """A running backup has nothing to report yet."""
    wanted = status is not BackupStatus.RUNNING and not reported and (status is not BackupStatus.SUCCESS or success_too)
    assert has_to_be_reported(ended(status, reported=reported), success_too=success_too) is wanted


def test_a_success_with_a_warning_is_always_reported() -> None:
    """Who does not want to hear of ordinary nights wants to hear of this one."""
    assert has_to_be_reported(replace(ended(BackupStatus.SUCCESS), warning="LeftOut"), success_too=False)


@given(st.permutations([ended(status, days=day) for day, status in enumerate([*BackupStatus, BackupStatus.SUCCESS])]))
def test_the_newest_success_is_the_one_started_last(known: list[BackupRecord]) -> None:
    """In whatever order the records come; later failures do not count."""
    newest = newest_success(known)
    assert newest is not None
    assert newest.backup_id == f"{len(BackupStatus):08x}"


@pytest.mark.parametrize("known", [[], [ended(status) for status in BackupStatus if status != BackupStatus.SUCCESS]])
def test_without_a_success_there_is_no_newest(known: list[BackupRecord]) -> None:
    """An incomplete backup has published nothing."""
    assert newest_success(known) is None


def test_a_report_that_somebody_is_about_to_send_is_left_to_him_for_ten_minutes() -> None:
    """Longer than a function lives: who has said so then and not done it has died."""
    claimed = replace(ended(BackupStatus.FAILED), report_claim=OVERDUE)
    assert not is_being_reported(replace(claimed, report_claim=None), OVERDUE)
    assert is_being_reported(claimed, OVERDUE + timedelta(minutes=10) - SECOND)
    assert not is_being_reported(claimed, OVERDUE + timedelta(minutes=10))


@pytest.mark.parametrize(
    ("group", "latest", "decision"),
    [
        ("other", RUNNING, Decision(Action.IGNORE, "the group other is not ours")),
        (GROUP, None, Decision(Action.IGNORE, "no backup waits for an instance")),
        (GROUP, ended(BackupStatus.SUCCESS), Decision(Action.IGNORE, "no backup waits for an instance")),
        (GROUP, RUNNING, Decision(Action.TELL, "the backup 0badcafe waits for an instance: no capacity")),
        (GROUP, _SERVED, Decision(Action.TELL, "the backup 0badcafe waits for an instance: no capacity")),
        (GROUP, replace(RUNNING, launch_failure="no capacity"), Decision(Action.IGNORE, "it has been told")),
        (
            GROUP, replace(RUNNING, launch_failure="the key"),
            Decision(Action.NOTE, "it has been told; by now the cause is: no capacity"),
        ),
    ],
    ids=["another group", "nothing started", "ended", "first", "in place of one that was lost", "again", "other cause"],
)  # fmt: skip
def test_a_launch_that_fails_is_told_once(group: str, latest: BackupRecord | None, decision: Decision) -> None:
    """The group tries every few minutes, and each time says why it could not."""
    assert decide_launch_failure(group, GROUP, latest, "no capacity") == decision


def test_a_backup_whose_instance_never_came_says_why() -> None:
    """In the words of the group's last try."""
    known = without_report(replace(RUNNING, launch_failure="The key is disabled."), OVERDUE, instance_id=None)
    assert "could launch none (The key is disabled)." in str(known.message)
