"""How a backup ends on record whose agent could not say so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.lifecycle import NO_AGENT, CommandOutput
from efs_backup.domain.operations.record_endings import after_failed_finish, is_served_by
from efs_backup.domain.results import BackupStatus
from tests.support.records import RUNNING, START


def test_where_no_agent_is_the_boot_says_why() -> None:
    """The command ends with a code of its own."""
    ended = after_failed_finish(RUNNING, START, "i-1", "Failed", CommandOutput(NO_AGENT, "No mirror.", "Failed"))
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert "No mirror." in str(ended.message)


@pytest.mark.parametrize("details", ["Failed", ""])
def test_an_agent_that_failed_has_ended(details: str) -> None:
    """A report of a failed agent has what the agent wrote."""
    ended = after_failed_finish(RUNNING, START, "i-1", "Failed", CommandOutput(1, "Out of memory.", details))
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert "The agent ended without a result" in str(ended.message)
    assert "Out of memory." in str(ended.message)


@pytest.mark.parametrize(
    ("status", "details", "words"),
    [
        ("TimedOut", "", "was not taken by the instance in time"),
        ("TimedOut", "DeliveryTimedOut", "was not taken by the instance in time"),
        ("TimedOut", "Delivery Timed Out", "was not taken by the instance in time"),
        ("TimedOut", "ExecutionTimedOut", "was taken, but its agent did not end in time"),
        ("Undeliverable", "Undeliverable", "could not be delivered"),
        ("Cancelled", "Cancelled", "was cancelled"),
        ("Failed", "Terminated", "was cancelled"),
        ("of later years", "", "ended before its agent had finished (Systems Manager: oflateryears)"),
    ],
)
def test_a_command_that_did_not_come_to_its_end_says_nothing_of_the_agent(
    status: str, details: str, words: str
) -> None:
    """An agent without an answer may be at work still: that it has ended would be a guess."""
    ended = after_failed_finish(RUNNING, START, "i-1", status, CommandOutput(-1, "", details))
    assert (ended.status, ended.failure_reason) == (BackupStatus.UNKNOWN, None)
    assert words in str(ended.message)
    assert "i-1" in str(ended.message)
    assert "agent ended" not in str(ended.message)
    assert "continues from what was copied" in str(ended.next_step)


def test_a_backup_belongs_to_the_instance_that_serves_it_or_is_about_to() -> None:
    """Not to one that was there before it started, nor to the first one, in whose place a second was started."""
    before, after = START - timedelta(minutes=1), START + timedelta(minutes=1)
    claimed, again = replace(RUNNING, instance_id="i-1"), replace(RUNNING, instance_id=None, first_instance="i-1")
    unclaimed = replace(RUNNING, instance_id=None)
    assert is_served_by(claimed, "i-1", before)
    assert not is_served_by(claimed, "i-2", after)
    assert is_served_by(unclaimed, "i-1", after)
    assert not is_served_by(unclaimed, "i-1", before)
    assert not is_served_by(again, "i-1", after)
    assert is_served_by(again, "i-2", after)
