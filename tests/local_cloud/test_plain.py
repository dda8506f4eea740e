"""A night as people without the CDK have it: plain templates, and the bundle installed in the instance."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.local_cloud.assembly import Published
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.stacks import publish
from efs_backup.domain.results import BackupStatus
from tests.support.builders import small_tree
from tests.support.published import published
from tests.support.site import Site

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The files that build-s3-dist.sh writes, with the real wheels."""
    return Published(published(tmp_path_factory) / "deployment" / "dist")


@pytest.fixture
def plain(files: Published, tmp_path: Path) -> Iterator[Site]:
    """A site whose stack was made of the plain template, in an account that nobody has prepared for the CDK."""
    with LocalCloud(tmp_path / "cloud") as cloud:
        publish(cloud, files)
        cloud.fleet.environment |= {"LOCAL_CLOUD_INSTALLS": "yes", "LOCAL_CLOUD_OPERATIONS": "30"}
        made = Site.build(cloud, files)
        made.patience = 120.0
        small_tree(made.source)
        yield made


@pytest.mark.long
def test_the_bundle_is_fetched_checked_installed_and_run(plain: Site) -> None:
    """By the user data as it is: nothing but the wheels of the bundle is in the environment that the unit starts."""
    plain.stack.fire_schedule()
    plain.cloud.wait("the agent runs", lambda: any(each.instance_id for each in plain.stack.records()), plain.patience)
    installed = _seen_by(plain, "ls /opt/efs-backup/venv/lib/python3*/site-packages; cat /var/log/apt-get.log")
    backup = plain.end_of_night()
    assert backup.status is BackupStatus.SUCCESS, backup.message
    assert {"boto3", "efs_backup", "rich"} <= installed
    assert "pytest" not in installed
    assert "./bundle/packages/amazon-efs-utils.deb" in installed
    plain.assert_nothing_left()


def _seen_by(site: Site, line: str) -> set[str]:
    """The words that a command on the instance prints."""
    machine = site.cloud.fleet.running(str(site.stack.records()[-1].instance_id))
    assert machine
    return set(machine.start(line).communicate()[0].decode().split())
