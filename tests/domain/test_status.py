"""How a stack stands, from its records and its parameters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.operations.status import Activity, Alarm, Plan, Surroundings, status_of, window_share
from efs_backup.domain.results import BackupStatus
from tests.support.records import RUNNING

NOW = RUNNING.start_time + timedelta(days=3)
PLAN = Plan.of({"BackupSchedule": "cron(0 2 * * ? *)", "BackupWindow": "180", "Retain": "7"}, {}, UTC)
QUIET = Surroundings()


def _ended(days: int, status: BackupStatus = BackupStatus.SUCCESS, **known: object) -> BackupRecord:
    """A backup that began so many days after the first one, and took an hour."""
    start = RUNNING.start_time + timedelta(days=days)
    begun = replace(RUNNING, backup_id=BackupId(f"{days:08x}"), start_time=start, heartbeat_time=None)
    ended = begun.ended(status, now=start + timedelta(hours=1), message="It has ended.")
    return replace(ended, **known)  # type: ignore[arg-type]


def test_the_last_backup_is_neither_a_drill_nor_one_that_was_skipped() -> None:
    """They say nothing of how backups go."""
    last = _ended(1, BackupStatus.FAILED)
    records = [
        _ended(0), last, _ended(2, BackupStatus.SKIPPED), _ended(3, mode=Mode.DRILL, drill_result=DrillStatus.PASSED)
    ]  # fmt: skip
    status = status_of(PLAN, records, NOW, QUIET)
    assert (status.last, status.success) == (last, records[0])
    assert status.drill == records[3]
    assert status.activity is Activity.IDLE
    assert not status.is_well


def test_what_runs_is_running_until_nothing_is_heard_of_it_for_half_an_hour() -> None:
    """As the orchestrator sees it."""
    for age, activity in ((29, Activity.RUNNING), (31, Activity.SILENT)):
        status = status_of(PLAN, [RUNNING], RUNNING.start_time + timedelta(minutes=age), QUIET)
        assert (status.activity, status.running) == (activity, RUNNING)


def test_a_stack_is_well_until_something_says_otherwise() -> None:
    """No backup yet is no fault; an alarm is, also after a success."""
    assert status_of(PLAN, [], NOW, QUIET).is_well
    assert status_of(PLAN, [_ended(0)], NOW, QUIET).is_well
    rung = Surroundings(alarms=[Alarm("NoSuccess", NOW, "for too long")])
    assert not status_of(PLAN, [_ended(0)], NOW, rung).is_well
    assert status_of(PLAN, [_ended(0)], NOW, Surroundings(alarms=None)).is_well


def test_the_next_start_goes_by_the_zone_of_the_stack() -> None:
    """Where this machine does not know the zone it is not known, and not read as UTC."""
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    given = {"BackupSchedule": "cron(0 2 * * ? *)", "ScheduleTimeZone": "Europe/Berlin"}
    berlin = Plan.of(given, {}, ZoneInfo("Europe/Berlin"))
    assert status_of(berlin, [], now, QUIET).next_start == datetime(2026, 11, 27, 1, tzinfo=UTC)
    nowhere = Plan.of(given, {}, None)
    assert status_of(nowhere, [], now, QUIET).next_start is None
    assert (nowhere.zone_name, nowhere.window_minutes, nowhere.keeps) == ("Europe/Berlin", None, "last=")


def test_a_rate_goes_by_the_newest_start_of_its_own_kind() -> None:
    """A drill in between moves no backup."""
    plan = Plan.of({"BackupSchedule": "rate(12 hours)", "DrillSchedule": "rate(7 days)"}, {}, UTC)
    backup, drill = _ended(1), _ended(2, mode=Mode.DRILL)
    status = status_of(plan, [backup, drill], drill.start_time + timedelta(hours=1), QUIET)
    assert status.next_start == backup.start_time + timedelta(hours=36)
    assert status.next_drill == drill.start_time + timedelta(days=7)
    assert status_of(plan, [], NOW, QUIET).next_start is None


@pytest.mark.parametrize(("minutes", "share"), [(120, 0.5), (60, 1.0), (0, None)])
def test_the_share_of_the_window_is_that_of_its_whole_length(minutes: int, share: float | None) -> None:
    """A backup without AWS has none."""
    assert window_share(_ended(0, window_minutes=minutes)) == share
    assert window_share(RUNNING) is None
