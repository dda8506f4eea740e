"""The queue of the shares."""

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from efs_backup.domain.sharing.fleet import Delivery, QueueFailed
from efs_backup.lib.sqs import SqsShares
from tests.lib.refusals import Refuse

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ORDER = "0123456789abcdef"
MOST_TRIES = 3


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "SQSClient":
    """Of Amazon SQS."""
    return session.client("sqs", region_name="us-east-1")


@pytest.fixture
def queue(aws: None, client: "SQSClient") -> SqsShares:
    """A queue whose shares are nobody else's for no time at all, with one of the dead."""
    dead = client.create_queue(QueueName="dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_TRIES})
    url = client.create_queue(QueueName="shares", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    return SqsShares(client, url, dead, hidden_seconds=0)


def _received(queue: SqsShares) -> Delivery:
    delivery = queue.receive(0)
    assert delivery
    return delivery


def test_each_share_is_handed_over(queue: SqsShares) -> None:
    """Also where they are more than one request can send."""
    queue.send(ORDER, range(25))
    found = set()
    while delivery := queue.receive(0):
        assert (delivery.order, delivery.times) == (ORDER, 1)
        found.add(delivery.share)
        queue.done(delivery)
    assert found == {*range(25)}


def test_a_share_that_nobody_keeps_is_handed_over_again_until_it_is_dead(queue: SqsShares) -> None:
    """Each time with another handle; in the end it is told once."""
    queue.send(ORDER, [7])
    deliveries = [_received(queue) for _ in range(MOST_TRIES)]
    assert [each.times for each in deliveries] == [1, 2, 3]
    assert len({each.handle for each in deliveries}) == MOST_TRIES
    assert queue.receive(0) is None
    (dead,) = queue.dead()
    assert (dead.order, dead.share) == (ORDER, 7)
    assert queue.dead() == []


def test_a_share_that_is_kept_is_nobody_elses_and_may_be_given_back(queue: SqsShares, client: "SQSClient") -> None:
    """Extending begins anew; giving back lets the next one have it at once."""
    patient = SqsShares(client, queue._url, queue._dead_url, hidden_seconds=60)
    queue.send(ORDER, [1])
    delivery = _received(patient)
    patient.extend(delivery)
    assert patient.receive(0) is None
    patient.give_back(delivery)
    assert _received(patient).times == 2


@pytest.mark.parametrize("call", ["extend", "give_back", "done"])
def test_a_share_that_is_gone_is_no_failure(queue: SqsShares, call: str) -> None:
    """Somebody else has done it meanwhile."""
    queue.send(ORDER, [1])
    delivery = _received(queue)
    queue.done(delivery)
    getattr(queue, call)(delivery)


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "7", "{", "[" * 100_000, json.dumps({"order": ORDER}), json.dumps({"share": 1}),
        json.dumps({"order": "../../etc", "share": 1}), json.dumps({"order": ORDER, "share": "1"}),
        json.dumps({"order": ORDER, "share": -1}), json.dumps({"order": ORDER, "share": True}),
        json.dumps({"order": ORDER, "share": 1e9}), json.dumps({"order": 7, "share": 1}),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_message_of_somebody_else_is_deleted(queue: SqsShares, client: "SQSClient", body: str) -> None:
    """A message of somebody else is logged, and hinders nobody."""
    for url in (queue._url, queue._dead_url):
        client.send_message(QueueUrl=url, MessageBody=body or " ")
    assert queue.receive(0) is None
    assert queue.dead() == []
    queue.send(ORDER, [3])
    assert _received(queue).share == 3
    assert queue.dead() == []


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("send_message_batch", "send"), ("receive_message", "receive"), ("change_message_visibility", "extend"),
        ("change_message_visibility", "give_back"), ("delete_message", "done"), ("receive_message", "dead"),
    ],
)  # fmt: skip
def test_a_queue_that_refuses_is_told_as_such(
    queue: SqsShares, client: "SQSClient", refuse: Refuse, operation: str, call: str
) -> None:
    """Nobody has to end for that."""
    delivery = Delivery(ORDER, 1, 1, "handle")
    arguments = {"send": (ORDER, [1]), "receive": (0.0,), "dead": ()}.get(call, (delivery,))
    refuse(client, operation, "AccessDenied")
    with pytest.raises(QueueFailed, match="AccessDenied"):
        getattr(queue, call)(*arguments)
