"""The agent: a backup, its farewell, a restore, with the real engine on mounted folders."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from efs_backup.agent.app import know_settings
from efs_backup.agent.backup import back_up
from efs_backup.agent.finish import finish, give_up
from efs_backup.agent.heartbeat import Heartbeat
from efs_backup.agent.restore import restore
from efs_backup.agent.running import ask_to_stop, is_present, present
from efs_backup.agent.services import BackupServices
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.mounting import HELPER
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.stop import Stop
from tests.agent.instance import Instance
from tests.support.builders import account, write
from tests.support.cloud import Faults
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.root


def held_action(instance: Instance) -> LifecycleAction:
    """The lifecycle action of the instance that is held."""
    detail = instance.cloud.events[0]["detail"]
    return LifecycleAction(
        detail["AutoScalingGroupName"], detail["LifecycleHookName"], detail["LifecycleActionToken"],
        detail["EC2InstanceId"],
    )  # fmt: skip


def test_a_backup_is_made_reported_and_the_instance_given_back(instance: Instance) -> None:
    """The snapshot is true, the record complete, the logs stored, nothing mounted, no instance wanted."""
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    assert ended.status is BackupStatus.SUCCESS, ended
    snapshot = instance.backup / "efs-backup" / "daily" / str(ended.snapshot)
    assert account(snapshot) == account(instance.source)
    assert (ended.number_of_files, ended.vanished_files) == (13, 0)
    assert (bool(ended.instance_id), ended.ami_id) == (True, instance.machine.ami_id)
    assert ended.logs == f"s3://efs-backup-logs/{instance.logs()[1]}"
    assert [key.split("/")[0] for key in instance.logs()] == ["ec2-logs", "efs-backup-logs", "efs-backup-logs"]
    assert instance.mounts() == []
    assert instance.cloud.capacity() == 0


@pytest.mark.long
def test_the_claim_is_the_first_sign_of_life(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance that was launched late is not silent before its first minute is over."""
    backup = instance.cloud.schedule_fires()
    instance.cloud.time = "2026-11-22T02:45:00Z"
    seen: list[BackupRecord] = []

    def look(*_: object) -> BackupResult:
        seen.append(instance.cloud.store.get(backup.backup_id))
        return BackupResult(BackupStatus.SUCCESS, "All is there.")

    monkeypatch.setattr("efs_backup.agent.backup._result_of", look)
    back_up(instance.services())
    assert [(each.heartbeat_time, bool(each.instance_id)) for each in seen] == [(instance.cloud.now(), True)]


def test_the_whole_night_with_the_orchestrator(instance: Instance) -> None:
    """Schedule, agent, hold, finish as the Lambda's command says, mail, nothing left."""
    cloud = instance.cloud
    backup = cloud.schedule_fires()
    services = instance.services()
    back_up(services)
    action = held_action(instance)
    cloud.deliver()
    finish(services, action, backup.backup_id)
    cloud.deliver()
    ((subject, text),) = cloud.mails()
    assert "succeeded" in subject
    assert "efs-backup-logs/" in text
    assert (cloud.capacity(), cloud.instances(), cloud.rules()) == (0, [], [])


def test_the_source_is_mounted_for_reading_only(instance: Instance) -> None:
    """A backup has no business to write there."""
    instance.cloud.schedule_fires()
    back_up(instance.services())
    lines = (instance.folders / "mount.log").read_text().splitlines()
    assert [",ro " in line for line in lines] == [True, False]
    assert all("nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport" in line for line in lines)


def test_only_the_backup_is_mounted_through_the_agent_s_access_point(instance: Instance) -> None:
    """Where the mount helper is there: nothing else can, and the policy knows the agent by it."""
    helper = Path(os.environ["PATH"].split(":", maxsplit=1)[0]) / HELPER
    helper.write_text("#!/bin/sh\n")
    helper.chmod(0o755)
    for name, folder in (("SOURCE_FILE_SYSTEM", instance.source), ("BACKUP_FILE_SYSTEM", instance.backup)):
        (instance.folders / instance.environment[name]).symlink_to(folder)
    instance.environment["BACKUP_ACCESS_POINT"] = "fsap-1"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.SUCCESS
    source, target = (instance.folders / "mount.log").read_text().splitlines()
    assert source.startswith("-t efs -o tls,iam,mounttargetip=")
    assert target.startswith("-t efs -o tls,iam,accesspoint=fsap-1,mounttargetip=")


