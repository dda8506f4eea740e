"""Nights whose instances come late, twice, never, or do not go."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from efs_backup.domain.errors import CommandDenied, FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.report import Report
from efs_backup.domain.results import BackupStatus
from efs_backup.orchestrator import handler
from tests.scenarios.nights import BOOT, assert_nothing_left, succeed
from tests.support.cloud import ACCOUNT, GROUP, REGION, RULE, Cloud, Faults, event_from_file
from tests.support.nightly import mostly_nightly

NO_CAPACITY = "We currently do not have sufficient c7g.large capacity in the zones you requested."


def boot_fails(cloud: Cloud) -> list[dict[str, str]]:
    """The boot gives up, no agent can be asked, and the instance goes; gives the answers to what follows."""
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.finish_fails(127, BOOT)
    return cloud.deliver()


def test_an_instance_that_was_launched_late_is_left_in_peace_by_the_next_reconcile(cloud: Cloud) -> None:
    """At minute 44 there is capacity again; at 46 its agent has said nothing yet, and may boot in peace."""
    cloud.lifecycle.refusal = NO_CAPACITY
    backup = cloud.schedule_fires()
    cloud.deliver()
    cloud.time = "2026-11-22T02:30:30Z"
    cloud.reconcile()
    assert cloud.capacity() == 1, "the group tries on"
    cloud.time = "2026-11-22T02:44:00Z"
    cloud.lifecycle.refusal = ""
    cloud.group_tries_to_launch()
    cloud.time = "2026-11-22T02:46:00Z"
    assert "0 silent" in cloud.reconcile()["reason"]
    assert cloud.capacity() == 1
    cloud.agent_claims(backup.backup_id)
    succeed(cloud, backup.backup_id)
    assert cloud.newest().status is BackupStatus.SUCCESS
    assert_nothing_left(cloud)


def test_an_instance_that_was_launched_late_and_hangs_is_taken_away(cloud: Cloud) -> None:
    """Half an hour after its launch; there is no time left for a second one."""
    cloud.lifecycle.refusal = NO_CAPACITY
    cloud.schedule_fires()
    cloud.time = "2026-11-22T04:00:00Z"
    cloud.lifecycle.refusal = ""
    cloud.group_tries_to_launch()
    cloud.events.clear()
    cloud.time = "2026-11-22T04:30:00Z"
    assert "0 silent" in cloud.reconcile()["reason"]
    cloud.time = "2026-11-22T04:31:00Z"
    assert "1 silent" in cloud.reconcile()["reason"]
    cloud.deliver()
    cloud.hold_times_out()
    cloud.deliver()
    assert cloud.newest().status is BackupStatus.UNKNOWN
    assert_nothing_left(cloud)


def test_why_no_instance_can_be_launched_is_told_once_while_it_can_still_be_mended(cloud: Cloud) -> None:
    """The group tries again and again; the record has its last words, also in the end."""
    cloud.lifecycle.refusal = NO_CAPACITY
    backup = cloud.schedule_fires()
    assert [answer["action"] for answer in cloud.deliver()] == ["tell the operator"]
    ((subject, text),) = cloud.mails()
    assert "WAITS for an instance" in subject
    assert NO_CAPACITY.rstrip(".") in text
    assert NO_CAPACITY.rstrip(".") in str(cloud.newest().message)
    cloud.time = "2026-11-22T02:10:00Z"
    cloud.group_tries_to_launch()
    assert [answer["action"] for answer in cloud.deliver()] == ["ignore"]
    cloud.lifecycle.refusal = "The KMS key is disabled."
    cloud.group_tries_to_launch()
    assert [answer["action"] for answer in cloud.deliver()] == ["note"]
    assert "At 02:10 UTC" in str(cloud.newest().message)
    assert len(cloud.mails()) == 1
    cloud.time = "2026-11-22T06:00:00Z"
    cloud.reconcile()
    ended = cloud.store.get(backup.backup_id)
    assert (ended.status, len(cloud.mails())) == (BackupStatus.UNKNOWN, 2)
    assert "The KMS key is disabled" in cloud.mails()[1][1]
    assert_nothing_left(cloud)


def test_an_instance_that_comes_after_all_makes_the_backup(cloud: Cloud) -> None:
    """The outcome of the backup replaces what the record says of the launch."""
    cloud.lifecycle.refusal = NO_CAPACITY
    backup = cloud.schedule_fires()
    cloud.deliver()
    cloud.lifecycle.refusal = ""
    cloud.group_tries_to_launch()
    cloud.agent_claims(backup.backup_id)
    succeed(cloud, backup.backup_id)
    assert ["WAITS" in subject for subject, _ in cloud.mails()] == [True, False]
    assert "launched" not in str(cloud.newest().message)
    assert_nothing_left(cloud)


def test_a_launch_failure_that_could_not_be_mailed_is_told_at_the_next(cloud: Cloud, faults: Faults) -> None:
    """A note of a failure that could not be mailed is taken back: the group tries again anyway."""
    cloud.lifecycle.refusal = NO_CAPACITY
    with faults.refusing("sns", "Publish", "InternalError") as refused:
        cloud.schedule_fires()
        cloud.deliver()
    assert refused
    assert (cloud.mails(), cloud.newest().launch_failure) == ([], None)
    cloud.group_tries_to_launch()
    cloud.deliver()
    assert len(cloud.mails()) == 1


def test_a_launch_that_fails_while_no_backup_runs_is_no_concern(cloud: Cloud) -> None:
    """Nor is one of another group."""
    event = event_from_file("launch_unsuccessful")
    assert cloud.call(event)["reason"] == "no backup waits for an instance"
    cloud.schedule_fires()
    assert cloud.call(event_from_file("launch_unsuccessful", AutoScalingGroupName="other"))["action"] == "ignore"
    assert cloud.newest().message is None
    assert cloud.call(event)["action"] == "tell the operator"
    assert "sufficient c7g.large capacity" in str(cloud.newest().message)


def test_a_boot_that_fails_is_tried_once_more(cloud: Cloud) -> None:
    """By a second instance, within the same window and under the same record; nobody is woken for the first."""
    backup = cloud.schedule_fires()
    first = cloud.instances()
    cloud.time = "2026-11-22T02:04:00Z"
    assert boot_fails(cloud)[-1]["action"] == "try again with a second instance"
    waiting = cloud.newest()
    assert (waiting.backup_id, waiting.status) == (backup.backup_id, BackupStatus.RUNNING)
    assert ([waiting.first_instance], waiting.instance_id) == (first, None)
    assert BOOT in str(waiting.message)
    assert (cloud.capacity(), cloud.rules(), cloud.mails()) == (1, [RULE], [])
    second = cloud.agent_claims(backup.backup_id)
    assert [second] != first
    succeed(cloud, backup.backup_id)
    ((subject, text),) = cloud.mails()
    assert "succeeded" in subject
    assert first[0] in text
    assert_nothing_left(cloud)


@pytest.mark.long
def test_a_second_boot_that_fails_ends_the_night_with_one_mail(cloud: Cloud) -> None:
    """There is no third, whatever comes twice or late."""
    cloud.schedule_fires()
    (first,) = cloud.instances()
    cloud.time = "2026-11-22T02:04:00Z"
    cloud.agent_goes_home()
    cloud.deliver()
    failed = cloud.failed_finish(127, BOOT)
    cloud.call(failed)
    gone = cloud.events[0]
    cloud.deliver()
    for late in (failed, gone):
        assert cloud.call(late)["action"] in ("ignore", "let the instance go")
    assert (cloud.newest().status, len(cloud.instances())) == (BackupStatus.RUNNING, 1)
    cloud.time = "2026-11-22T02:09:00Z"
    assert boot_fails(cloud)[-1]["action"] == "close"
    ended = cloud.newest()
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert (ended.first_instance, ended.instance_id == first) == (first, False)
    assert cloud.call(gone)["action"] == "ignore"
    assert len(cloud.mails()) == 1
    assert_nothing_left(cloud)


def closed_by_its_instance(cloud: Cloud, backup: BackupRecord, **known: Any) -> None:
    """An instance writes itself that its backup has failed, gives itself back, and cannot be asked any more."""
    cloud.agent_reports(backup.backup_id, BackupStatus.FAILED, **known)
    cloud.agent_goes_home()


@pytest.mark.long
def test_a_boot_that_fails_before_systems_manager_knows_the_instance_is_tried_again_too(
    cloud: Cloud, faults: Faults
) -> None:
    """An instance of that kind closes the record itself; the command finds nobody."""
    backup = cloud.schedule_fires()
    (first,) = cloud.instances()
    closed_by_its_instance(
        cloud, backup, instance_id=first, failure_reason=FailureReason.TOOL_MISSING, message="No agent is on it."
    )
    with faults.refusing("ssm", "SendCommand", "InvalidInstanceId") as refused:
        answers = cloud.deliver()
    assert refused
    assert answers[-1]["action"] == "try again with a second instance"
    assert cloud.agent_claims(backup.backup_id) != first
    succeed(cloud, backup.backup_id)
    assert_nothing_left(cloud)


def test_an_instance_that_goes_without_a_word_before_it_begins_is_tried_again(cloud: Cloud, faults: Faults) -> None:
    """An agent of the night before may have given the instance back by mistake."""
    backup = cloud.schedule_fires()
    (first,) = cloud.instances()
    cloud.agent_goes_home()
    with faults.refusing("ssm", "SendCommand", "InvalidInstanceId"):
        assert cloud.deliver()[-1]["action"] == "try again with a second instance"
    assert "went before its backup began" in str(cloud.newest().message)
    assert cloud.agent_claims(backup.backup_id) != first


@pytest.mark.parametrize(
    ("begun", "reason", "time"),
    mostly_nightly(
        [
            (True, FailureReason.MOUNT_FAILED, "02:04"),
            (True, FailureReason.INTERNAL_ERROR, "02:04"),
            (False, FailureReason.MOUNT_FAILED, "02:04"),
            (False, FailureReason.INTERNAL_ERROR, "04:31"),
        ],
        2,
    ),
    ids=["mount", "agent failed", "known at once", "too late"],
)
def test_what_would_fail_again_is_not_tried_again(cloud: Cloud, begun: bool, reason: FailureReason, time: str) -> None:
    """A second instance would only find the same, and the mail would be late."""
    backup = cloud.schedule_fires()
    cloud.time = f"2026-11-22T{time}:00Z"
    if begun:
        cloud.agent_claims(backup.backup_id)
    closed_by_its_instance(cloud, backup, failure_reason=reason)
    cloud.deliver()
    cloud.agent_lets_go()
    assert cloud.deliver()[-1]["action"] == "close"
    assert len(cloud.mails()) == 1
    assert_nothing_left(cloud)


def test_a_second_try_that_cannot_be_recorded_is_decided_again(cloud: Cloud, faults: Faults) -> None:
    """Lambda delivers the event again; the instance is wanted once, and the record is as it was."""
    cloud.schedule_fires()
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.call(cloud.failed_finish(127, BOOT))
    gone = cloud.events.popleft()
    with (
        faults.refusing("dynamodb", "TransactWriteItems", "AccessDeniedException") as refused,
        pytest.raises(ClientError, match="AccessDenied"),
    ):
        cloud.call(gone)
    assert refused
    assert cloud.newest().status is BackupStatus.FAILED
    assert cloud.call(gone)["action"] == "try again with a second instance"
    assert (cloud.newest().status, len(cloud.instances())) == (BackupStatus.RUNNING, 1)


@pytest.mark.long
def test_an_instance_on_hold_closes_its_own_backup_and_not_the_next(cloud: Cloud) -> None:
    """The next one may start before anybody has heard that the instance of the last one goes."""
    old = cloud.schedule_fires()
    instance = cloud.agent_claims(old.backup_id)
    cloud.agent_reports(old.backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z")
    cloud.agent_goes_home()
    held = cloud.events.popleft()
    cloud.time = "2026-11-22T02:31:00Z"
    new = cloud.schedule_fires()
    cloud.time = "2026-11-22T02:31:20Z"
    assert cloud.call(held)["action"] == "ask the agent"
    assert f"--backup-id={old.backup_id}" in cloud.commands()[-1]
    cloud.finish_fails(1, "The agent is gone.")
    assert cloud.store.get(new.backup_id).status is BackupStatus.RUNNING
    cloud.deliver()
    assert [subject for subject, _ in cloud.mails() if "succeeded" in subject]
    assert cloud.store.get(new.backup_id) == new
    assert (cloud.capacity(), cloud.rules()) == (1, [RULE])
    assert cloud.agent_claims(new.backup_id) != instance


@pytest.mark.long
def test_an_instance_that_hangs_does_not_make_the_next_start_useless(cloud: Cloud) -> None:
    """The hanging instance would be the one that is wanted, so that no other is launched: it goes first."""
    lost = cloud.schedule_fires()
    hanging = cloud.agent_claims(lost.backup_id)
    cloud.time = "2026-11-23T02:00:00Z"
    backup = cloud.schedule_fires()
    assert cloud.store.get(lost.backup_id).status is BackupStatus.UNKNOWN
    assert cloud.capacity() == 1
    cloud.deliver()
    cloud.hold_times_out()
    cloud.deliver()
    assert cloud.agent_claims(backup.backup_id) != hanging
    assert cloud.newest().status is BackupStatus.RUNNING
    succeed(cloud, backup.backup_id)
    assert_nothing_left(cloud)


@pytest.mark.long
def test_an_instance_that_boots_already_serves_the_backup_that_starts(cloud: Cloud) -> None:
    """An instance of a start that was undone a minute before is as good as another."""
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    there = cloud.instances()
    cloud.time = "2026-11-22T02:01:00Z"
    backup = cloud.schedule_fires()
    assert cloud.instances() == there
    assert [cloud.agent_claims(backup.backup_id)] == there
    succeed(cloud, backup.backup_id)
    assert_nothing_left(cloud)


@pytest.mark.parametrize(
    ("status", "details", "words"),
    mostly_nightly(
        [
            ("TimedOut", "DeliveryTimedOut", "was not taken by the instance in time"),
            ("Cancelled", "", "was cancelled"),
            ("TimedOut", "ExecutionTimedOut", "its agent did not end in time"),
            ("Undeliverable", "", "could not be delivered"),
        ],
        2,
    ),
)
def test_a_command_that_never_came_to_its_end_is_told_as_that(
    cloud: Cloud, status: str, details: str, words: str
) -> None:
    """Nobody knows that the agent has ended."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    cloud.stop_rule_fires()
    cloud.deliver()
    cloud.finish_fails(-1, "", status, details)
    cloud.deliver()
    ((subject, text),) = cloud.mails()
    assert "UNKNOWN" in subject
    assert words in text
    assert "agent ended" not in text
    assert_nothing_left(cloud)


