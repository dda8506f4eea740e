"""An instance of a stack in this process."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import boto3

from efs_backup.agent.backup import back_up
from efs_backup.agent.services import BackupServices, FleetServices, Machine, RestoreServices, document_of
from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.bus import EventBus
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.notify import Notifier
from efs_backup.lib.pin_table import PinTable
from efs_backup.lib.s3 import LogBucket, SealBucket
from efs_backup.lib.ssm import Secrets
from efs_backup.lib.sts import Roles
from tests.support.cloud import GROUP, TABLE, Cloud

MOUNT = """#!/bin/sh
# mount -t nfs4 -o OPTIONS ADDRESS:/ AT, for a folder named by the address
[ -e "{folders}/hangs" ] && exec sleep 60
echo "$@" >>"{folders}/mount.log"
for last; do before=$at; at=$last; done
folder="{folders}/${{before%:/}}"
[ -d "$folder" ] || {{ echo "mount.nfs4: access denied by server while mounting $before" >&2; exit 32; }}
[ -e "{folders}/lies" ] && exit 0
exec /bin/mount --bind "$folder" "$at"
"""


def _one(names: list[str]) -> str:
    (name,) = names
    return name


@dataclass
class Instance:
    """An instance of the stack; `source` and `backup` are the folders that it mounts."""

    cloud: Cloud
    folders: Path
    machine: Machine
    source: Path
    backup: Path
    environment: dict[str, str] = field(default_factory=dict)

    def services(self, instance_id: str = "") -> BackupServices:
        """The services of a backup's agent; of the only instance, unless told."""
        settings = AgentSettings.from_env(self.environment)
        instance_id = instance_id or _one(self.cloud.instances())
        return BackupServices(
            settings, replace(self.machine, instance_id=instance_id, clock=self.cloud.now, booted=self.cloud.now()),
            RecordTable(boto3.client("dynamodb"), TABLE), BackupGroup(boto3.client("autoscaling"), GROUP),
            FileSystems(boto3.client("efs")), LogBucket(boto3.client("s3"), settings.log_bucket),
            SealBucket(boto3.client("s3"), settings.seal_bucket) if settings.seal_bucket else None,
            Roles(boto3.client("sts")) if settings.drill_role else None,
            document_of(settings, boto3.client) if settings.quiesce_document else None,  # type: ignore[arg-type]
            Secrets(boto3.client("ssm")) if settings.ping_url_parameter else None,
            HoldTable(boto3.client("dynamodb"), TABLE), PinTable(boto3.client("dynamodb"), TABLE),
            FleetServices.of_settings(settings, boto3.client) if settings.share_queue_url else None,  # type: ignore[arg-type]
        )  # fmt: skip

    def restore_services(self, **given: str) -> RestoreServices:
        """The services of a restore's agent; of the stack `stack/1` on the instance `i-1`, unless told."""
        instance_id = given.pop("INSTANCE_ID", "i-1")
        settings = RestoreSettings.from_env({
            **self.environment, "STACK_ID": "stack/1", "TOPIC_ARN": self.cloud.environment["TOPIC_ARN"],
            "BACKUP_NUMBER": "0",
            "TARGET_FILE_SYSTEM": self.environment["SOURCE_FILE_SYSTEM"], "RESTORE_AS_OF": "", "RESTORE_PREFIX": "/",
            "RESTORE_SUB_DIR": "/", "RESTORE_MODE": "overlay", "DRY_RUN": "No", **given,
        })  # fmt: skip
        machine = replace(self.machine, instance_id=instance_id, clock=self.cloud.now)
        return RestoreServices(
            settings, machine, BackupGroup(boto3.client("autoscaling"), GROUP),
            FileSystems(boto3.client("efs")), LogBucket(boto3.client("s3"), settings.log_bucket),
            Notifier(boto3.client("sns"), settings.topic_arn), EventBus(boto3.client("events")),
        )  # fmt: skip

    def logs(self) -> list[str]:
        """The keys in the log bucket."""
        found = boto3.client("s3").list_objects_v2(Bucket=self.environment["LOG_BUCKET"]).get("Contents", [])
        return [entry["Key"] for entry in found]

    def mounts(self) -> list[str]:
        """The mounts that are left below the agent's place."""
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if str(self.machine.place) in line]


def mount_target(file_system: str) -> str:
    """The address of a new mount target of a file system."""
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    return boto3.client("efs").create_mount_target(FileSystemId=file_system, SubnetId=subnet)["IpAddress"]


def a_night(instance: Instance, day: int) -> BackupRecord:
    """One night of November 2026; gives its record as it has ended."""
    instance.cloud.time = f"2026-11-{day}T02:00:00Z"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    instance.cloud.deliver()
    if instance.cloud.instances():
        instance.cloud.hold_times_out()
        instance.cloud.deliver()
    return instance.cloud.store.get(backup.backup_id)


def successful_night(instance: Instance, day: int) -> BackupRecord:
    """One night; gives its record as it has ended, which is a success."""
    ended = a_night(instance, day)
    assert ended.status is BackupStatus.SUCCESS
    return ended
