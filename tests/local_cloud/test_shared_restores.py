"""One restore into the source by two instances in the local cloud: shares, the fence, and the leave to write."""

import shutil

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.aws.access import may
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.place import ACCOUNT, REGION, assume
from efs_backup.agent.services import PACE_VARIABLE
from efs_backup.cli.app import run_line
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import WorkerSign
from tests.support.builders import account, small_tree, write
from tests.support.site import Site

pytestmark = [pytest.mark.root, pytest.mark.long]

_OPERATIONS = "150"
"""A second, of both together: a restore takes long enough for something to happen in it."""


@pytest.fixture
def site(cloud: LocalCloud, assembly: Assembly, terminal: None) -> Site:
    """A site of two instances that say each second that they live; a night is over, and most of the source is lost."""
    made = Site.build(cloud, assembly, Workers="2", RestoreInPlace="Yes")
    cloud.fleet.environment[PACE_VARIABLE] = "1"
    small_tree(made.source)
    for number in range(40):
        for file in range(10):
            write(made.source / f"{number % 6}" / f"{number}" / "deep" / f"file {file}", f"{number} {file}")
    made.patience = 240.0
    assert made.night().status is BackupStatus.SUCCESS
    return made


def _lose(site: Site) -> None:
    """Lose most of the source, and change some of it."""
    for number in range(1, 6):
        shutil.rmtree(site.source / f"{number}")
    write(site.source / "0" / "0" / "deep" / "file 1", "changed since")


def _begin(site: Site, *more: str) -> BackupRecord:
    line = ["stack", "restore", "backups", "--path", "/", "--into", "/", "--mode", "mirror", "--yes", *more]
    assert run_line(line) == 0
    return site.stack.records()[-1]


def _may_write(site: Site) -> bool:
    roles = site.cloud.client("iam").list_roles()["Roles"]
    (role,) = (role["Arn"] for role in roles if role["RoleName"].startswith("backups-Worker"))
    source = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{site.source_id}"
    return may(assume(str(role), "asks").key, "elasticfilesystem:ClientWrite", source)


def test_two_instances_restore_everything_into_the_source(site: Site) -> None:
    """Both may write there while it runs, and at no other time; one reports; an undo takes it all back."""
    truth = account(site.source)
    _lose(site)
    lost = account(site.source)
    begun = _begin(site)
    assert (begun.wanted_workers, _may_write(site)) == (2, True)
    ended = site.stack.wait_for_the_end(site.patience)
    assert ended.status is BackupStatus.SUCCESS, ended.message
    assert "16 shares for 2 instances" in str(ended.message)
    assert len(ended.workers or ()) == 2
    assert [name for name, sign in (ended.workers or {}).items() if sign.has_led] == [ended.instance_id]
    assert not _may_write(site)
    found = {path: fact for path, fact in account(site.source).items() if ".quarantine" not in path}
    assert {path: found[path] for path in truth if path != "."} == {path: truth[path] for path in truth if path != "."}
    assert not [*(site.backup / "efs-backup" / "daily" / ".restores").iterdir()]
    assert (site.stack.capacity(), site.stack.instances()) == (0, [])
    assert run_line(["stack", "undo", "backups", "--restore", ended.backup_id, "--yes"]) == 0
    undone = site.stack.wait_for_the_end(site.patience)
    assert (undone.status, undone.workers) == (BackupStatus.SUCCESS, None), undone.message
    assert {path for path in account(site.source) if ".quarantine" not in path} == {*lost}


def test_a_restore_whose_leader_is_lost_ends_and_is_taken_over_by_nobody(site: Site) -> None:
    """Who helped goes home; the same restore asked for again brings everything back."""
    truth = account(site.source)
    _lose(site)
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = _OPERATIONS
    begun = _begin(site)
    site.cloud.wait("both have come", lambda: len(site.stack.records()[-1].workers or ()) == 2, site.patience)
    site.cloud.wait("shares are done", lambda: any("share" in sign.work for sign in _signs(site)), site.patience)
    site.cloud.lose(str(site.stack.records()[-1].instance_id))
    ended = site.stack.wait_for_the_end(site.patience)
    assert (ended.backup_id, ended.status) == (begun.backup_id, BackupStatus.UNKNOWN), ended.message
    site.cloud.wait("nobody is there", lambda: not site.stack.instances(), site.patience)
    assert not _may_write(site)
    del site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"]
    _begin(site)
    again = site.stack.wait_for_the_end(site.patience)
    assert again.status is BackupStatus.SUCCESS, again.message
    found = account(site.source)
    assert {path: found[path] for path in truth if path != "."} == {path: truth[path] for path in truth if path != "."}


def _signs(site: Site) -> list[WorkerSign]:
    return [*(site.stack.records()[-1].workers or {}).values()]
