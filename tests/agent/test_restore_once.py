"""A restore that was done is not done again by itself."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.agent.restore import give_up, restore
from efs_backup.agent.running import ask_to_stop, is_present, present
from efs_backup.agent.services import RestoreServices
from efs_backup.domain.operations.restore_mark import RestoreMark, mark_key
from tests.agent.instance import Instance
from tests.support.builders import account, write
from tests.support.cloud import Faults
from tests.support.nightly import mostly_nightly

pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def snapshot(instance: Instance) -> None:
    """There is something to restore."""
    instance.cloud.schedule_fires()
    back_up(instance.services())


def lose(instance: Instance) -> Path:
    """A file is lost in the target; gives it."""
    lost = instance.source / "directory 1" / "file 1"
    lost.unlink()
    return lost


def marks(instance: Instance) -> list[dict[str, Any]]:
    """The content of the marks."""
    client = boto3.client("s3")
    keys = [key for key in instance.logs() if key.startswith("efs-restore-marks/")]
    return [json.loads(client.get_object(Bucket="efs-backup-logs", Key=key)["Body"].read()) for key in keys]


def last_mail(instance: Instance) -> tuple[str, str]:
    """Subject and text."""
    return instance.cloud.mails()[-1]


def test_a_restore_that_was_done_is_said_and_not_done_again(instance: Instance) -> None:
    """By another instance of the same stack, as an update of it starts one: nothing is touched."""
    lost = lose(instance)
    restore(instance.restore_services())
    assert lost.exists()
    lose(instance)
    write(instance.source / "since")
    before = account(instance.source)
    instance.cloud.time = "2026-11-24T10:00:00Z"
    (instance.folders / "mount.log").unlink()
    restore(instance.restore_services(INSTANCE_ID="i-2", RESTORE_MODE="overlay", MAX_OPERATIONS_PER_SECOND="5000"))
    assert account(instance.source) == before
    assert not (instance.folders / "mount.log").exists()
    subject, text = last_mail(instance)
    assert "EFS restore NOT REPEATED" in subject
    assert "This restore was done on 2026-11-22 02:00 UTC" in text
    assert "delete the stack and deploy it again" in text
    assert instance.cloud.capacity() == 0


def test_the_mark_says_what_was_done_by_whom_and_where_its_log_is(instance: Instance) -> None:
    """For whoever looks into the bucket."""
    restore(instance.restore_services())
    (mark,) = marks(instance)
    assert (mark["stack_id"], mark["instance_id"], mark["result"]) == ("stack/1", "i-1", "Success")
    assert mark["order"]["restore_mode"] == "overlay"
    assert mark["logs"].startswith("s3://efs-backup-logs/efs-restore-logs/")
    assert mark["ended"]


@pytest.mark.parametrize(
    "change",
    mostly_nightly([{"RESTORE_SUB_DIR": "/directory 1", "RESTORE_PREFIX": "/directory 1"}, {"STACK_ID": "stack/2"}]),
)
def test_another_order_is_carried_out(instance: Instance, change: dict[str, str]) -> None:
    """And another stack, though it has the same name."""
    restore(instance.restore_services())
    lost = lose(instance)
    restore(instance.restore_services(INSTANCE_ID="i-2", **change))
    assert lost.exists()
    assert "succeeded" in last_mail(instance)[0]
    assert len(marks(instance)) == 2


@pytest.mark.long
def test_a_dry_run_leaves_no_mark(instance: Instance) -> None:
    """A dry run is no restore: the real one is still to be done."""
    lost = lose(instance)
    restore(instance.restore_services(DRY_RUN="Yes"))
    assert marks(instance) == []
    restore(instance.restore_services())
    assert lost.exists()


def test_a_restore_that_failed_is_not_tried_again_by_itself(instance: Instance) -> None:
    """Weeks later somebody updates the stack, when the mount would work: nobody wants it any more."""
    lost = lose(instance)
    instance.source.rename(instance.source.with_name("elsewhere"))
    restore(instance.restore_services())
    assert "FAILED" in last_mail(instance)[0]
    assert "delete the stack and deploy it again" in last_mail(instance)[1]
    instance.source.with_name("elsewhere").rename(instance.source)
    restore(instance.restore_services(INSTANCE_ID="i-2"))
    assert not lost.exists()
    subject, text = last_mail(instance)
    assert "NOT REPEATED" in subject
    assert "was begun on 2026-11-22 02:00 UTC by the instance i-1, and ended" in text
    assert "as Failed" in text


def _begun(instance: Instance, instance_id: str = "i-1", **given: str) -> RestoreServices:
    """A restore that an instance has begun, and that never ended."""
    services = instance.restore_services(**given)
    mark = RestoreMark.of(services.settings, instance_id, instance.cloud.now())
    assert services.log_bucket.begin(mark_key(services.settings), mark.to_text()) is None
    return services


@pytest.mark.parametrize("mode", mostly_nightly(["mirror", "overlay"]))
def test_the_instance_that_was_interrupted_goes_on(instance: Instance, mode: str) -> None:
    """Its agent was killed, or the machine booted anew."""
    lost = lose(instance)
    restore(_begun(instance, RESTORE_MODE=mode))
    assert lost.exists()
    assert [mark["result"] for mark in marks(instance)] == ["Success"]


def test_an_interrupted_restore_into_a_new_directory_refuses_by_itself(instance: Instance) -> None:
    """Files that are there already may be anybody's."""
    services = _begun(instance, RESTORE_MODE="new", RESTORE_PREFIX="/beside")
    write(instance.source / "beside" / "half")
    restore(services)
    assert "not empty" in last_mail(instance)[1]


