"""Metrics that alarms and graphs look at."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from efs_backup.domain.operations.figures import NAMESPACE, STACK_DIMENSION, Figure


def own_metric(figure: Figure, statistic: str, period: cdk.Duration, label: str | None = None) -> cloudwatch.Metric:
    """A metric that our programs write, of this stack."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=figure.value,
        dimensions_map={STACK_DIMENSION: cdk.Aws.STACK_NAME},
        statistic=statistic,
        period=period,
        label=label,
    )


def of_file_system(metric: str, file_system: str, statistic: str, label: str) -> cloudwatch.Metric:
    """A metric of Amazon EFS, in steps of five minutes."""
    return cloudwatch.Metric(
        namespace="AWS/EFS",
        metric_name=metric,
        dimensions_map={"FileSystemId": file_system},
        statistic=statistic,
        period=cdk.Duration.minutes(5),
        label=label,
    )
