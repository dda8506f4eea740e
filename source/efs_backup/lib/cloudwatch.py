"""CloudWatch: figures of others, which may be unknown, and our own."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.operations.figures import LABEL_DIMENSION, NAMESPACE, STACK_DIMENSION, Figure

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.literals import StandardUnitType
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef

_logger = logging.getLogger(__name__)
_RECENTLY = timedelta(minutes=30)
_DAYS = timedelta(days=3)
"""Amazon S3 measures a bucket once a day (Amazon S3 User Guide, "Metrics and dimensions")."""

_UNITS: Mapping[Figure, "StandardUnitType"] = {
    Figure.BACKUP_DURATION: "Seconds",
    Figure.TOTAL_FILE_SIZE: "Bytes",
    Figure.TOTAL_TRANSFERRED_FILE_SIZE: "Bytes",
    Figure.NUMBER_OF_FILES: "Count",
    Figure.NUMBER_OF_FILES_TRANSFERRED: "Count",
    Figure.HELD_DAYS: "Count",
    Figure.WINDOW_USED: "Percent",
    Figure.SCRUB_COVERAGE: "Percent",
}
"""The units of figures; one that is not here has the unit `None`, which is CloudWatch's word."""


class Metrics:
    """Reads and writes metrics. Nothing here ever fails a backup: what cannot be read is unknown, and is logged."""

    def __init__(self, client: "CloudWatchClient", stack_name: str, label: str = "") -> None:
        self._client = client
        self._stack_name = stack_name
        self._label = label

    def of_label(self, label: str) -> "Metrics":
        """The same, where what is written is of this label, and no more of the stack alone."""
        return Metrics(self._client, self._stack_name, label)

    def burst_credit_balance(self, file_system_id: str, now: datetime) -> float | None:
        """The newest burst credit balance of a file system, in bytes; None if unknown."""
        return self._of_file_system("BurstCreditBalance", file_system_id, now)

    def permitted_throughput(self, file_system_id: str, now: datetime) -> float | None:
        """The newest permitted throughput of a file system, in bytes a second; None if unknown."""
        return self._of_file_system("PermittedThroughput", file_system_id, now)

    def bucket_size(self, bucket: str, now: datetime) -> float | None:
        """The newest size of a bucket in bytes (standard storage); None if unknown."""
        dimensions = {"BucketName": bucket, "StorageType": "StandardStorage"}
        return self._newest("AWS/S3", "BucketSizeBytes", dimensions, now - _DAYS, now)

    def put(self, figures: Mapping[Figure, float | None], now: datetime) -> None:
        """Write our own metrics; what is None is left out."""
        known = {name: value for name, value in figures.items() if value is not None}
        if not known:
            return
        try:
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=[
                {
                    "MetricName": name, "Value": value, "Unit": _UNITS.get(name, "None"), "Timestamp": now,
                    "Dimensions": self._dimensions(),
                }
                for name, value in known.items()
            ])  # fmt: skip
        except (ClientError, BotoCoreError):
            _logger.warning("Our metrics could not be written", exc_info=True)

    def _dimensions(self) -> "list[DimensionTypeDef]":
        label: list[DimensionTypeDef] = [{"Name": LABEL_DIMENSION, "Value": self._label}] if self._label else []
        return [{"Name": STACK_DIMENSION, "Value": self._stack_name}, *label]

    def _of_file_system(self, metric: str, file_system_id: str, now: datetime) -> float | None:
        return self._newest("AWS/EFS", metric, {"FileSystemId": file_system_id}, now - _RECENTLY, now)

    def _newest(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], start: datetime, end: datetime
    ) -> float | None:
        try:
            found = self._client.get_metric_statistics(
                Namespace=namespace, MetricName=metric, StartTime=start, EndTime=end, Statistics=["Average"],
                Period=300, Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            )["Datapoints"]  # fmt: skip
        except (ClientError, BotoCoreError):
            _logger.warning("The metric %s could not be read", metric, exc_info=True)
            return None
        newest = max(found, key=lambda point: point["Timestamp"], default=None)
        return newest["Average"] if newest else None
