"""The dashboard: two file systems side by side, and the backups."""

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.conditions import is_yes, only_if
from cdk.worker_role import NAMESPACE

if TYPE_CHECKING:
    from cdk.backup_settings import BackupSettings

_HALF = 12
_FIVE_MINUTES = cdk.Duration.minutes(5)


class Dashboard(Construct):
    """Made only if it is wanted."""

    def __init__(self, scope: Construct, wanted: str, rows: list[list[cloudwatch.IWidget]]) -> None:
        super().__init__(scope, "Board")
        board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=board_name(), widgets=rows)
        self.condition = is_yes(self, "IsWanted", wanted)
        only_if(self.condition, board)
        self.name = board.dashboard_name


def board_name() -> str:
    """The name of a stack's dashboard, known before it is made."""
    return f"{cdk.Aws.STACK_NAME}-{cdk.Aws.REGION}"


def of_backups(settings: "BackupSettings", function: lambda_.Function) -> list[list[cloudwatch.IWidget]]:
    """Source and backup side by side, then the backups, then their orchestrator."""
    source, backup = settings.form.text("SrcEFS"), settings.backup
    return [*file_systems(("Source", source), ("Backup", backup)), _backups(), _orchestrator(function)]


def file_systems(source: tuple[str, str], backup: tuple[str, str]) -> list[list[cloudwatch.IWidget]]:
    """Two file systems, each a title and an id."""
    metrics = (("BurstCreditBalance", "Minimum"), ("PermittedThroughput", "Average"), ("TotalIOBytes", "Sum"))
    return [
        [
            _graph(f"{title}: {metric}", [_of_file_system(metric, identity, statistic)])
            for title, identity in (source, backup)
        ]
        for metric, statistic in metrics
    ]


def _backups() -> list[cloudwatch.IWidget]:
    """How long backups take, and how much they hold and copy."""
    day = cdk.Duration.days(1)
    return [
        _graph("Duration of backups", [own_metric("BackupDuration", "Maximum", day)]),
        cloudwatch.GraphWidget(
            title="Files and bytes",
            width=_HALF,
            left=[own_metric("NumberOfFiles", "Maximum", day)],
            right=[own_metric(name, "Maximum", day) for name in ("TotalFileSize", "TotalTransferredFileSize")],
        ),
    ]


def _orchestrator(function: lambda_.Function) -> list[cloudwatch.IWidget]:
    """Whether backups happen, and whether their orchestrator is well."""
    return [
        _graph("Hours since the last success", [own_metric("HoursSinceLastSuccess", "Maximum", _FIVE_MINUTES)]),
        _graph("Orchestrator", [function.metric_invocations(), function.metric_errors()]),
    ]


def own_metric(name: str, statistic: str, period: cdk.Duration) -> cloudwatch.Metric:
    """A metric that our programs write, of this stack."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"StackName": cdk.Aws.STACK_NAME},
        statistic=statistic,
        period=period,
    )


def _of_file_system(metric: str, file_system: str, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/EFS",
        metric_name=metric,
        dimensions_map={"FileSystemId": file_system},
        statistic=statistic,
        period=_FIVE_MINUTES,
    )


def _graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, width=_HALF, left=metrics)
