"""Restores in the local cloud: a stack that is deployed for one restore, and deleted after it."""

import shutil

import pytest

from tests.builders import account, write
from tests.local_cloud.site import Site

pytestmark = pytest.mark.root


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


def test_a_restore_of_a_snapshot_that_is_not_there(site: Site) -> None:
    """The mail says so, and nothing is touched."""
    site.night()
    before = account(site.source)
    assert "FAILED" in site.restore(BackupNum="9")
    assert "There is no backup number 9" in site.cloud.mail_box.mails[-1].text
    assert account(site.source) == before
    site.assert_nothing_left()