@pytest.mark.long
def test_an_instance_that_is_gone_cannot_be_asked_and_is_let_go(cloud: Cloud, faults: Faults) -> None:
    """With its tags the right to ask it is gone: what looks like a missing right is none."""
    backup = cloud.schedule_fires()
    instance = cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T04:45:00Z"
    cloud.stop_rule_fires()
    with faults.refusing("ssm", "SendCommand", "AccessDeniedException"):
        with pytest.raises(CommandDenied):
            cloud.call(cloud.events[0])
        ec2_backends[ACCOUNT][REGION].get_instance(instance)._state.name = "terminated"
        assert cloud.deliver()[0]["action"] == "let the instance go"
    assert cloud.newest().status is BackupStatus.UNKNOWN
    assert_nothing_left(cloud)


def test_an_instance_whose_hold_nobody_heard_of_is_let_go_when_its_backup_has_ended(cloud: Cloud) -> None:
    """Events of Auto Scaling are sent at best: the reconcile ends the hold, and the rest follows."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T02:25:00Z"
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z")
    cloud.agent_goes_home()
    cloud.events.clear()
    cloud.time = "2026-11-22T02:30:00Z"
    cloud.reconcile()
    assert len(cloud.instances()) == 1, "its agent may still be at it"
    cloud.time = "2026-11-22T03:00:00Z"
    cloud.reconcile()
    assert cloud.instances() == []
    cloud.deliver()
    assert len(cloud.mails()) == 1
    assert_nothing_left(cloud)


def test_a_backup_whose_instance_went_unheard_of_is_ended_within_the_hour(cloud: Cloud) -> None:
    """No instance is there or wanted: its window need not be waited for."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.agent_goes_home()
    cloud.hold_times_out()
    cloud.events.clear()
    cloud.time = "2026-11-22T02:31:00Z"
    cloud.reconcile()
    assert cloud.newest().status is BackupStatus.UNKNOWN
    assert len(cloud.mails()) == 1
    cloud.time = "2026-11-22T03:01:00Z"
    cloud.reconcile()
    assert_nothing_left(cloud)


