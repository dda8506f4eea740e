"""Nights in the local cloud: the template, the Lambda, the user data, the agent and the engine as they run on AWS."""

import json
import os
import shutil
from typing import Any

import pytest

from deployment.local_cloud.aws.behaviour import AMI
from deployment.local_cloud.aws.gate import Refusal
from deployment.local_cloud.stacks import BackupStack, deploy, network
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.ended_line import ENDED_LINE
from efs_backup.domain.results import BackupStatus
from tests.support.builders import account, write
from tests.support.site import NEVER, Site, backup_stack

pytestmark = pytest.mark.root

DENIED = Refusal("AccessDenied", "as the test wants", "403 Forbidden")
NOT_THERE = Refusal("NoSuchKey", "as the test wants", "404 Not Found")


def many_files(site: Site) -> None:
    """More parts than can be copied at once, whatever the machine."""
    for number in range(2500 * ((os.cpu_count() or 1) + 3)):
        write(site.source / f"many {number // 500}" / f"file {number}", "x")


def copies_slowly(site: Site, operations: int) -> None:
    """Instances that are launched from now on do so many operations a second; 0: as many as they can."""
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = str(operations)


def _told(site: Site) -> list[tuple[str, str]]:
    """Backups and their ends, by the lines of the function's log, which is JSON as the template wants it."""
    lines = map(json.loads, site.cloud.functions.log_lines)
    ended = {line["backup_id"]: line for line in lines if line["message"] == ENDED_LINE}
    return [(name, line["status"]) for name, line in sorted(ended.items(), key=lambda each: each[1]["timestamp"])]


def test_a_good_night(site: Site) -> None:
    """Schedule, boot, copy, hold, farewell, mail, and all of it again the next night."""
    first, second = site.night(), site.night()
    assert [backup.status for backup in (first, second)] == [BackupStatus.SUCCESS] * 2
    assert ["EFS backup succeeded" in subject for subject in site.subjects()] == [True, True]
    assert first.number_of_files == second.number_of_files
    assert first.ami_id == AMI
    assert second.number_of_files_transferred == 0
    assert first.logs
    assert second.scrub_coverage == 100
    assert _told(site) == [(first.backup_id, "Success"), (second.backup_id, "Success")]
    assert site.ended_commands() == ["Success", "Success"]
    assert all(done.succeeded for done in site.cloud.functions.done)
    site.assert_nothing_left()


@pytest.mark.long
def test_a_night_that_the_window_closes_is_continued_by_the_next(site: Site) -> None:
    """The stop rule fires, the agent is asked to finish, the partial is kept, and nothing copied is copied again."""
    many_files(site)
    copies_slowly(site, 200)
    site.stack.fire_schedule()
    site.wait_for_copy()
    site.cloud.advance(46)
    cut_off = site.end_of_night()
    assert cut_off.status is BackupStatus.INCOMPLETE
    assert "INCOMPLETE" in site.subjects()[-1]
    copies_slowly(site, 0)
    continued = site.night()
    assert continued.status is BackupStatus.SUCCESS
    assert (continued.number_of_files_transferred or 0) < (continued.number_of_files or 0)
    site.assert_nothing_left()


@pytest.mark.long
def test_a_source_that_cannot_be_mounted(site: Site) -> None:
    """Nothing is copied, and the mail names the mount."""
    targets = site.cloud.client("efs").describe_mount_targets(FileSystemId=site.source_id)["MountTargets"]
    site.cloud.file_systems.not_mountable(targets[0]["IpAddress"])
    backup = site.night()
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.MOUNT_FAILED)
    assert "MountFailed" in site.subjects()[-1]
    site.assert_nothing_left()


@pytest.mark.long
def test_an_instance_that_cannot_be_set_up(site: Site) -> None:
    """An instance without its bundle goes at once, a second one finds the same, and one mail tells the boot's end."""
    site.remove_bundles()
    backup = site.night()
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert "ToolMissing" in site.subjects()[-1]
    assert "404" in site.cloud.mail_box.mails[-1].text
    assert "404" in site.log(str(backup.logs).split("/", 3)[3])
    assert len(site.subjects()) == 1
    assert backup.first_instance not in (None, backup.instance_id)
    site.assert_nothing_left()


@pytest.mark.long
def test_a_boot_that_fails_before_systems_manager_knows_the_instance(site: Site) -> None:
    """The instance has told the record itself what it was; it is not Unknown."""
    site.remove_bundles()
    with site.cloud.gate.refusing("ssm", "SendCommand", Refusal("InvalidInstanceId", "as the test wants")) as refused:
        backup = site.night()
    assert refused
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert "404" in (backup.message or "")
    assert ["ToolMissing" in subject for subject in site.subjects()] == [True]
    site.assert_nothing_left()


