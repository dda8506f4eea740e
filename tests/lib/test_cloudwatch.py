"""Figures of others, which may be unknown, and our own."""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from efs_backup.domain.operations.figures import NAMESPACE, Figure
from efs_backup.lib.cloudwatch import Metrics
from tests.lib.refusals import NOW, Refuse

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

SOURCE, BUCKET = "fs-0123456789abcdef0", "nightly-logs"


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "CloudWatchClient":
    """CloudWatch."""
    return session.client("cloudwatch")


@pytest.fixture
def metrics(client: "CloudWatchClient") -> Metrics:
    """The metrics of one stack."""
    return Metrics(client, "nightly")


def _measured(client: "CloudWatchClient", metric: str, value: float, time: datetime, file_system: str = SOURCE) -> None:
    client.put_metric_data(Namespace="AWS/EFS", MetricData=[{
        "MetricName": metric, "Value": value, "Timestamp": time,
        "Dimensions": [{"Name": "FileSystemId", "Value": file_system}],
    }])  # fmt: skip


_QUESTIONS = [("burst_credit_balance", "BurstCreditBalance"), ("permitted_throughput", "PermittedThroughput")]


@pytest.mark.parametrize(("call", "metric"), _QUESTIONS)
def test_the_newest_figure_of_a_file_system_is_told(
    client: "CloudWatchClient", metrics: Metrics, call: str, metric: str
) -> None:
    """In whatever order the points come, and of no other file system or metric."""
    for age, value in ((20, 1.0), (5, 3.5), (12, 2.0)):
        _measured(client, metric, value, NOW - timedelta(minutes=age))
    _measured(client, metric, 9.0, NOW - timedelta(minutes=1), "fs-other")
    _measured(client, "ClientConnections", 9.0, NOW - timedelta(minutes=1))
    assert getattr(metrics, call)(SOURCE, NOW) == 3.5


@pytest.mark.parametrize(("call", "metric"), _QUESTIONS)
def test_a_figure_that_is_too_old_is_unknown(
    client: "CloudWatchClient", metrics: Metrics, call: str, metric: str
) -> None:
    """An old figure says nothing about tonight."""
    _measured(client, metric, 1.0, NOW - timedelta(minutes=45))
    assert getattr(metrics, call)(SOURCE, NOW) is None


@pytest.mark.parametrize("call", ["burst_credit_balance", "permitted_throughput", "bucket_size"])
def test_a_figure_that_nobody_measured_is_unknown(metrics: Metrics, call: str) -> None:
    """A new file system has no points yet."""
    assert getattr(metrics, call)("fs-new", NOW) is None


def _bucket_measured(client: "CloudWatchClient", value: float, days: float, storage: str = "StandardStorage") -> None:
    dimensions = [{"Name": "BucketName", "Value": BUCKET}, {"Name": "StorageType", "Value": storage}]
    client.put_metric_data(Namespace="AWS/S3", MetricData=[{
        "MetricName": "BucketSizeBytes", "Value": value, "Timestamp": NOW - timedelta(days=days),
        "Dimensions": dimensions,  # type: ignore[typeddict-item]
    }])  # fmt: skip


def test_the_newest_size_of_a_bucket_is_told(client: "CloudWatchClient", metrics: Metrics) -> None:
    """Of its standard storage."""
    for days, value in ((1.9, 4096.0), (0.9, 8192.0)):
        _bucket_measured(client, value, days)
    _bucket_measured(client, 5.0, 0.5, "GlacierStorage")
    assert metrics.bucket_size(BUCKET, NOW) == 8192


def test_a_bucket_is_measured_once_a_day_and_a_day_may_be_late(client: "CloudWatchClient", metrics: Metrics) -> None:
    """Two days old is still the newest."""
    _bucket_measured(client, 4096.0, 2)
    assert metrics.bucket_size(BUCKET, NOW) == 4096