def test_no_other_instance_goes_on(instance: Instance) -> None:
    """The group has replaced a lost instance: it says truly that nobody knows how the first one ended."""
    lost = lose(instance)
    _begun(instance)
    restore(instance.restore_services(INSTANCE_ID="i-2"))
    assert not lost.exists()
    text = last_mail(instance)[1]
    assert "was begun on 2026-11-22 02:00 UTC by the instance i-1, which never said how it ended" in text
    assert "done" not in text.split("What is kept")[0].split("What happened")[1]


def test_without_a_mark_nothing_is_restored(instance: Instance, faults: Faults) -> None:
    """A restore without a mark could be done twice: the mail says which bucket is meant."""
    lost = lose(instance)
    with faults.refusing("s3", "PutObject", "AccessDenied") as refused:
        restore(instance.restore_services())
    assert refused
    assert not lost.exists()
    subject, text = last_mail(instance)
    assert "FAILED" in subject
    assert "Nothing was touched" in text
    assert "RestoreLogBucket" in text


def test_a_machine_that_boots_anew_goes_on_afterwards(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mail yet, no end in the mark, and the instance stays."""
    slow = {"MAX_OPERATIONS_PER_SECOND": "5"}
    lost = lose(instance)
    instance.cloud.events.clear()
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName="efs-backup-worker", DesiredCapacity=1)
    services = instance.restore_services(**slow)
    systemd = threading.Thread(target=_reboot_when_mounted, args=(services,))
    systemd.start()
    with present(services.machine.place):
        restore(services)
    systemd.join()
    assert [mark["ended"] for mark in marks(instance)] == [None]
    assert (instance.cloud.mails(), instance.cloud.capacity()) == ([], 1)
    (services.machine.place / "reboots").unlink()
    restore(instance.restore_services())
    assert lost.exists()
    assert "succeeded" in last_mail(instance)[0]


def _reboot_when_mounted(services: RestoreServices) -> None:
    place = services.machine.place
    while not (is_present(place) and (place / "target").exists()):
        time.sleep(0.02)
    (place / "reboots").touch()
    ask_to_stop(place, "the test asks for it")


def test_an_agent_that_died_for_good_is_told_by_mail(instance: Instance) -> None:
    """By the unit that systemd starts in its place: nobody else would, and the instance would run for ever."""
    give_up(instance.restore_services())
    subject, text = last_mail(instance)
    assert "EFS restore FAILED" in subject
    assert "The agent ended without a result. The last lines of its log: the agent's log" in text
    assert any(key.startswith("efs-restore-logs/") for key in instance.logs())
    assert instance.cloud.capacity() == 0


def test_a_report_that_cannot_be_sent_is_tried_again(
    instance: Instance, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is all that the operator hears; a signal shortens nothing of it."""
    monkeypatch.setattr("efs_backup.lib.insisting.SECONDS", 60.0)

    def while_it_is_asked_to_stop() -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    with faults.refusing("sns", "Publish", "AuthorizationError", times=3, when=while_it_is_asked_to_stop) as refused:
        restore(instance.restore_services())
    assert len(refused) == 3
    assert "succeeded" in last_mail(instance)[0]


@pytest.mark.long
def test_a_restore_that_is_stopped_while_it_compares_says_so(instance: Instance, faults: Faults) -> None:
    """A restore that has touched nothing says so; no error without a name is told."""
    lost = lose(instance)

    def while_it_is_asked_to_stop() -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    with faults.refusing("s3", "PutObject", "SlowDown", times=1, when=while_it_is_asked_to_stop) as refused:
        restore(instance.restore_services())
    assert refused
    assert not lost.exists()
    subject, text = last_mail(instance)
    assert "EFS restore FAILED" in subject
    assert "It was stopped while it compared; nothing was touched." in text


def test_a_symlink_on_the_way_to_the_target_is_not_followed(instance: Instance, tmp_path: Path) -> None:
    """A user of the target may have put it there: root would write where it leads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (instance.source / "way out").symlink_to(outside)
    restore(instance.restore_services(RESTORE_PREFIX="/way out/deeper"))
    assert list(outside.iterdir()) == []
    subject, text = last_mail(instance)
    assert "FAILED" in subject
    assert "A symlink is not followed there; nothing was touched." in text
