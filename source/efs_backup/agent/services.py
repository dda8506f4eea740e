"""The services of the agent, and the machine that it runs on."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.operations.lifecycle import AGENT_LOG
from efs_backup.domain.operations.mounting import MOUNTED_KINDS
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.sharing.fleet import Fleet
from efs_backup.domain.sharing.workers import PACE, STALE_AFTER
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.bus import EventBus
from efs_backup.lib.clients import client
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.ec2 import Instances
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.fence import GroupFence
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.imds import InstanceMetadata
from efs_backup.lib.notify import ChatNotifier, Notifier
from efs_backup.lib.pin_table import PinTable
from efs_backup.lib.quiesce import QuiesceDocument
from efs_backup.lib.s3 import LogBucket, SealBucket
from efs_backup.lib.sqs import SqsShares
from efs_backup.lib.ssm import Secrets
from efs_backup.lib.sts import Roles
from efs_backup.lib.worker_signs import WorkerSigns

KINDS_VARIABLE = "EFS_BACKUP_MOUNTED_KINDS"
"""Further kinds of file system that may be mounted, by comma: where EFS is emulated."""


PACE_VARIABLE = "EFS_BACKUP_PACE_SECONDS"
"""How often an agent says that it lives, if not each minute: where instances are emulated, and nobody has minutes."""

LOG_VARIABLE = "EFS_BACKUP_AGENT_LOG"
"""Where the agent's log is, if not in its usual place."""


def utc_now() -> datetime:
    """The time of the machine's clock, in UTC."""
    return datetime.now(UTC)


def boot_time(proc: Path = Path("/proc")) -> datetime:
    """When the first process began: of the machine, or of the namespace that stands for one."""
    seconds_up = float((proc / "uptime").read_text().split()[0])
    ticks = int((proc / "1" / "stat").read_text().rpartition(")")[2].split()[_START_FIELD])
    return datetime.fromtimestamp(time.time() - seconds_up + ticks / os.sysconf("SC_CLK_TCK"), UTC)


_START_FIELD = 19
"""Field 22 of proc_pid_stat(5), counted from the one after the name, which may hold anything."""


def agent_log(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the agent's log is."""
    return Path(environment.get(LOG_VARIABLE, AGENT_LOG))


@dataclass(frozen=True)
class Machine:
    """The instance: who it is, where things are on it, and its clock."""

    instance_id: str
    zone: str
    mounted_kinds: frozenset[str]
    place: Path = Path("/run/efs-backup")
    log: Path = field(default_factory=agent_log)
    boot_log: Path = Path("/var/log/cloud-init-output.log")
    clock: Callable[[], datetime] = utc_now
    ami_id: str | None = None
    booted: datetime = field(default_factory=boot_time)
    scratch: Path = Path("/var/tmp/efs-backup-drill")  # noqa: S108 - only root makes it, and it must be root's own
    credentials: Path = Path("/root/.aws/credentials")
    pace: timedelta = PACE

    @property
    def reboots(self) -> bool:
        """Whether it goes down only to come back: its unit says so, in a place that is empty again afterwards."""
        return (self.place / "reboots").exists()

    @property
    def silence(self) -> timedelta:
        """After how long a leader of whom nothing is heard counts as lost."""
        return self.pace * STALE_AFTER

    @classmethod
    def this_one(cls, environment: Mapping[str, str]) -> "Machine":
        """The machine as the metadata service describes it. Raises OSError where there is none."""
        metadata = InstanceMetadata.of_environment(environment)
        further = filter(None, environment.get(KINDS_VARIABLE, "").split(","))
        kinds, log = MOUNTED_KINDS.union(further), agent_log(environment)
        pace = timedelta(seconds=float(environment.get(PACE_VARIABLE) or PACE.total_seconds()))
        return cls(metadata.instance_id(), metadata.zone(), kinds, log=log, ami_id=metadata.ami_id(), pace=pace)


@dataclass(frozen=True)
class FleetServices:
    """The services of an instance that makes a backup together with others."""

    queue: SqsShares
    instances: Instances
    signs: WorkerSigns

    @classmethod
    def of_settings(cls, settings: AgentSettings, client: Callable[[str], Any]) -> "FleetServices":
        """Made of clients; `client` makes one of a service."""
        queue = SqsShares(client("sqs"), settings.share_queue_url, settings.dead_share_queue_url)
        return cls(queue, Instances(client("ec2")), WorkerSigns(client("dynamodb"), settings.table_name))

    def around(self, group: BackupGroup, own: str, workers: int) -> Fleet:
        """The fleet of so many instances, as the instance `own` sees it."""
        return Fleet(workers, own, self.queue, GroupFence(group, self.instances, own))


@dataclass(frozen=True)
class BackupServices:
    """The services of a backup on this instance."""

    settings: AgentSettings
    machine: Machine
    store: BackupStore
    group: BackupGroup
    file_systems: FileSystems
    log_bucket: LogBucket
    seal_bucket: SealBucket | None = None
    roles: Roles | None = None
    document: QuiesceDocument | None = None
    secrets: Secrets | None = None
    holds: HoldTable | None = None
    pins: PinTable | None = None
    fleet: FleetServices | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "BackupServices":
        """The services that the environment names. Raises SettingsFault, or OSError without metadata."""
        settings, storage = AgentSettings.from_env(environment), client("s3")
        return cls(
            settings,
            Machine.this_one(environment),
            RecordTable(client("dynamodb"), settings.table_name),
            BackupGroup(client("autoscaling"), settings.group_name),
            FileSystems(client("efs")),
            LogBucket(storage, settings.log_bucket),
            SealBucket(storage, settings.seal_bucket) if settings.seal_bucket else None,
            Roles(client("sts")) if settings.drill_role else None,
            document_of(settings, client) if settings.quiesce_document else None,
            Secrets(client("ssm")) if settings.ping_url_parameter else None,
            HoldTable(client("dynamodb"), settings.table_name),
            PinTable(client("dynamodb"), settings.table_name),
            FleetServices.of_settings(settings, client) if settings.share_queue_url else None,
        )


def document_of(settings: AgentSettings, client: Callable[[str], Any]) -> QuiesceDocument:
    """The document that makes the source quiet; `client` makes a client of a service."""
    return QuiesceDocument(client("ssm"), settings.quiesce_document, settings.quiesce_tag)


@dataclass(frozen=True)
class RestoreServices:
    """The services of a restore on this instance."""

    settings: RestoreSettings
    machine: Machine
    group: BackupGroup
    file_systems: FileSystems
    log_bucket: LogBucket
    notifier: Notifier
    bus: EventBus
    chat: ChatNotifier | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "RestoreServices":
        """The services that the environment names. Raises SettingsFault, or OSError without metadata."""
        settings = RestoreSettings.from_env(environment)
        return cls(
            settings,
            Machine.this_one(environment),
            BackupGroup(client("autoscaling"), settings.group_name),
            FileSystems(client("efs")),
            LogBucket(client("s3"), settings.log_bucket),
            Notifier(client("sns"), settings.topic_arn),
            EventBus(client("events")),
            ChatNotifier(client("sns"), settings.chat_topic_arn) if settings.chat_topic_arn else None,
        )
