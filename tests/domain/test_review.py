"""The half-hourly look for what was forgotten."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.instances import Instance
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.review import decide_held, decide_silent, is_silent, review
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.domain.results import BackupStatus
from tests.domain.ended import HOLD, OVERDUE, SECOND, ended
from tests.support.records import ENDED, RUNNING, START

THERE = Instance("i-1", START, is_running=True)


@pytest.mark.parametrize(
    ("minutes", "heartbeat", "is_so"),
    [(30, None, False), (31, None, True), (60, 30, False), (61, 30, True), (20, 0, False)],
)
def test_an_agent_is_silent_half_an_hour_after_its_last_sign_of_life(
    minutes: int, heartbeat: int | None, *, is_so: bool
) -> None:
    """Its heartbeat, or the start of the backup where there was none yet."""
    beat = None if heartbeat is None else START + timedelta(minutes=heartbeat)
    assert is_silent(replace(RUNNING, heartbeat_time=beat), START + timedelta(minutes=minutes)) is is_so


@pytest.mark.parametrize("status", ENDED)
def test_who_has_ended_is_not_silent(status: BackupStatus) -> None:
    """Nothing more has to be heard."""
    assert not is_silent(replace(RUNNING, status=status), START + timedelta(minutes=90))


@pytest.mark.parametrize(
    ("launched", "now", "is_so"),
    [(44, 46, False), (44, 74, False), (44, 75, True), (0, 31, True), (None, 46, False)],
)
def test_an_instance_that_was_long_in_coming_gets_its_time(launched: int | None, now: int, *, is_so: bool) -> None:
    """Silence counts from its launch; who is not known yet has just been launched."""
    time = None if launched is None else START + timedelta(minutes=launched)
    instance = replace(THERE, launched=time)
    assert is_silent(RUNNING, START + timedelta(minutes=now), [instance]) is is_so


def test_the_end_of_the_window_ends_no_silence() -> None:
    """The stop rule may have been lost too."""
    assert is_silent(RUNNING, RUNNING.window_end)


@pytest.mark.parametrize(
    ("instances", "capacity", "decision"),
    [
        (
            [THERE], 1,
            Decision(Action.STOP, "nothing is heard of the agent of 0badcafe: its instance is taken away"),
        ),
        (
            [], 1,
            Decision(Action.WAIT, "no instance could be launched yet for 0badcafe; the group tries on"),
        ),
        (
            [], 0,
            Decision(Action.CLOSE, "no instance of 0badcafe is there or wanted: nothing more can come"),
        ),
    ],
    ids=["hangs", "not launched", "forgotten"],
)  # fmt: skip
def test_what_is_done_about_silence(instances: list[Instance], capacity: int, decision: Decision) -> None:
    """Nobody waits for an agent that is not there, and nobody ends a backup whose instance may still come."""
    assert decide_silent(RUNNING, instances, capacity) == decision


@pytest.mark.parametrize(
    ("served", "minutes", "action"),
    [
        (None, 0, Action.LET_GO),
        (RUNNING, 60, Action.WAIT),
        (ended(BackupStatus.SUCCESS), 69, Action.WAIT),
        (ended(BackupStatus.SUCCESS), 70, Action.LET_GO),
    ],
    ids=["no backup", "running", "has just ended", "has ended"],
)
def test_an_instance_that_is_held_for_nothing_is_let_go(
    served: BackupRecord | None, minutes: int, action: Action
) -> None:
    """The event that asks its agent may have been lost; an agent that has just reported does it itself."""
    assert decide_held("i-1", served, START + timedelta(minutes=minutes)).action is action


def test_a_review_without_records_finds_nothing_to_do() -> None:
    """And there is no age of a success that was never due."""
    found = review([], START, hold_minutes=HOLD, success_too=True)
    assert (found.overdue, found.unreported, found.is_idle, found.hours_since_success) == ((), (), True, None)
    assert str(found) == "0 overdue, 0 silent, 0 to be reported; no backup is running"


def test_a_review_says_in_words_what_it_found() -> None:
    """An operator reads it in the log."""
    found = review([RUNNING], START + timedelta(hours=1), hold_minutes=HOLD, success_too=True)
    assert str(found) == "0 overdue, 1 silent, 0 to be reported; a backup is running"


@pytest.mark.parametrize(
    ("now", "overdue", "is_idle"), [(OVERDUE - SECOND, (), False), (OVERDUE, (RUNNING,), True)]
)  # fmt: skip
def test_a_review_finds_who_is_overdue(now: datetime, overdue: tuple[BackupRecord, ...], is_idle: bool) -> None:
    """Who only is late counts as working; who is overdue does not."""
    found = review([RUNNING], now, hold_minutes=HOLD, success_too=True)
    assert (found.overdue, found.is_idle) == (overdue, is_idle)


def test_who_is_overdue_is_not_silent_too() -> None:
    """He is ended once."""
    assert review([RUNNING], OVERDUE, hold_minutes=HOLD, success_too=True).silent == ()


def test_a_review_is_not_idle_while_one_backup_works() -> None:
    """Also beside one that is overdue."""
    forgotten = replace(RUNNING, backup_id=BackupId("0000beef"), start_time=START - timedelta(days=1))
    found = review([RUNNING, forgotten], START, hold_minutes=HOLD, success_too=True)
    assert (found.overdue, found.is_idle) == ((forgotten,), False)


@pytest.mark.parametrize("success_too", [True, False])
def test_a_review_finds_reports_that_were_never_sent(success_too: bool) -> None:
    """Oldest first; a success that is not mailed is told to the bus alone."""
    first, second = ended(BackupStatus.FAILED), ended(BackupStatus.SUCCESS, days=1)
    third = ended(BackupStatus.FAILED, days=2, reported=True)
    found = review([second, third, first], OVERDUE, hold_minutes=HOLD, success_too=success_too)
    assert found.unreported == (first, second)
    later = review([second, first], OVERDUE + timedelta(days=3), hold_minutes=HOLD, success_too=success_too)
    assert later.unreported == ((first, second) if success_too else (first,))


@pytest.mark.parametrize(
    ("known", "hours"),
    [
        ([ended(BackupStatus.SUCCESS)], 47),
        ([replace(ended(BackupStatus.SUCCESS), stop_time=None)], 48),
        ([ended(BackupStatus.SUCCESS), ended(BackupStatus.SUCCESS, days=1), ended(BackupStatus.FAILED, days=1)], 23),
        ([ended(BackupStatus.FAILED), ended(BackupStatus.FAILED, days=1)], 48),
        ([RUNNING], 48),
    ],
    ids=["from its end", "its end is unknown", "the newest", "none yet: from the first record", "only running"],
)
def test_a_review_tells_the_age_of_the_last_success(known: list[BackupRecord], hours: float) -> None:
    """An alarm on it rings too where no backup ever succeeded."""
    now = START + timedelta(days=2)
    assert review(known, now, hold_minutes=HOLD, success_too=True).hours_since_success == hours


def test_what_may_be_tried_again_is_not_reported_before_its_instance_is_gone() -> None:
    """A second one may be started then; where nobody heard of the end, the next review reports it."""
    failed = RUNNING.ended(BackupStatus.FAILED, now=START, message="No mirror.", reason=FailureReason.TOOL_MISSING)
    now = START + timedelta(minutes=5)
    assert review([failed], now, hold_minutes=HOLD, success_too=True, instances=[THERE]).unreported == ()
    assert review([failed], now, hold_minutes=HOLD, success_too=True).unreported == (failed,)
    late = review([failed], RUNNING.window_stop, hold_minutes=HOLD, success_too=True, instances=[THERE])
    assert late.unreported == (failed,)


_any_end = st.builds(ended, st.sampled_from(BackupStatus), days=st.integers(0, 9))


@given(st.lists(_any_end, max_size=6), st.integers(0, 300))
def test_a_review_counts_each_running_backup_as_overdue_or_as_work(known: list[BackupRecord], hours: int) -> None:
    """Nothing that runs is forgotten."""
    found = review(known, START + timedelta(hours=hours), hold_minutes=HOLD, success_too=True)
    running = [backup for backup in known if backup.status is BackupStatus.RUNNING]
    assert set(found.overdue) <= set(running)
    assert found.is_idle is (len(found.overdue) == len(running))