@pytest.mark.long
def test_an_agent_that_is_killed_serves_its_own_record_again(site: Site) -> None:
    """Its unit starts it again on the same instance; what it left mounted and locked does not stop it."""
    many_files(site)
    copies_slowly(site, 200)
    site.stack.fire_schedule()
    serving = site.wait_for_copy().instance_id
    machine = site.machine_of(site.stack)
    machine.start("sed -i /LOCAL_CLOUD_OPERATIONS/d /etc/environment").wait()
    assert machine.start("kill -KILL $(cat /run/efs-backup/agent.lock)").wait() == 0
    backup = site.end_of_night()
    assert (backup.status, backup.instance_id) == (BackupStatus.SUCCESS, serving)
    assert len(site.subjects()) == 1
    assert (machine.log / "efs-backup-agent.log").read_text().count("it makes the backup") == 2
    site.assert_nothing_left()


@pytest.mark.long
def test_an_agent_that_dies_again_and_again_gives_its_instance_back(site: Site) -> None:
    """By the unit in its place; nobody has to find it silent half an hour later."""
    site.cloud.fleet.environment["LOCAL_CLOUD_KILLS"] = "1"
    backup = site.night()
    assert (backup.status, backup.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert len(site.subjects()) == 1
    site.assert_nothing_left()


@pytest.mark.long
def test_a_bundle_that_cannot_be_fetched_once_costs_no_night(site: Site) -> None:
    """The second instance has it, within the same window."""
    with site.cloud.gate.refusing("s3", "GetObject", NOT_THERE, times=1) as refused:
        backup = site.night()
    assert refused
    assert (backup.status, len(site.subjects())) == (BackupStatus.SUCCESS, 1)
    assert backup.first_instance not in (None, backup.instance_id)
    site.assert_nothing_left()


@pytest.mark.long
def test_an_instance_that_cannot_be_launched_is_told_and_comes_later(site: Site) -> None:
    """The operator knows at once why the night does not begin; the group tries on by itself."""
    site.cloud.lifecycle.refusal = "We currently do not have sufficient capacity."
    site.stack.fire_schedule()
    site.cloud.wait("the operator is told", lambda: bool(site.subjects()), site.patience)
    (waiting,) = site.stack.records()
    assert "sufficient capacity" in str(waiting.message)
    assert "WAITS" in site.subjects()[0]
    site.cloud.lifecycle.refusal = ""
    site.cloud.launch_again()
    assert site.end_of_night().status is BackupStatus.SUCCESS
    assert len(site.subjects()) == 2
    site.assert_nothing_left()


@pytest.mark.long
def test_a_clean_up_that_breaks_off_is_finished_by_the_next_reconcile(site: Site) -> None:
    """The mail does not wait for it; no rule stays that would stop anything."""
    with site.cloud.gate.refusing("events", "DisableRule", DENIED, times=1) as refused:
        backup = site.night()
    assert refused
    assert (backup.status, len(site.subjects())) == (BackupStatus.SUCCESS, 1)
    assert site.stack.stop_rules()
    site.stack.reconcile()
    site.stack.wait_for_the_end()
    site.assert_nothing_left()


@pytest.mark.long
def test_a_source_that_is_suddenly_empty(site: Site) -> None:
    """An empty source is not backed up over the full snapshot."""
    site.night()
    for path in site.source.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    backup = site.night()
    assert backup.status is BackupStatus.FAILED
    assert "FAILED" in site.subjects()[-1]
    site.assert_nothing_left()


@pytest.mark.long
def test_an_instance_that_is_lost_in_the_middle_is_replaced(site: Site) -> None:
    """The next instance of the group makes the same backup; there is one mail."""
    many_files(site)
    copies_slowly(site, 200)
    site.stack.fire_schedule()
    lost = site.wait_for_copy().instance_id
    copies_slowly(site, 0)
    assert lost
    site.cloud.lose(lost)
    backup = site.end_of_night()
    assert (backup.status, len(site.subjects())) == (BackupStatus.SUCCESS, 1)
    assert backup.instance_id not in (None, lost)
    site.assert_nothing_left()


@pytest.mark.long
def test_an_agent_that_hangs_until_the_hold_times_out(site: Site) -> None:
    """The group waits no longer than its hook says; nothing is known of the backup, and the mail says so."""
    many_files(site)
    copies_slowly(site, 200)
    site.stack.fire_schedule()
    serving = site.wait_for_copy().instance_id
    machine = site.cloud.fleet.running(str(serving))
    assert machine
    assert machine.start("kill -STOP $(cat /run/efs-backup/agent.lock)").wait() == 0
    site.cloud.advance(46)
    site.cloud.wait("the hold is renewed once", lambda: bool(site.cloud.lifecycle.heartbeats))
    site.cloud.advance(61)
    assert site.end_of_night().status is BackupStatus.UNKNOWN
    assert "UNKNOWN" in site.subjects()[-1]
    site.assert_nothing_left()


@pytest.mark.long
def test_a_log_bucket_that_cannot_be_written(site: Site) -> None:
    """The backup succeeds all the same, and has no address of a log."""
    with site.cloud.gate.refusing("s3", "PutObject", DENIED) as refused:
        backup = site.night()
    assert refused
    assert (backup.status, backup.logs) == (BackupStatus.SUCCESS, None)
    site.assert_nothing_left()


def without_action(template: dict[str, Any], action: str) -> dict[str, Any]:
    """A template whose policies do not allow an action."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                if isinstance(statement["Action"], list) and action in statement["Action"]:
                    statement["Action"].remove(action)
    return template


@pytest.mark.long
def test_a_policy_that_lacks_an_action_is_named_in_the_mail(site: Site) -> None:
    """The start is tried three times, undone each time, and goes to the queue; the reconcile reports it once."""
    template = without_action(site.assembly.template("EfsBackup"), "events:PutTargets")
    given = {"SrcEFS": site.source_id, "BackupSchedule": NEVER, "BackupWindow": "60"}
    site.stack = BackupStack(site.cloud, "lacking", deploy(site.cloud, "lacking", template, given))
    backup = site.night()
    assert (backup.status, site.subjects()) == (BackupStatus.FAILED, [])
    assert site.cloud.functions.done[-1].tries == 3
    site.stack.reconcile()
    site.stack.wait_for_the_end()
    assert ["events:PutTargets" in mail.text for mail in site.cloud.mail_box.mails] == [True]
    site.assert_nothing_left()


@pytest.mark.long
def test_a_report_that_cannot_be_sent_is_sent_by_the_next_reconcile(site: Site) -> None:
    """The clean-up does not wait for it."""
    with site.cloud.gate.refusing("sns", "Publish", Refusal("NotFound", "the topic is away", "404 Not Found")):
        backup = site.night()
    assert (backup.status, backup.report_time, site.subjects()) == (BackupStatus.SUCCESS, None, [])
    site.assert_nothing_left()
    site.stack.reconcile()
    site.stack.wait_for_the_end()
    assert len(site.subjects()) == 1
    site.assert_nothing_left()


@pytest.mark.long
def test_events_that_arrive_twice_and_late_change_nothing(site: Site) -> None:
    """Two deliveries at the same moment while it lasts; and when all is over all once more, the last first."""
    site.cloud.bridge.distort = lambda event: [event, event]
    backup = site.night()
    site.cloud.bridge.distort = lambda event: [event]
    for event in reversed(list(site.cloud.bridge.delivered)):
        if event["source"] == "aws.autoscaling":
            site.cloud.bridge.put(event)
            site.stack.wait_for_the_end()
    assert site.stack.wait_for_the_end() == backup
    assert (len(site.stack.records()), len(site.subjects())) == (1, 1), site.subjects()
    site.assert_nothing_left()


@pytest.mark.long
def test_two_schedules_at_once_make_one_backup(site: Site) -> None:
    """The other is recorded as skipped, and reported."""
    site.stack.fire_schedule()
    site.stack.fire_schedule()
    site.end_of_night()
    statuses = sorted(backup.status for backup in site.stack.records())
    assert statuses == [BackupStatus.SKIPPED, BackupStatus.SUCCESS]
    site.truths = {site.snapshots()[0]: account(site.source)}
    assert len(site.subjects()) == 2
    site.assert_nothing_left()


@pytest.mark.long
def test_a_stack_that_is_deleted_while_a_backup_waits_leaves_no_rule(site: Site) -> None:
    """The rule that stops it is the stack's own."""
    site.cloud.lifecycle.refusal = "There is no capacity."
    site.stack.fire_schedule()
    site.cloud.wait("the rule is armed", lambda: bool(site.stack.stop_rules()), site.patience)
    site.cloud.wait("the start is over", lambda: site.cloud.functions.is_idle, site.patience)
    site.cloud.client("cloudformation").delete_stack(StackName="backups")
    assert site.cloud.client("events").list_rules()["Rules"] == []


@pytest.mark.long
def test_a_stack_that_is_made_anew_finds_the_history_again(site: Site) -> None:
    """The file system with the snapshots outlives the stack; its mount targets have to be made again."""
    site.night()
    backup_id = site.stack.outputs["BackupEFS"]
    site.cloud.client("cloudformation").delete_stack(StackName="backups")
    client = site.cloud.client("efs")
    assert client.describe_mount_targets(FileSystemId=backup_id)["MountTargets"] == []
    client.create_mount_target(FileSystemId=backup_id, SubnetId=network(site.cloud).subnets[0])
    site.stack = backup_stack(site.cloud, site.assembly, "anew", SrcEFS=site.source_id, ExistingBackupEFS=backup_id)
    site.cloud.functions.forget()
    backup = site.night()
    assert (backup.status, backup.number_of_files_transferred) == (BackupStatus.SUCCESS, 0)
    assert len(site.snapshots()) == 2
    site.assert_nothing_left()
