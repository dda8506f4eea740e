"""Restores in the local cloud: a stack that is deployed for one restore, and deleted after it."""

import shutil

import pytest

from deployment.local_cloud.stacks import BackupStack
from tests.support.builders import account, write
from tests.support.site import Site

pytestmark = pytest.mark.root


@pytest.mark.long
def test_a_restore_of_each_mode(site: Site) -> None:
    """Overlay adds, mirror makes equal, new fills an empty directory; none touches a snapshot."""
    site.night()
    truth = account(site.source)
    shutil.rmtree(site.source / "directory 1")
    write(site.source / "later")
    assert "succeeded" in site.restore()
    assert account(site.source / "directory 1") == account(site.backup / "efs-backup/daily.0/directory 1")
    assert (site.source / "later").exists()
    assert "succeeded" in site.restore(RestoreMode="mirror")
    restored = {path: fact for path, fact in account(site.source).items() if not path.startswith("./.efs-backup")}
    assert {path for path in truth if path not in restored} == set()
    assert "./later" not in restored
    assert "succeeded" in site.restore(RestoreMode="new", RestorePrefix="/beside")
    assert account(site.source / "beside") == truth
    site.assert_nothing_left()


@pytest.mark.long
def test_a_restore_of_a_snapshot_that_is_not_there(site: Site) -> None:
    """The mail says so, and nothing is touched."""
    site.night()
    before = account(site.source)
    assert "FAILED" in site.restore(BackupNum="9")
    assert "There is no backup number 9" in site.cloud.mail_box.mails[-1].text
    assert account(site.source) == before
    site.assert_nothing_left()


def launch_again(site: Site, stack: BackupStack) -> str:
    """Do what an update of the stack does, which sends the wanted capacity anew; gives the subject of the mail."""
    mails = len(site.subjects())
    client = site.cloud.client("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName=stack.group, DesiredCapacity=1)
    site.cloud.wait(
        "the second instance is gone", lambda: len(site.subjects()) > mails and stack.is_quiet(), site.patience
    )
    (subject,) = site.subjects()[mails:]
    return subject


@pytest.mark.long
def test_a_restore_stack_that_is_updated_does_not_restore_again(site: Site) -> None:
    """The second instance says when the first one did, touches nothing, and goes; the role lets it read the mark."""
    site.night()
    stack = site.restore_stack()
    site.cloud.wait("the restore is over", stack.is_quiet, site.patience)
    assert "succeeded" in site.subjects()[-1]
    shutil.rmtree(site.source / "directory 1")
    write(site.source / "later")
    before = account(site.source)
    assert "NOT REPEATED" in launch_again(site, stack)
    assert "This restore was done on" in site.cloud.mail_box.mails[-1].text
    assert account(site.source) == before
    site.assert_nothing_left()


@pytest.mark.long
def test_a_restore_whose_agent_is_killed_goes_on(site: Site) -> None:
    """The unit starts the agent again, and the mark says that it was this instance which began."""
    site.night()
    shutil.rmtree(site.source / "directory 1")
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "3"
    mails = len(site.subjects())
    stack = site.restore_stack()
    machine = site.machine_of(stack)
    line = (
        "test -e /run/efs-backup/target && sed -i /LOCAL_CLOUD_OPERATIONS/d /etc/environment"
        " && kill -KILL $(cat /run/efs-backup/agent.lock)"
    )
    site.cloud.wait("the agent works, and is killed", lambda: machine.start(line).wait() == 0, site.patience)
    site.cloud.wait("the restore is over", lambda: len(site.subjects()) > mails and stack.is_quiet(), site.patience)
    assert ["succeeded" in subject for subject in site.subjects()[mails:]] == [True]
    assert account(site.source / "directory 1") == account(site.backup / "efs-backup/daily.0/directory 1")
    assert "was interrupted" in (machine.log / "efs-backup-agent.log").read_text()


@pytest.mark.long
def test_a_restore_whose_instance_cannot_be_set_up_is_mailed(site: Site) -> None:
    """By the instance itself, with the last lines of its boot; it goes, and its log is in the bucket."""
    site.night()
    site.remove_bundles()
    assert "EFS restore FAILED" in site.restore()
    text = site.cloud.mail_box.mails[-1].text
    assert "404" in text
    assert "s3://" in text
    (key,) = [key for key in site.logs() if key.startswith("ec2-logs/") and "-restore-" in key]
    assert "404" in site.log(key)
    site.assert_nothing_left()
