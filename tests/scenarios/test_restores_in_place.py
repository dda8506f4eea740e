"""Restores into the source, told as timelines through the Lambda's handler: the leave to write comes and goes."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.operations.record import BackupRecord, Mode
from efs_backup.domain.operations.restore_record import restore_id_of
from efs_backup.domain.operations.triggers import drill_event, reconcile_event, restore_event
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from tests.scenarios.nights import assert_nothing_left, succeed
from tests.support.cloud import GROUP, Cloud, Faults
from tests.support.leave import ROLE, a_leave, is_given

ORDER = RestoreOrder(("/home/alice/thesis.tex",), to_original=True, by="alice")


@pytest.fixture
def leave(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The stack may restore into its source; gives the ARN of the policy that lets it."""
    with a_leave(monkeypatch.setenv) as made:
        yield made


def asked(cloud: Cloud, order: RestoreOrder = ORDER, event_id: str = "e1") -> BackupRecord:
    """Somebody asks for a restore; gives its record."""
    cloud.call(restore_event(order, event_id))
    return cloud.store.get(restore_id_of(event_id))


def ends(cloud: Cloud, restore: BackupRecord) -> None:
    """The agent has restored, goes home, and is let go."""
    cloud.agent_claims(restore.backup_id)
    before = cloud.store.get(restore.backup_id)
    ended = before.ended(BackupStatus.SUCCESS, now=cloud.now(), message="Restored.", next_step="Look at it.")
    cloud.store.update(before, replace(ended, restore_created=1, restore_quarantine="/.quarantine-T"))
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


@pytest.mark.usefixtures("leave")
def test_a_restore_has_the_leave_to_write_while_it_runs(cloud: Cloud) -> None:
    """A record and a window of its own; it is taken when the instance is held, before that is gone."""
    assert not is_given()
    restore = asked(cloud)
    assert (restore.mode, restore.window_minutes, cloud.capacity(), is_given()) == (Mode.RESTORE, 1440, 1, True)
    assert RestoreOrder.of_text(str(restore.restore_order)) == ORDER
    cloud.agent_claims(restore.backup_id)
    cloud.agent_reports(restore.backup_id, BackupStatus.SUCCESS)
    cloud.agent_goes_home()
    cloud.call(cloud.events.popleft())
    assert not is_given()
    cloud.agent_lets_go()
    cloud.deliver()
    ((subject, _),) = cloud.mails()
    assert "EFS restore succeeded" in subject
    assert cloud.store.newest_success() is None
    assert_nothing_left(cloud)


@pytest.mark.usefixtures("leave")
def test_a_dry_run_needs_no_leave(cloud: Cloud) -> None:
    """A dry run only looks."""
    restore = asked(cloud, replace(ORDER, dry_run=True))
    assert (restore.status, is_given()) == (BackupStatus.RUNNING, False)
    ends(cloud, restore)
    assert "was planned" in cloud.mails()[0][0]


def test_a_stack_that_may_not_write_refuses_and_still_plans(cloud: Cloud) -> None:
    """Without RestoreInPlace; who asked is told by mail, for nobody may be waiting for the answer."""
    refused = asked(cloud)
    assert (refused.status, cloud.capacity()) == (BackupStatus.SKIPPED, 0)
    ((subject, text),) = cloud.mails()
    assert "EFS restore was NOT STARTED" in subject
    assert "RestoreInPlace" in text
    assert asked(cloud, replace(ORDER, dry_run=True), "e2").status is BackupStatus.RUNNING


@pytest.mark.usefixtures("leave")
def test_beside_a_backup_a_restore_is_refused_with_when_to_try_again(cloud: Cloud) -> None:
    """The backup goes on, without the leave."""
    backup = cloud.schedule_fires()
    restore = asked(cloud)
    assert (restore.status, is_given()) == (BackupStatus.SKIPPED, False)
    assert "try again when it has ended, at 2026-11-22 05:00 UTC at the latest" in cloud.answers[-1]["reason"]
    assert (cloud.store.latest(), cloud.capacity()) == (backup.backup_id, 1)


@pytest.mark.usefixtures("leave")
def test_a_backup_that_is_due_while_a_restore_runs_is_skipped_and_told(cloud: Cloud) -> None:
    """The restore keeps its leave and its instance."""
    restore = asked(cloud)
    cloud.agent_claims(restore.backup_id)
    cloud.time = "2026-11-22T02:20:00Z"
    assert cloud.schedule_fires().status is BackupStatus.SKIPPED
    ((subject, text),) = cloud.mails()
    assert "SKIPPED" in subject
    assert f"the restore {restore.backup_id}" in text
    assert (is_given(), cloud.store.latest(), cloud.capacity()) == (True, restore.backup_id, 1)


@pytest.mark.usefixtures("leave")
def test_a_drill_gives_way_to_a_restore(cloud: Cloud) -> None:
    """As to a backup."""
    cloud.call(drill_event())
    drill = cloud.newest()
    cloud.agent_claims(drill.backup_id)
    cloud.time = "2026-11-22T02:20:00Z"
    restore = asked(cloud)
    assert (restore.status, is_given()) == (BackupStatus.RUNNING, True)
    assert "A restore was started" in str(cloud.store.get(drill.backup_id).message)


@pytest.mark.usefixtures("leave")
def test_an_event_that_is_delivered_twice_restores_once(cloud: Cloud) -> None:
    """Also after the restore has ended: what users have written since stays."""
    restore = asked(cloud)
    assert "delivered before" in cloud.call(restore_event(ORDER, "e1"))["reason"]
    ends(cloud, restore)
    assert "delivered before" in cloud.call(restore_event(ORDER, "e1"))["reason"]
    assert (len(list(cloud.store.backups())), is_given(), cloud.capacity()) == (1, False, 0)


