"""The services of the orchestrator, made once for a container."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.ports import BackupStore
from efs_backup.domain.schedule import zone_named
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.bus import EventBus
from efs_backup.lib.clients import client
from efs_backup.lib.cloudwatch import Metrics
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.ec2 import Instances
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.events import StopRule
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.iam import PassingPermission
from efs_backup.lib.notify import AnonymousMetrics, ChatNotifier, Notifier
from efs_backup.lib.pin_table import PinTable
from efs_backup.lib.source_table import SourceRows
from efs_backup.lib.ssm import RunCommand

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """The settings and the services of one stack."""

    settings: OrchestratorSettings
    store: BackupStore
    group: BackupGroup
    instances: Instances
    stop_rule: StopRule
    run_command: RunCommand
    file_systems: FileSystems
    metrics: Metrics
    notifier: Notifier
    chat: ChatNotifier | None
    bus: EventBus
    zone: tzinfo
    anonymous_metrics: AnonymousMetrics
    holds: HoldTable
    pins: PinTable
    sources: SourceRows
    writing: PassingPermission | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "Services":
        """The services that the environment names. Raises SettingsFault."""
        settings = OrchestratorSettings.from_env(environment)
        return cls(
            settings=settings,
            store=RecordTable(client("dynamodb"), settings.table_name),
            group=BackupGroup(client("autoscaling"), settings.group_name),
            instances=Instances(client("ec2")),
            stop_rule=StopRule(client("events"), settings.stop_rule_name),
            run_command=RunCommand(client("ssm"), settings.log_bucket),
            file_systems=FileSystems(client("efs")),
            metrics=Metrics(client("cloudwatch"), settings.stack_name),
            notifier=Notifier(client("sns"), settings.topic_arn),
            chat=ChatNotifier(client("sns"), settings.chat_topic_arn) if settings.chat_topic_arn else None,
            bus=EventBus(client("events")),
            zone=zone_of(settings.schedule_time_zone),
            anonymous_metrics=AnonymousMetrics(
                settings.metrics_endpoint, settings.solution_uuid, settings.aws_region
            ),
            holds=HoldTable(client("dynamodb"), settings.table_name),
            sources=SourceRows(client("dynamodb"), settings.table_name),
            pins=PinTable(client("dynamodb"), settings.table_name),
            writing=(
                PassingPermission(client("iam"), settings.worker_role, settings.restore_policy)
                if settings.restore_policy else None
            ),
        )  # fmt: skip


def zone_of(name: str) -> tzinfo:
    """The time zone of this name; UTC where none is given, or the machine does not know it."""
    found = zone_named(name)
    if found is None:
        _logger.warning("There is no time zone %s here: times are told in UTC", name)
    return found or UTC
