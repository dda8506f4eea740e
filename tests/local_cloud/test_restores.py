"""Restores in the local cloud: a stack that is deployed for one restore, and deleted after it."""

import shutil

import pytest

from deployment.local_cloud.stacks import BackupStack, deploy
from tests.builders import account, write
from tests.local_cloud.site import Site

pytestmark = pytest.mark.root


def restore(site: Site, **given: str) -> str:
    """Deploy a restore stack, wait for its mail, delete it; gives the subject."""
    mails = len(site.subjects())
    parameters = {
        "SrcEFS": site.source_id, "DstEFS": site.stack.outputs["BackupEFS"],
        "RestoreLogBucket": site.stack.outputs["LogBucket"], "SecurityGroupId": site.stack.outputs["SecurityGroup"],
        **given,
    }  # fmt: skip
    made = BackupStack(
        site.cloud, "restore", deploy(site.cloud, "restore", site.assembly.template("EfsRestore"), parameters)
    )
    site.cloud.wait("the restore is over", made.is_quiet)
    site.cloud.client("cloudformation").delete_stack(StackName="restore")
    (subject,) = site.subjects()[mails:]
    return subject


def test_a_restore_of_each_mode(site: Site) -> None:
    """Overlay adds, mirror makes equal, new fills an empty directory; none touches a snapshot."""
    site.night()
    truth = account(site.source)
    shutil.rmtree(site.source / "directory 1")
    write(site.source / "later")
    assert "succeeded" in restore(site)
    assert account(site.source / "directory 1") == account(site.backup / "efs-backup/daily.0/directory 1")
    assert (site.source / "later").exists()
    assert "succeeded" in restore(site, RestoreMode="mirror")
    restored = {path: fact for path, fact in account(site.source).items() if not path.startswith("./.efs-backup")}
    assert {path for path in truth if path not in restored} == set()
    assert "./later" not in restored
    assert "succeeded" in restore(site, RestoreMode="new", RestorePrefix="/beside")
    assert account(site.source / "beside") == truth
    site.assert_nothing_left()


def test_a_restore_of_a_snapshot_that_is_not_there(site: Site) -> None:
    """The mail says so, and nothing is touched."""
    site.night()
    before = account(site.source)
    assert "FAILED" in restore(site, BackupNum="9")
    assert "There is no backup number 9" in site.cloud.mail_box.mails[-1].text
    assert account(site.source) == before
    site.assert_nothing_left()
