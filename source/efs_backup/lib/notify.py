"""How the operator is told, and (only if wanted) anonymous metrics."""

import json
import logging
import urllib.request
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import ReportFailed
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.anonymous import anonymous
from efs_backup.domain.operations.reports.chat import chat_notification
from efs_backup.domain.operations.reports.message import NOT_SENT, Report

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

SOLUTION_ID = "SO0031"
"""The number of the solution that this project replaces, so that metrics go on."""

_logger = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 5.0
_SCHEMES = ("http://", "https://")


class Notifier:
    """Sends reports to one SNS topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def report(self, report: Report) -> None:
        """Tell the operator. Raises ReportFailed where SNS does not take it."""
        try:
            self._client.publish(
                TopicArn=self._topic_arn, Subject=report.subject, Message=report.text,
                MessageAttributes=_attributes(report),
            )  # fmt: skip
        except (ClientError, BotoCoreError) as error:
            raise ReportFailed(f"{NOT_SENT} to {self._topic_arn}: {error}.") from error


class ChatNotifier:
    """Sends reports to the topic of a chat channel, in the words of Amazon Q Developer in chat applications."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def notify(self, report: Report) -> None:
        """Tell the channel. Raises ReportFailed where SNS does not take it."""
        try:
            self._client.publish(
                TopicArn=self._topic_arn, Message=chat_notification(report), MessageAttributes=_attributes(report)
            )
        except (ClientError, BotoCoreError) as error:
            raise ReportFailed(f"{NOT_SENT} to the chat by {self._topic_arn}: {error}.") from error


def _attributes(report: Report) -> "dict[str, MessageAttributeValueTypeDef]":
    """The attributes that filter policies of subscriptions look at."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in report.attributes.items()}


class AnonymousMetrics:
    """Sends figures of a backup, without ids of file systems, prefix or message, to an endpoint of the operator's.

    An empty endpoint sends nothing. A failure is logged and is no failure of the backup.
    """

    def __init__(self, endpoint: str, solution_uuid: str, region: str) -> None:
        self._endpoint = endpoint
        self._uuid = solution_uuid
        self._region = region

    def send(self, backup: BackupRecord, now: datetime) -> None:
        """Send the figures of this backup."""
        if not self._endpoint:
            return
        try:
            self._post(
                {
                    "Solution": SOLUTION_ID,
                    "UUID": self._uuid,
                    "TimeStamp": now.isoformat(),
                    "Data": {**anonymous(backup), "Region": self._region},
                }
            )
        except (OSError, ValueError, HTTPException):
            _logger.warning("The anonymous metrics could not be sent to %s", self._endpoint, exc_info=True)

    def _post(self, body: dict[str, object]) -> None:
        if not self._endpoint.startswith(_SCHEMES):
            raise ValueError(f"{self._endpoint!r} is no web address")
        request = urllib.request.Request(  # noqa: S310 - the scheme has just been checked
            self._endpoint, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"}
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            _logger.info("Anonymous metrics sent: HTTP %s", answer.status)
