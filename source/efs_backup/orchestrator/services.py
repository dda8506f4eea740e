"""What the orchestrator works with, made once for a container."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.ports import BackupStore
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.clients import client
from efs_backup.lib.cloudwatch import Metrics
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.ec2 import Instances
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.events import StopRule
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.notify import AnonymousMetrics, Notifier
from efs_backup.lib.source_table import SourceRows
from efs_backup.lib.ssm import RunCommand


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
    anonymous_metrics: AnonymousMetrics
    holds: HoldTable
    sources: SourceRows

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
            anonymous_metrics=AnonymousMetrics(
                settings.metrics_endpoint, settings.solution_uuid, settings.aws_region
            ),
            holds=HoldTable(client("dynamodb"), settings.table_name),
            sources=SourceRows(client("dynamodb"), settings.table_name),
        )  # fmt: skip