@pytest.mark.usefixtures("leave")
def test_a_lost_instance_ends_the_restore_and_the_leave(cloud: Cloud) -> None:
    """No other goes on; the mail says that nobody knows how far it was."""
    restore = asked(cloud)
    cloud.agent_claims(restore.backup_id)
    cloud.instance_is_lost()
    cloud.deliver()
    cloud.hold_times_out()
    cloud.deliver()
    assert (cloud.store.get(restore.backup_id).status, is_given()) == (BackupStatus.UNKNOWN, False)
    assert cloud.capacity() == 0
    assert "EFS restore ended UNKNOWN" in cloud.mails()[0][0]


@pytest.mark.usefixtures("leave")
def test_the_window_of_a_restore_takes_its_instance_and_the_leave_away(cloud: Cloud) -> None:
    """The agent has the leave until it has ended what it does."""
    restore = asked(cloud)
    cloud.agent_claims(restore.backup_id)
    cloud.time = "2026-11-23T01:45:00Z"
    assert cloud.stop_rule_fires()["action"] == "stop"
    assert cloud.deliver()[0]["action"] == "ask the agent"
    assert is_given()
    cloud.agent_reports(restore.backup_id, BackupStatus.INCOMPLETE)
    cloud.agent_lets_go()
    cloud.deliver()
    assert not is_given()
    assert "EFS restore is INCOMPLETE" in cloud.mails()[0][0]


@pytest.mark.usefixtures("leave")
def test_a_start_that_fails_leaves_no_leave(cloud: Cloud, faults: Faults) -> None:
    """And the next try of the same event starts it."""
    with (
        faults.refusing("autoscaling", "SetDesiredCapacity", "InternalFailure"),
        pytest.raises(Exception, match="InternalFailure"),
    ):
        cloud.call(restore_event(ORDER, "e1"))
    assert not is_given()
    assert asked(cloud).status is BackupStatus.RUNNING
    assert is_given()


@pytest.mark.usefixtures("leave")
def test_without_the_leave_no_instance_is_started(cloud: Cloud, faults: Faults) -> None:
    """A restore that cannot write would only come to nothing; a backup goes on whatever IAM says."""
    with (
        faults.refusing("iam", "AttachRolePolicy", "AccessDenied"),
        pytest.raises(Exception, match="AccessDenied"),
    ):
        cloud.call(restore_event(ORDER, "e1"))
    assert cloud.capacity() == 0
    cloud.time = "2026-11-22T02:10:00Z"
    with faults.refusing("iam", "DetachRolePolicy", "ServiceFailure") as refused:
        assert cloud.schedule_fires().status is BackupStatus.RUNNING
    assert refused


def test_a_leave_that_was_left_behind_is_taken_by_the_reconcile(cloud: Cloud, leave: str) -> None:
    """Whatever went wrong: half an hour later nobody has it who needs it not. One that is lacking is given again."""
    boto3.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=leave)
    cloud.call(reconcile_event())
    assert not is_given()
    restore = asked(cloud)
    cloud.agent_claims(restore.backup_id)
    boto3.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=leave)
    cloud.call(reconcile_event())
    assert is_given()


@pytest.mark.long
def test_a_leave_that_nobody_of_us_has_given_is_told(cloud: Cloud, leave: str) -> None:
    """At once by mail; one whose last step is only late is taken without a word."""
    restore = asked(cloud)
    ends(cloud, restore)
    boto3.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=leave)
    cloud.call(reconcile_event())
    assert (is_given(), len(cloud.mails())) == (False, 1)
    boto3.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=leave)
    cloud.time = "2026-11-22T05:00:00Z"
    cloud.call(reconcile_event())
    subject, text = cloud.mails()[-1]
    assert "worker could WRITE to the source while no restore ran" in subject
    assert leave in text
    cloud.call(reconcile_event())
    assert (is_given(), len(cloud.mails())) == (False, 2)


def test_a_leave_that_cannot_be_taken_fails_the_reconcile_when_all_else_is_done(
    cloud: Cloud, leave: str, faults: Faults
) -> None:
    """The event is given up in the end, so that the alarm rings; a capacity that was forgotten is taken first."""
    boto3.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=leave)
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    with (
        faults.refusing("iam", "DetachRolePolicy", "AccessDenied"),
        pytest.raises(Exception, match="AccessDenied"),
    ):
        cloud.call(reconcile_event())
    assert (is_given(), cloud.capacity()) == (True, 0)


def test_a_backup_never_starts_with_the_leave(cloud: Cloud, leave: str) -> None:
    """A backup only reads its source."""
    boto3.client("iam").attach_role_policy(RoleName=ROLE, PolicyArn=leave)
    backup = cloud.schedule_fires()
    assert not is_given()
    succeed(cloud, backup.backup_id)


@pytest.mark.usefixtures("leave")
def test_a_restore_that_nobody_hears_of_is_ended_with_its_leave(cloud: Cloud) -> None:
    """By the reconcile, as a silent backup is."""
    restore = asked(cloud)
    cloud.agent_claims(restore.backup_id)
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    cloud.hold_times_out()
    cloud.deliver()
    assert (cloud.store.get(restore.backup_id).status, is_given()) == (BackupStatus.UNKNOWN, False)
    assert_nothing_left(cloud)


def test_hostile_text_starts_nothing(cloud: Cloud) -> None:
    """Hostile text is refused at the event, and neither recorded nor mailed."""
    event = {**restore_event(ORDER, "e1"), "paths": ["/home/\x1b]0;owned\x07"]}
    assert cloud.call(event)["action"] == "ignore"
    assert (list(cloud.store.backups()), cloud.mails(), cloud.capacity()) == ([], [], 0)
