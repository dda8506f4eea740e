"""Instances and the backups that they serve."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.instances import (
    SECOND_TRY,
    Instance,
    is_in_the_way,
    may_close,
    may_try_again,
    not_launched,
    served_by,
    tried_again,
)
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.support.records import ENDED, RUNNING, START, backups

HOUR = timedelta(hours=1)
OLD = replace(
    RUNNING.ended(BackupStatus.SUCCESS, now=START + HOUR, message="Done."), instance_id="i-old"
)  # fmt: skip
NEW = replace(RUNNING, backup_id=BackupId("0000beef"), start_time=START + 2 * HOUR)
FAILED = RUNNING.ended(
    BackupStatus.FAILED, now=START + timedelta(minutes=4), message="No mirror.", reason=FailureReason.TOOL_MISSING
)


def instance(name: str, launched: datetime | None) -> Instance:
    """One that runs."""
    return Instance(name, launched, is_running=True)


def test_an_old_instance_served_its_own_backup_and_not_the_next() -> None:
    """Though the next one is the newest, and nobody serves it yet."""
    assert served_by(instance("i-old", START), [OLD, NEW]) == OLD


@pytest.mark.parametrize(
    ("launched", "served"),
    [
        (START - timedelta(seconds=1), None),
        (START, OLD),
        (START + HOUR - timedelta(seconds=1), OLD),
        (START + HOUR, None),
        (NEW.start_time, NEW),
        (NEW.start_time + HOUR, NEW),
        (None, None),
    ],
    ids=["before any", "at the start", "replaces another", "between both", "at the next", "late", "not known"],
)
def test_an_instance_that_never_claimed_was_launched_for_what_was_open_then(
    launched: datetime | None, served: BackupRecord | None
) -> None:
    """One that was launched before a backup can never have been meant for it."""
    assert served_by(instance("i-1", launched), [NEW, OLD]) == served


def test_a_skipped_backup_is_served_by_nobody() -> None:
    """A skipped backup began and ended at one moment."""
    skipped = replace(RUNNING, status=BackupStatus.SKIPPED, stop_time=START)
    assert served_by(instance("i-1", START), [skipped]) is None


@pytest.mark.parametrize(
    ("name", "launched", "now", "is_so"),
    [
        ("i-old", START + HOUR, START + HOUR, True),
        ("i-1", START, START + timedelta(minutes=30), False),
        ("i-1", START, START + timedelta(minutes=31), True),
        ("i-1", None, START + HOUR, False),
    ],
    ids=["has served", "boots", "should have gone home", "has just been launched"],
)
def test_who_will_not_serve_a_backup_that_starts_is_in_its_way(
    name: str, launched: datetime | None, now: datetime, *, is_so: bool
) -> None:
    """One that boots finds it, and is as good as a new one."""
    assert is_in_the_way(instance(name, launched), [OLD, NEW], now) is is_so


@pytest.mark.parametrize(
    ("backup", "instance_id", "may"),
    [
        (RUNNING, "i-1", True),
        (replace(RUNNING, instance_id="i-1"), "i-1", True),
        (replace(RUNNING, instance_id="i-2"), "i-1", False),
        (replace(RUNNING, first_instance="i-1"), "i-1", False),
        (replace(RUNNING, first_instance="i-1"), "i-2", True),
        *((replace(RUNNING, status=status), "i-1", False) for status in ENDED),
    ],
)
def test_only_who_serves_a_backup_may_close_it(backup: BackupRecord, instance_id: str, *, may: bool) -> None:
    """Neither one that was replaced nor one in whose place another was started."""
    assert may_close(backup, instance_id) is may


_BEGUN = replace(FAILED, instance_id="i-1", heartbeat_time=START)


@pytest.mark.parametrize(
    ("backup", "may"),
    [
        (RUNNING, True),
        (FAILED, True),
        (replace(FAILED, instance_id="i-1"), True),
        (replace(FAILED, failure_reason=FailureReason.INTERNAL_ERROR), True),
        (replace(RUNNING, instance_id="i-1"), False),
        (_BEGUN, False),
        (replace(_BEGUN, status=BackupStatus.RUNNING), False),
        (replace(FAILED, failure_reason=FailureReason.MOUNT_FAILED), False),
        (replace(FAILED, first_instance="i-0"), False),
        *((replace(FAILED, status=status), False) for status in ENDED if status is not BackupStatus.FAILED),
    ],
)
def test_only_what_had_not_begun_is_tried_again(backup: BackupRecord, *, may: bool) -> None:
    """A fault that an agent has found out would be the same a few minutes later; a third try is one too many."""
    assert may_try_again(backup, START + timedelta(minutes=5)) is may


def test_a_second_try_needs_the_time_to_boot_and_to_copy_something() -> None:
    """To the second."""
    latest = RUNNING.window_stop - SECOND_TRY
    assert may_try_again(RUNNING, latest)
    assert not may_try_again(RUNNING, latest + timedelta(seconds=1))


@given(backups)
def test_nothing_is_tried_a_third_time(backup: BackupRecord) -> None:
    """Whatever is known of it: the first instance is named in what is opened again."""
    again = tried_again(backup, "i-1")
    assert not may_try_again(again, START)
    assert (again.status, again.stop_time, again.instance_id) == (BackupStatus.RUNNING, None, None)


def test_a_second_try_remembers_why_the_first_came_to_nothing() -> None:
    """Until it has more to say itself."""
    assert str(tried_again(FAILED, "i-1").message).startswith("No mirror. A second instance")
    assert "The instance i-1 went before its backup began" in str(tried_again(RUNNING, "i-1").message)


@given(st.text(min_size=1).filter(lambda text: text.strip(".")))
def test_a_backup_that_waits_for_its_instance_says_since_when_and_why(cause: str) -> None:
    """The group's words are in the record while there is still time to mend it."""
    waiting = not_launched(RUNNING, START, cause)
    assert (waiting.launch_failure, waiting.status) == (cause, BackupStatus.RUNNING)
    assert "At 02:00 UTC" in str(waiting.message)
    assert cause.rstrip(".") in str(waiting.message)