@pytest.mark.parametrize("why", mostly_nightly(["hangs", "refused", "lies"]))
def test_a_mount_that_fails_is_reported_as_that(instance: Instance, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, silently not there, or never answered: MountFailed, and nothing is copied."""
    monkeypatch.setattr("efs_backup.engine.machine.mounting.MOUNT_SECONDS", 1.0)
    if why == "refused":
        instance.source.rename(instance.source.with_name("elsewhere"))
    else:
        (instance.folders / why).touch()
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.MOUNT_FAILED)
    assert ended.next_step
    assert list(instance.backup.iterdir()) == []
    assert instance.cloud.capacity() == 0


def test_a_source_that_is_suddenly_empty_fails(instance: Instance) -> None:
    """A source that was full yesterday is not backed up as nothing."""
    instance.cloud.schedule_fires()
    back_up(instance.services())
    instance.source.rename(instance.source.with_name("full"))
    instance.source.mkdir()
    instance.cloud.events.clear()
    instance.cloud.hold_times_out()
    instance.cloud.time = "2026-11-23T02:00:00Z"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.SOURCE_UNREADABLE)


@pytest.mark.long
def test_a_backup_keeps_to_the_operations_that_the_stack_allows(instance: Instance) -> None:
    """A backup that needs some fifty operations takes its time for them."""
    instance.environment["MAX_OPERATIONS_PER_SECOND"] = "10"
    backup = instance.cloud.schedule_fires()
    started = time.monotonic()
    back_up(instance.services())
    assert time.monotonic() - started >= 3
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.SUCCESS


def test_a_prefix_is_backed_up_alone(instance: Instance) -> None:
    """The path from the root of the source."""
    instance.environment["BACKUP_PREFIX"] = "/directory 1"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    snapshot = instance.backup / "efs-backup" / "daily" / str(ended.snapshot)
    assert account(snapshot) == account(instance.source / "directory 1")


def test_a_prefix_that_leads_out_of_the_file_system_is_refused(instance: Instance) -> None:
    """A prefix of that kind would have the instance back up itself."""
    instance.environment["BACKUP_PREFIX"] = "/../../etc"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    assert instance.cloud.store.get(backup.backup_id).failure_reason is FailureReason.MOUNT_FAILED


def test_an_instance_without_a_running_backup_goes_home(instance: Instance) -> None:
    """Somebody has set the capacity by hand, or the backup was given up."""
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName="efs-backup-worker", DesiredCapacity=1)
    back_up(instance.services())
    assert instance.cloud.capacity() == 0
    assert list(instance.backup.iterdir()) == []


def test_the_agent_stops_at_the_end_of_the_window_by_itself(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if no event ever tells it to; the next backup continues."""
    _stuck_copies(instance.source, tmp_path, monkeypatch)
    backup = instance.cloud.schedule_fires()
    instance.cloud.time = "2026-11-22T04:44:59Z"
    back_up(instance.services())
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.INCOMPLETE


def test_finish_stops_a_running_agent_and_waits_for_its_report(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM, heartbeats of the hold, a record that says Incomplete, and the instance goes."""
    cloud = instance.cloud
    _stuck_copies(instance.source, tmp_path, monkeypatch)
    backup = cloud.schedule_fires()
    services = instance.services()
    cloud.agent_goes_home()
    action = held_action(instance)
    farewell = threading.Thread(target=_finish_when_present, args=(services, action, backup.backup_id))
    farewell.start()
    with present(services.machine.place):
        back_up(services)
    farewell.join()
    assert cloud.store.get(backup.backup_id).status is BackupStatus.INCOMPLETE
    assert cloud.lifecycle.heartbeats
    assert cloud.instances() == []


def _finish_when_present(services: BackupServices, action: LifecycleAction, backup_id: BackupId) -> None:
    place = services.machine.place
    while not (is_present(place) and (place / "source").exists()):
        time.sleep(0.02)
    time.sleep(0.5)
    finish(services, action, backup_id)


def _stuck_copies(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that do not end when they are asked to, and less patience with them."""
    monkeypatch.setattr("efs_backup.engine.rest.copy.STOP_GRACE_SECONDS", 0.3)
    stuck = tmp_path / "programs" / "rsync"
    stuck.write_text('#!/bin/sh\ncase "$*" in *--files-from*) sleep 60;; esac\nexec /usr/bin/rsync "$@"\n')
    stuck.chmod(0o755)
    os.truncate(write(source / "holes enough for fpsync"), 300 * 1024**2)


def test_finish_after_an_agent_that_died_says_so_with_its_last_words(instance: Instance) -> None:
    """The record does not stay Running."""
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    instance.cloud.agent_claims(backup.backup_id)
    instance.cloud.agent_goes_home()
    finish(services, held_action(instance), backup.backup_id)
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert "the agent's log" in (ended.message or "")
    assert instance.cloud.instances() == []


def test_finish_leaves_the_backup_of_the_next_instance_alone(instance: Instance) -> None:
    """An instance that booted before it was started is held because of an earlier one."""
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    early = replace(services, machine=replace(services.machine, booted=backup.start_time - timedelta(seconds=20)))
    instance.cloud.agent_goes_home()
    finish(early, held_action(instance), backup.backup_id)
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.RUNNING
    assert instance.cloud.instances() == []


def test_finish_closes_a_backup_whose_agent_died_before_it_could_say_so(instance: Instance) -> None:
    """No instance is on record, but this one booted after it was started."""
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    instance.cloud.agent_goes_home()
    finish(services, held_action(instance), backup.backup_id)
    assert instance.cloud.store.get(backup.backup_id).failure_reason is FailureReason.INTERNAL_ERROR


def test_an_agent_that_died_for_good_is_told_and_its_instance_given_back(instance: Instance) -> None:
    """By the unit that systemd starts in its place; nothing is left for the orchestrator but the mail."""
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    instance.cloud.agent_claims(backup.backup_id)
    give_up(services)
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.INTERNAL_ERROR)
    assert "the agent's log" in (ended.message or "")
    assert instance.cloud.capacity() == 0


def test_finish_is_safe_twice_and_for_a_backup_that_nobody_knows(instance: Instance) -> None:
    """The record of the first stays, and the instance may go in any case."""
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    back_up(services)
    ended = instance.cloud.store.get(backup.backup_id)
    action = held_action(instance)
    finish(services, action, backup.backup_id)
    finish(services, action, backup.backup_id)
    finish(services, action, BackupId("00000000"))
    assert instance.cloud.store.get(backup.backup_id) == ended
    assert instance.cloud.instances() == []


def test_finish_lets_the_instance_go_even_if_the_record_cannot_be_read(instance: Instance) -> None:
    """The hold ends in every case."""
    instance.cloud.schedule_fires()
    services = instance.services()
    instance.cloud.agent_goes_home()
    boto3.client("dynamodb").delete_table(TableName="efs-backup-records")
    with pytest.raises(Exception, match="ResourceNotFound"):
        finish(services, held_action(instance), BackupId("00000000"))
    assert instance.cloud.instances() == []


def test_finish_holds_the_instance_while_the_record_cannot_be_written(
    instance: Instance, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB refuses for a while: the hold is renewed, and the record is right in the end."""
    monkeypatch.setattr("efs_backup.lib.insisting.SECONDS", 60.0)
    backup = instance.cloud.schedule_fires()
    instance.cloud.agent_claims(backup.backup_id)
    instance.cloud.agent_goes_home()
    with faults.refusing("dynamodb", "UpdateItem", "AccessDeniedException", times=3) as refused:
        finish(instance.services(), held_action(instance), backup.backup_id)
    assert len(refused) == 3
    assert len(instance.cloud.lifecycle.heartbeats) == 3
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.FAILED
    assert instance.cloud.instances() == []


@pytest.mark.parametrize("operation", mostly_nightly(["UpdateItem", "GetItem"]))
def test_a_backup_that_cannot_be_claimed_yet_is_claimed_later(
    instance: Instance, faults: Faults, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Inside the window, for as long as the orchestrator waits for a sign of life."""
    monkeypatch.setattr("efs_backup.agent.backup.CLAIM_SECONDS", 60.0)
    backup = instance.cloud.schedule_fires()
    with faults.refusing("dynamodb", operation, "AccessDeniedException", times=3) as refused:
        back_up(instance.services())
    assert len(refused) == 3
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.SUCCESS


def test_a_backup_that_can_never_be_claimed_is_in_the_log(
    instance: Instance, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    """The mail has the cause in the log's last lines, and the instance goes home."""
    instance.cloud.schedule_fires()
    with (
        faults.refusing("dynamodb", "GetItem", "AccessDeniedException") as refused,
        pytest.raises(Exception, match="AccessDeniedException"),
    ):
        back_up(instance.services())
    assert refused
    assert "The agent cannot go on" in caplog.text
    assert "AccessDeniedException" in caplog.text
    assert instance.cloud.capacity() == 0


@pytest.mark.long
def test_a_published_snapshot_is_recorded_though_dynamodb_refuses_for_a_while(
    instance: Instance, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop signal shortens nothing of it: the agent is asked to stop while it tries."""
    monkeypatch.setattr("efs_backup.lib.insisting.SECONDS", 60.0)
    backup = instance.cloud.schedule_fires()
    published = [False]

    def asked_to_stop(services: BackupServices, task: str) -> None:
        published[0] = True
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("efs_backup.agent.backup.store_logs", asked_to_stop)
    services = instance.services()
    with faults.refusing(
        "dynamodb", "UpdateItem", "AccessDeniedException", times=3, when=lambda: published[0]
    ) as refused:
        back_up(instance.services())
    assert len(refused) == 3
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, bool(ended.snapshot)) == (BackupStatus.SUCCESS, True)
    assert services.machine.instance_id == ended.instance_id


@pytest.mark.long
def test_a_machine_that_boots_anew_goes_on_afterwards(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record stays open and its instance wanted; after the boot the same agent makes the same backup."""
    _stuck_copies(instance.source, tmp_path, monkeypatch)
    backup = instance.cloud.schedule_fires()
    services = instance.services()
    systemd = threading.Thread(target=_reboot_when_copying, args=(services,))
    systemd.start()
    with present(services.machine.place):
        back_up(services)
    systemd.join()
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.RUNNING
    assert instance.cloud.capacity() == 1
    (services.machine.place / "reboots").unlink()
    (tmp_path / "programs" / "rsync").unlink()
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.instance_id) == (BackupStatus.SUCCESS, services.machine.instance_id)
    assert instance.cloud.capacity() == 0


def _reboot_when_copying(services: BackupServices) -> None:
    """Stop the agent as the unit does when systemd stops it in order to reboot."""
    place = services.machine.place
    while not (is_present(place) and (place / "source").exists()):
        time.sleep(0.02)
    time.sleep(0.5)
    (place / "reboots").touch()
    ask_to_stop(place, "the test asks for it")


@pytest.mark.long
def test_what_a_killed_agent_left_mounted_is_unmounted_first(instance: Instance) -> None:
    """The kernel refuses the same NFS mount twice at one place."""
    instance.cloud.schedule_fires()
    for name, folder in (("source", instance.source), ("backup", instance.backup)):
        left = instance.machine.place / name
        left.mkdir(parents=True)
        for _ in range(2):
            subprocess.run(["/bin/mount", "--bind", folder, left], check=True)
    back_up(instance.services())
    assert instance.cloud.newest().status is BackupStatus.SUCCESS
    assert instance.mounts() == []


def test_the_heartbeat_writes_how_far_a_backup_is(instance: Instance) -> None:
    """Files, bytes and phase, into the running record."""
    backup = instance.cloud.schedule_fires()
    with Heartbeat(instance.services(), backup, Stop(Window()), seconds=0.05) as heartbeat:
        heartbeat.step("copy")
        heartbeat.progress(CopyStatistics(number_of_files=7, total_file_size=70))
        time.sleep(0.5)
    alive = instance.cloud.store.get(backup.backup_id)
    assert (alive.phase, alive.number_of_files, alive.total_file_size) == ("copy", 7, 70)
    assert alive.heartbeat_time == instance.cloud.now()


def test_a_backup_that_was_given_up_is_stopped_by_its_heartbeat(instance: Instance) -> None:
    """Its record is not written over."""
    backup = instance.cloud.schedule_fires()
    instance.cloud.agent_reports(backup.backup_id, BackupStatus.UNKNOWN)
    stop = Stop(Window())
    with Heartbeat(instance.services(), backup, stop, seconds=0.05):
        time.sleep(0.3)
    assert "its record was closed" in (stop.reason() or "")
    assert instance.cloud.store.get(backup.backup_id).status is BackupStatus.UNKNOWN


def test_a_bucket_that_cannot_be_written_is_no_failure_of_the_backup(instance: Instance) -> None:
    """The record has no address of a log, and the log says why."""
    backup = instance.cloud.schedule_fires()
    boto3.client("s3").delete_bucket(Bucket="efs-backup-logs")
    back_up(instance.services())
    ended = instance.cloud.store.get(backup.backup_id)
    assert (ended.status, ended.logs) == (BackupStatus.SUCCESS, None)


def _with_a_snapshot(instance: Instance) -> None:
    instance.cloud.schedule_fires()
    back_up(instance.services())


def test_a_restore_brings_back_what_was_lost_and_reports_by_mail(instance: Instance) -> None:
    """Overlay: what is missing comes back, what is new stays."""
    _with_a_snapshot(instance)
    before = account(instance.source / "directory 1")
    for path in (instance.source / "directory 1").iterdir():
        path.unlink()
    write(instance.source / "new")
    restore(instance.restore_services())
    assert account(instance.source / "directory 1") == before
    assert (instance.source / "new").exists()
    ((subject, text),) = instance.cloud.mails()
    assert "EFS restore succeeded" in subject
    assert "created   4" in text
    assert any(key.startswith("efs-restore-logs/") for key in instance.logs())
    assert instance.mounts() == []


def test_a_dry_run_mails_the_plan_and_touches_nothing(instance: Instance) -> None:
    """As the parameter DryRun asks."""
    _with_a_snapshot(instance)
    (instance.source / "directory 1" / "file 1").unlink()
    before = account(instance.source)
    restore(instance.restore_services(DRY_RUN="Yes"))
    assert account(instance.source) == before
    ((subject, text),) = instance.cloud.mails()
    assert "was planned, nothing was touched" in subject
    assert "directory 1/file 1" in text


@pytest.mark.parametrize(
    ("given", "says"),
    mostly_nightly(
        [
            ({"BACKUP_NUMBER": "9"}, "There is no backup number 9"),
            ({"RESTORE_SUB_DIR": "/directory 1", "RESTORE_MODE": "mirror"}, "would delete everything else"),
            ({"FOLDER_LABEL": "other"}, "other"),
            ({"RESTORE_AS_OF": "2020-01-01T00:00:00Z"}, "No snapshot is as old"),
            ({"RESTORE_SUB_DIR": "/../.."}, "leads out of"),
            ({"RESTORE_MODE": "new"}, "not empty"),
        ],
    ),
)
def test_a_restore_that_cannot_be_is_reported_and_touches_nothing(
    instance: Instance, given: dict[str, str], says: str
) -> None:
    """A clear mail, and the instance goes home."""
    _with_a_snapshot(instance)
    before = account(instance.source)
    restore(instance.restore_services(**given))
    assert account(instance.source) == before
    ((subject, text),) = instance.cloud.mails()
    assert "EFS restore FAILED" in subject
    assert says in text
    assert instance.cloud.capacity() == 0


def test_a_second_agent_on_the_same_machine_is_told_so(tmp_path: Path) -> None:
    """The lock dies with its owner."""
    with present(tmp_path) as first, present(tmp_path) as second:
        assert (first, second) == (True, False)
    assert not is_present(tmp_path)


def test_a_request_to_stop_reaches_the_process_at_work(tmp_path: Path) -> None:
    """By its number in the lock."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        with present(tmp_path):
            assert (tmp_path / "agent.lock").read_text() == str(os.getpid())
            os.kill(int((tmp_path / "agent.lock").read_text()), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]


def test_finish_knows_the_settings_that_run_command_does_not_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the file that the unit reads; what is set already stays."""
    file = tmp_path / "agent.env"
    file.write_text("LC_NEW=a=b\nLC_SET=other\n")
    monkeypatch.setenv("LC_SET", "mine")
    monkeypatch.setenv("LC_NEW", "")
    monkeypatch.delenv("LC_NEW")
    know_settings(file)
    know_settings(tmp_path / "nothing")
    assert (os.environ["LC_NEW"], os.environ["LC_SET"]) == ("a=b", "mine")