def gone_in_the_end(cloud: Cloud) -> dict[str, Any]:
    """A backup has failed, and its instance is gone; gives the event that says so."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    closed_by_its_instance(cloud, backup, failure_reason=FailureReason.COPY_FAILED)
    cloud.deliver()
    cloud.agent_lets_go()
    return cloud.events.popleft()


def test_two_events_at_once_send_one_mail(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first sends."""
    gone = gone_in_the_end(cloud)
    made = handler.services()
    report, answers = made.notifier.report, list[dict[str, str]]()

    class Slow:
        def report(self, mail: Report) -> None:
            """Sends a mail; meanwhile the event comes again."""
            if not answers:
                answers.append(cloud.call(gone))
            report(mail)

    with monkeypatch.context() as patched:
        patched.setattr(handler, "services", lambda: replace(made, notifier=Slow()))  # type: ignore[arg-type]
        cloud.call(gone)
    assert len(answers) == 1
    assert len(cloud.mails()) == 1
    assert (cloud.newest().report_time, cloud.newest().report_claim) == (cloud.now(), None)
    assert_nothing_left(cloud)


def test_a_report_that_was_begun_and_never_sent_is_sent_ten_minutes_later(cloud: Cloud) -> None:
    """The function may die between saying that it reports and doing so."""
    gone = gone_in_the_end(cloud)
    ended = cloud.newest()
    cloud.store.update(ended, replace(ended, report_claim=cloud.now()))
    cloud.call(gone)
    assert cloud.mails() == [], "somebody is at it"
    cloud.time = "2026-11-22T02:30:00Z"
    cloud.reconcile()
    cloud.reconcile()
    assert len(cloud.mails()) == 1
    assert cloud.newest().report_claim is None


@pytest.mark.parametrize("operation", ["DisableRule", "PutTargets"])
def test_a_clean_up_that_breaks_off_is_finished_and_keeps_no_mail(cloud: Cloud, faults: Faults, operation: str) -> None:
    """The mail goes out at once; whatever of the rule is left, the reconcile sets right."""
    gone = gone_in_the_end(cloud)
    with faults.refusing("events", operation, "AccessDeniedException", times=1) as refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            cloud.call(gone)
        assert refused
        assert cloud.call(gone)["action"] == "ignore", "it is reported"
        assert len(cloud.mails()) == 1
        cloud.reconcile()
    assert_nothing_left(cloud)
