"""Parts of a night that several timelines have."""

import json

import boto3

from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.operations.triggers import reconcile_event
from efs_backup.domain.results import BackupStatus
from tests.support.cloud import RULE, Cloud


def succeed(cloud: Cloud, backup_id: BackupId) -> None:
    """The agent publishes a snapshot, reports, goes home, and is let go."""
    if not cloud.store.get(backup_id).instance_id:
        cloud.agent_claims(backup_id)
    cloud.agent_reports(backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z", number_of_files=12)
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


def assert_nothing_left(cloud: Cloud) -> None:
    """No instance is wanted or there, and the template's rule would stop nothing."""
    assert cloud.capacity() == 0
    assert cloud.instances() == []
    assert cloud.rules() == []
    (target,) = boto3.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
    assert json.loads(target["Input"]) == reconcile_event()


BOOT = "E: Unable to fetch some archives"
