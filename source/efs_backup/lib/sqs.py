"""SQS: the queue that hands the shares of a backup over, and the one of those that came to no end."""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.sharing.fleet import Delivery, QueueFailed
from efs_backup.domain.sharing.workers import HIDDEN_SECONDS
from efs_backup.lib.aws_errors import code_of, message_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_logger = logging.getLogger(__name__)
_LONGEST_POLL = 15
"""Seconds; a client waits for an answer for 20."""

_MOST_AT_ONCE = 10
"""Messages of one request (Amazon SQS API Reference, "SendMessageBatch", "ReceiveMessage")."""

_ORDER = re.compile(r"[0-9a-f]{1,64}")
_MOST_SHARES = 100_000
_NOBODYS_ANY_MORE = ("MessageNotInflight", "ReceiptHandleIsInvalid")
_EXPIRED = "expired"


class SqsShares:
    """The queues of one stack. See `efs_backup.domain.sharing.fleet.ShareQueue`."""

    def __init__(self, client: "SQSClient", url: str, dead_url: str, hidden_seconds: int = HIDDEN_SECONDS) -> None:
        self._client = client
        self._url = url
        self._dead_url = dead_url
        self._hidden = hidden_seconds

    @property
    def hidden_seconds(self) -> float:
        """See ShareQueue."""
        return self._hidden

    def send(self, order: str, shares: Sequence[int]) -> None:
        """See ShareQueue. A share may be sent twice where an answer is lost, which does no harm."""
        for first in range(0, len(shares), _MOST_AT_ONCE):
            some = shares[first : first + _MOST_AT_ONCE]
            entries = [{"Id": str(share), "MessageBody": _body(order, share)} for share in some]
            with _failing("sent to"):
                answer: Mapping[str, Any] = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            if refused := answer.get("Failed"):
                raise QueueFailed(f"{len(refused)} shares cannot be sent to the queue: {refused[0].get('Message')}.")

    def receive(self, seconds: float) -> Delivery | None:
        """See ShareQueue. What is no share is deleted and logged."""
        for message in self._messages(self._url, 1, min(_LONGEST_POLL, int(seconds))):
            if delivery := _delivery(message):
                return delivery
            self._drop(self._url, message)
        return None

    def extend(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        self._hide(delivery, self._hidden)

    def give_back(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        self._hide(delivery, 0)

    def done(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        self._delete(self._url, delivery.handle)

    def dead(self) -> list[Delivery]:
        """See ShareQueue."""
        found = []
        for message in self._messages(self._dead_url, _MOST_AT_ONCE, 0):
            if delivery := _delivery(message):
                found.append(delivery)
                self._delete(self._dead_url, delivery.handle)
            else:
                self._drop(self._dead_url, message)
        return found

    def _messages(self, url: str, most: int, seconds: int) -> Sequence[Mapping[str, Any]]:
        with _failing("received from"):
            return self._client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=most, WaitTimeSeconds=seconds, VisibilityTimeout=self._hidden,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            ).get("Messages", [])  # fmt: skip

    def _drop(self, url: str, message: Mapping[str, Any]) -> None:
        _logger.warning("A message of the queue is no share, and is deleted: %.200r", message.get("Body"))
        self._delete(url, str(message["ReceiptHandle"]))

    def _hide(self, delivery: Delivery, seconds: int) -> None:
        with _failing("kept in"), _being_anothers():
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=delivery.handle, VisibilityTimeout=seconds
            )

    def _delete(self, url: str, handle: str) -> None:
        with _failing("taken out of"), _being_anothers():
            self._client.delete_message(QueueUrl=url, ReceiptHandle=handle)


def _body(order: str, share: int) -> str:
    return json.dumps({"order": order, "share": share})


def _delivery(message: Mapping[str, Any]) -> Delivery | None:
    """The share that a message names; None where it is no message of ours."""
    try:
        said = json.loads(str(message.get("Body")))
        order, share = said["order"], said["share"]
        times = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_order = isinstance(order, str) and _ORDER.fullmatch(order)
    is_share = type(share) is int and 0 <= share < _MOST_SHARES
    return Delivery(order, share, times, str(message["ReceiptHandle"])) if is_order and is_share else None


@contextmanager
def _failing(how: str) -> Iterator[None]:
    """Raise QueueFailed where Amazon SQS refuses or cannot be reached."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise QueueFailed(f"Shares cannot be {how} the queue: {error}.") from error


@contextmanager
def _being_anothers() -> Iterator[None]:
    """Go on where a message is gone, or another's by now."""
    try:
        yield
    except ClientError as error:
        if not code_of(error).endswith(_NOBODYS_ANY_MORE) and _EXPIRED not in message_of(error):
            raise
