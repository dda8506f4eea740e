"""Drills in the local cloud: the template, the Lambda, the user data, the agent and the engine as they run on AWS."""

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from efs_backup.domain.drill.result import DrillStatus
from efs_backup.domain.results import BackupStatus
from tests.support.builders import small_tree
from tests.support.site import NEVER, Site

pytestmark = pytest.mark.root


@pytest.fixture
def drilling(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site with drills, whose evidence is locked; the test says when they are."""
    made = Site.build(cloud, assembly, DrillSchedule=NEVER, SealBucketLockDays="30")
    small_tree(made.source)
    return made


@pytest.mark.long
def test_a_drill_passes_and_the_next_night_goes_on(drilling: Site) -> None:
    """By the same group: a record of its own, its evidence under the lock, a mail, and nothing left."""
    drilling.night()
    drilling.stack.fire_drills()
    drill = drilling.stack.wait_for_the_end(drilling.patience)
    assert (drill.status, drill.drill_result) == (BackupStatus.SUCCESS, DrillStatus.PASSED), drill.message
    assert drill.drill_files
    assert drill.drill_evidence
    assert drill.drill_evidence.startswith(f"s3://{drilling.stack.outputs['SealBucket']}/drills/efs-backup/daily/")
    assert "restore drill passed" in drilling.subjects()[-1]
    assert drilling.night().status is BackupStatus.SUCCESS
    drilling.assert_nothing_left()
