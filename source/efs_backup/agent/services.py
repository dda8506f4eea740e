"""What the agent works with."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.operations.mounting import MOUNTED_KINDS
from efs_backup.domain.ports import BackupStore
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.clients import client
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.imds import InstanceMetadata
from efs_backup.lib.notify import Notifier
from efs_backup.lib.s3 import LogBucket

KINDS_VARIABLE = "EFS_BACKUP_MOUNTED_KINDS"
"""Further kinds of file system that may be mounted, by comma: where EFS is emulated."""


def utc_now() -> datetime:
    """What the clock says."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Machine:
    """The instance: who it is, where things are on it, and its clock."""

    instance_id: str
    zone: str
    mounted_kinds: frozenset[str]
    place: Path = Path("/run/efs-backup")
    log: Path = Path("/var/log/efs-backup-agent.log")
    boot_log: Path = Path("/var/log/cloud-init-output.log")
    clock: Callable[[], datetime] = utc_now
    ami_id: str | None = None

    @classmethod
    def this_one(cls, environment: Mapping[str, str]) -> "Machine":
        """What the metadata service says. Raises OSError where there is none."""
        metadata = InstanceMetadata.of_environment(environment)
        further = filter(None, environment.get(KINDS_VARIABLE, "").split(","))
        kinds = MOUNTED_KINDS.union(further)
        return cls(metadata.instance_id(), metadata.zone(), kinds, ami_id=metadata.ami_id())


@dataclass(frozen=True)
class BackupServices:
    """What a backup on this instance works with."""

    settings: AgentSettings
    machine: Machine
    store: BackupStore
    group: BackupGroup
    file_systems: FileSystems
    log_bucket: LogBucket

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "BackupServices":
        """The services that the environment names. Raises SettingsFault."""
        settings = AgentSettings.from_env(environment)
        return cls(
            settings,
            Machine.this_one(environment),
            RecordTable(client("dynamodb"), settings.table_name),
            BackupGroup(client("autoscaling"), settings.group_name),
            FileSystems(client("efs")),
            LogBucket(client("s3"), settings.log_bucket),
        )


@dataclass(frozen=True)
class RestoreServices:
    """What a restore on this instance works with."""

    settings: RestoreSettings
    machine: Machine
    group: BackupGroup
    file_systems: FileSystems
    log_bucket: LogBucket
    notifier: Notifier

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "RestoreServices":
        """The services that the environment names. Raises SettingsFault."""
        settings = RestoreSettings.from_env(environment)
        return cls(
            settings,
            Machine.this_one(environment),
            BackupGroup(client("autoscaling"), settings.group_name),
            FileSystems(client("efs")),
            LogBucket(client("s3"), settings.log_bucket),
            Notifier(client("sns"), settings.topic_arn),
        )
