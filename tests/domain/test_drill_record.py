"""A drill on record, in mails, and in the look for what was forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.drill.choice import Figures, SizeClass
from efs_backup.domain.drill.result import (
    DrillPlan,
    DrillResult,
    DrillStatus,
    Finding,
    Group,
    Place,
    Tallies,
    Verdict,
)
from efs_backup.domain.errors import FailureReason, Locked, MountFailed, NotAsSealed
from efs_backup.domain.operations.drill_record import (
    check_seal,
    failed_drill,
    stopped_drill,
    takes_older,
    with_drill,
    without_drill,
)
from efs_backup.domain.operations.mounting import mount_command
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode, newest_success
from efs_backup.domain.operations.report import report_on
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.times import Clock
from efs_backup.domain.operations.review import review
from efs_backup.domain.operations.triggers import StartDrill, UnknownTrigger, drill_event, read_trigger
from efs_backup.domain.operations.workflow import (
    Action,
    decide_drill,
    decide_start,
    gave_way,
    has_to_be_reported,
    skipped,
)
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.seal import digest
from tests.domain.told import FULL, SETTINGS
from tests.support.records import RUNNING, START

DRILL = replace(RUNNING, mode=Mode.DRILL, window_minutes=60)
_SNAPSHOT = "20261122T020000Z"
_SEAL = b"a seal\n"
_PLAN = DrillPlan(
    "efs-backup", "daily", _SNAPSHOT, digest(_SEAL), "cd" * 32, START, "2026-11-22", "ef" * 32,
    {SizeClass.SMALL: Figures(10, 1000)},
)  # fmt: skip


def _result(*, bad: int = 0, failure: str = "") -> DrillResult:
    tallies = Tallies()
    for number in range(10):
        wrong = Finding(f"file {number}", Group.SMALL, Verdict.DIFFERENT, Place.SNAPSHOT, ("content",))
        tallies.add(Group.SMALL, 100, wrong if number < bad else None)
    return DrillResult(
        _PLAN, datetime(2026, 11, 22, 12, tzinfo=UTC), 9.0, "efs-backup", "c6i.xlarge", ("nfs4", "ext4"),
        tallies=tallies, failure=failure,
    )  # fmt: skip


def test_a_drill_that_passed_is_a_success() -> None:
    """With its figures, and the digest of the seal that it went by."""
    ended = with_drill(DRILL, _result(), START)
    assert (ended.status, ended.drill_result) == (BackupStatus.SUCCESS, DrillStatus.PASSED)
    assert (ended.drill_files, ended.drill_different, ended.seal) == (10, 0, digest(_SEAL))
    assert "all are as they were sealed" in str(ended.message)


def test_a_difference_is_a_failure() -> None:
    """The mail names it, and what to do."""
    ended = with_drill(DRILL, _result(bad=2), START)
    assert (ended.status, ended.drill_result, ended.drill_different) == (
        BackupStatus.FAILED, DrillStatus.DIFFERENT, 2,
    )  # fmt: skip
    report = report_on(ended, Around(SETTINGS, Clock(START)))
    assert report.subject.startswith("EFS restore drill found DIFFERENCES")
    assert "file 0" in report.text
    assert "efs-backup audit" in report.text
    assert "a drill only reads the snapshots" in report.text


@pytest.mark.parametrize(
    ("ended", "subject"),
    [
        (without_drill(DRILL, MountFailed("No answer."), START), "EFS restore drill FAILED"),
        (without_drill(DRILL, NotAsSealed("Another manifest."), START), "EFS restore drill found DIFFERENCES"),
        (failed_drill(DRILL, "KeyError: 'a'", START), "EFS restore drill FAILED"),
        (stopped_drill(DRILL, "Stopped.", START), "EFS restore drill INCOMPLETE"),
        (without_drill(DRILL, Locked("One is running."), START), "EFS restore drill SKIPPED"),
        (gave_way(DRILL, START), "EFS restore drill INCOMPLETE"),
        (DRILL.ended(BackupStatus.UNKNOWN, now=START, message="Gone."), "EFS restore drill ended UNKNOWN"),
    ],
)
def test_every_end_of_a_drill_has_its_headline(ended: BackupRecord, subject: str) -> None:
    """And a next step, or none is needed."""
    report = report_on(ended, Around(SETTINGS, Clock(START)))
    assert report.subject.startswith(subject)
    assert "What to do:\n" in report.text


def test_one_drill_in_four_goes_by_an_older_snapshot() -> None:
    """Which ones, nobody chooses who runs them."""
    drills = [replace(DRILL, backup_id=BackupId(f"{number:08x}")) for number in range(64)]
    assert sum(map(takes_older, drills)) == 16


def test_the_reason_of_a_mount_is_on_record() -> None:
    """As for a backup."""
    assert without_drill(DRILL, MountFailed("No answer."), START).failure_reason is FailureReason.MOUNT_FAILED


def test_the_seal_must_be_the_one_that_is_known_elsewhere() -> None:
    """Where nothing is known nothing is said."""
    known = replace(FULL, snapshot=_SNAPSHOT, seal=digest(_SEAL))
    check_seal(_PLAN, [], None)
    check_seal(_PLAN, [known], _SEAL)
    with pytest.raises(NotAsSealed, match="on record"):
        check_seal(_PLAN, [replace(known, seal="ab" * 32)], None)
    with pytest.raises(NotAsSealed, match="stored outside"):
        check_seal(_PLAN, [known], b"another\n")


def test_a_drill_never_takes_anything_from_a_backup() -> None:
    """A drill waits for no backup, and gives way to each."""
    assert decide_drill(None, START, 60).action is Action.START
    assert decide_drill(RUNNING, START, 60).action is Action.SKIP
    assert decide_drill(DRILL, START, 60).action is Action.SKIP
    assert decide_drill(RUNNING, START + timedelta(days=1), 60).action is Action.START
    assert decide_start(DRILL, START, 60).action is Action.START
    assert "DrillSchedule" in str(skipped(DRILL, START, decide_drill(RUNNING, START, 60)).next_step)


def test_a_drill_is_told_in_any_case_and_is_no_backup() -> None:
    """A success of a drill is no success of a backup."""
    passed = with_drill(DRILL, _result(), START)
    assert has_to_be_reported(passed, success_too=False)
    assert newest_success([passed]) is None


def test_the_age_of_the_last_drill_counts_from_one_that_said_something() -> None:
    """A failure to mount says nothing of restores; where there was none it counts from the first record."""
    later = START + timedelta(hours=10)
    first = replace(FULL, start_time=START - timedelta(hours=14), stop_time=START - timedelta(hours=13))
    failed = without_drill(replace(DRILL, start_time=START + timedelta(hours=1)), MountFailed("No."), later)
    passed = with_drill(DRILL, _result(bad=1), START)
    ages = [
        review(known, later, hold_minutes=60, success_too=True).hours_since_drill
        for known in ([], [first, failed], [first, failed, passed])
    ]
    assert ages == [None, 24.0, 10.0]


def test_a_drill_has_an_event_of_its_own() -> None:
    """By hand it has no id."""
    assert read_trigger(drill_event()) == StartDrill()
    assert read_trigger({**drill_event(), "event_id": "a"}) == StartDrill("a")
    assert isinstance(read_trigger({"mode": "drill", "action": "stop"}), UnknownTrigger)


def test_a_profile_is_an_option_of_the_helper() -> None:
    """Plain NFS knows none."""
    helped = mount_command("fs-1", "10.0.0.1", "/mnt", with_helper=True, read_only=True, profile="drill")
    assert helped[4] == "tls,iam,awsprofile=drill,mounttargetip=10.0.0.1,ro"
    plain = mount_command("fs-1", "10.0.0.1", "/mnt", with_helper=False, read_only=True, profile="drill")
    assert "awsprofile" not in plain[4]
