"""A restore into the source in the local cloud: by command, Lambda, user data, agent and engine, with roles checked."""

import pytest
from botocore.exceptions import ClientError

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.aws.access import may
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.machines.machine import Machine
from deployment.local_cloud.place import ACCOUNT, REGION, Credentials, assume
from efs_backup.cli.app import run_line
from efs_backup.domain.results import BackupStatus
from tests.support.builders import account, small_tree
from tests.support.site import Site

pytestmark = pytest.mark.root

_FILE = "directory 1/file 1"


@pytest.fixture
def site(cloud: LocalCloud, assembly: Assembly, terminal: None) -> Site:
    """A site that may restore into its source, and an operator with credentials at its terminal."""
    made = Site.build(cloud, assembly, RestoreInPlace="Yes")
    small_tree(made.source)
    return made


def _role(site: Site) -> str:
    roles = site.cloud.client("iam").list_roles()["Roles"]
    (found,) = (role["Arn"] for role in roles if role["RoleName"].startswith("backups-Worker"))
    return str(found)


def _may_write(site: Site, keys: Credentials) -> bool:
    """Whether these credentials may mount the source, which they always may, and write to it at this moment."""
    source = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{site.source_id}"
    assert may(keys.key, "elasticfilesystem:ClientMount", source)
    return may(keys.key, "elasticfilesystem:ClientWrite", source)


@pytest.mark.long
def test_one_file_comes_back_and_the_role_may_write_only_meanwhile(site: Site) -> None:
    """Checked before, during and after, by credentials that the instance had all the time; it cannot help itself."""
    site.night()
    truth, lost = account(site.source), site.source / _FILE
    lost.unlink()
    before = assume(_role(site), "before")
    assert not _may_write(site, before)
    assert run_line(["stack", "restore", "backups", "--path", f"/{_FILE}", "--to-original"]) == 0
    machine = site.machine_of(site.stack)
    assert isinstance(machine, Machine)
    assert site.stack.records()[-1].status is BackupStatus.RUNNING
    during = assume(_role(site), "during")
    assert (_may_write(site, before), _may_write(site, during)) == (True, True)
    ended = site.stack.wait_for_the_end(site.patience)
    assert (ended.status, ended.restore_created) == (BackupStatus.SUCCESS, 1), ended.message
    assert (_may_write(site, before), _may_write(site, during)) == (False, False)
    found = account(site.source)
    assert {path: found[path] for path in truth if path != "."} == {path: truth[path] for path in truth if path != "."}
    assert "EFS restore succeeded" in site.subjects()[-1]
    _cannot_give_itself_leave(site, during)


def _cannot_give_itself_leave(site: Site, keys: Credentials) -> None:
    client = site.cloud.client_of(keys, "iam")
    (leave,) = site.cloud.client("iam").list_policies(Scope="Local")["Policies"]
    with pytest.raises(ClientError, match="not authorized to perform: iam:AttachRolePolicy"):
        client.attach_role_policy(RoleName=_role(site).rpartition("/")[2], PolicyArn=leave["Arn"])
