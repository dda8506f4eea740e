"""The agent serves the row that its record names, whatever its environment says."""

from dataclasses import replace

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import hold_event
from efs_backup.domain.results import BackupStatus
from tests.agent.instance import Instance
from tests.support.builders import account, write
from tests.support.rows import add_row, further_sources, look, records

pytestmark = pytest.mark.root


def test_a_row_is_backed_up_below_its_label_by_its_rules(instance: Instance) -> None:
    """From its own directory, without what it leaves out.

    A success of the first row says nothing of a series that the row must have.
    """
    cloud = instance.cloud
    first = cloud.schedule_fires()
    cloud.agent_reports(first.backup_id, BackupStatus.SUCCESS, snapshot="20261121T020000Z")
    cloud.agent_goes_home()
    cloud.deliver()
    assert cloud.instances() == []
    with further_sources(cloud):
        row = add_row(cloud, "web", prefix="/srv", excludes=("*.tmp",))
        subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        target = boto3.client("efs").create_mount_target(FileSystemId=row.file_system, SubnetId=subnet)
        source = instance.folders / target["IpAddress"] / "srv"
        write(source / "page", "hello")
        write(source / "left-out.tmp", "hello")
        cloud.time = "2026-11-22T02:20:00Z"
        assert (
            "of web/daily" in cloud.call(hold_event(HoldAction.HOLD, "the audit", "ann") | {"label": "web"})["reason"]
        )
        look(cloud)
        back_up(instance.services())
    ended = records(cloud)["web"]
    assert ended.status is BackupStatus.SUCCESS, ended.message
    assert "asked for by ann: the audit" in str(ended.message), "what is asked of a row its own agent does"
    kept = account(instance.backup / "web" / "daily" / str(ended.snapshot))
    assert kept == {name: fact for name, fact in account(source).items() if name != "./left-out.tmp"}
    assert ended.logs
    assert "efs-backup-logs/web-backup" in ended.logs
    assert [path.name for path in instance.backup.iterdir()] == ["web"]


def test_a_record_that_another_has_claimed_meanwhile_is_left_to_it(instance: Instance) -> None:
    """Of two instances that want one record one learns that it lost."""
    cloud = instance.cloud
    backup = cloud.schedule_fires()
    read = cloud.store.get(backup.backup_id)
    cloud.store.update(read, replace(read, instance_id="i-other", heartbeat_time=cloud.now()))
    services = replace(instance.services(), settings=replace(instance.services().settings, concurrent_backups=2))
    back_up(services)
    assert cloud.store.get(BackupId(backup.backup_id)).instance_id == "i-other"
    assert cloud.capacity() == 0