@pytest.mark.parametrize("call", ["burst_credit_balance", "permitted_throughput", "bucket_size"])
@pytest.mark.parametrize("code", ["AccessDenied", "InternalServiceFault"])
def test_a_figure_that_cannot_be_read_is_unknown_and_logged(
    client: "CloudWatchClient", metrics: Metrics, refuse: Refuse, caplog: pytest.LogCaptureFixture, call: str, code: str
) -> None:
    """No backup fails for want of a figure."""
    refuse(client, "get_metric_statistics", code)
    assert getattr(metrics, call)("name", NOW) is None
    assert [record.levelno for record in caplog.records if "could not be read" in record.message] == [logging.WARNING]


@pytest.fixture
def unreachable(session: boto3.Session) -> "CloudWatchClient":
    """CloudWatch, to which there is no way from this network."""
    lost = session.client("cloudwatch")

    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://monitoring.us-east-1.amazonaws.com")

    lost.meta.events.register("before-call.cloudwatch", fail)
    return lost


def test_a_service_without_a_way_to_it_fails_nothing(
    unreachable: "CloudWatchClient", caplog: pytest.LogCaptureFixture
) -> None:
    """Neither reading nor writing."""
    lost = Metrics(unreachable, "nightly")
    assert lost.burst_credit_balance(SOURCE, NOW) is None
    lost.put({Figure.NUMBER_OF_FILES: 1}, NOW)
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2


def _written(client: "CloudWatchClient") -> dict[str, float]:
    found = client.list_metrics(Namespace=NAMESPACE)["Metrics"]
    values = {}
    for metric in found:
        assert metric["Dimensions"] == [{"Name": "StackName", "Value": "nightly"}]
        points = client.get_metric_statistics(
            Namespace=NAMESPACE, MetricName=metric["MetricName"], Dimensions=metric["Dimensions"], Period=60,
            StartTime=NOW - timedelta(minutes=1), EndTime=NOW + timedelta(minutes=1), Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        values[metric["MetricName"]] = sum(point["Sum"] for point in points)
    return values


def test_our_figures_are_written_under_the_name_of_the_stack(client: "CloudWatchClient", metrics: Metrics) -> None:
    """At the time that is given."""
    figures = {
        Figure.BACKUP_DURATION: 90.5, Figure.NUMBER_OF_FILES: 12, Figure.NUMBER_OF_FILES_TRANSFERRED: 0,
        Figure.TOTAL_FILE_SIZE: 5_000, Figure.WINDOW_USED: 81.5, Figure.HOURS_SINCE_LAST_SUCCESS: 23.5,
    }  # fmt: skip
    metrics.put(figures, NOW)
    assert _written(client) == figures


def test_what_is_unknown_is_not_written(client: "CloudWatchClient", metrics: Metrics) -> None:
    """Zero is known."""
    metrics.put({Figure.NUMBER_OF_FILES: None, Figure.TOTAL_FILE_SIZE: 0}, NOW)
    assert _written(client) == {"TotalFileSize": 0}


@pytest.mark.parametrize("figures", [{}, {Figure.NUMBER_OF_FILES: None}])
def test_nothing_known_writes_nothing(
    client: "CloudWatchClient", metrics: Metrics, refuse: Refuse, caplog: pytest.LogCaptureFixture,
    figures: dict[Figure, float | None],
) -> None:  # fmt: skip
    """CloudWatch is not even asked: it refuses an empty list."""
    refuse(client, "put_metric_data", "MissingParameter")
    metrics.put(figures, NOW)
    assert caplog.records == []


def test_figures_that_cannot_be_written_are_logged(
    client: "CloudWatchClient", metrics: Metrics, refuse: Refuse, caplog: pytest.LogCaptureFixture
) -> None:
    """No backup fails for it."""
    refuse(client, "put_metric_data", "Throttling")
    metrics.put({Figure.NUMBER_OF_FILES: 1}, NOW)
    assert "could not be written" in caplog.text
