"""The looks of an operator beside the records."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from efs_backup.domain.errors import ServiceFault
from efs_backup.domain.operations.status import Alarm
from efs_backup.lib.functions import Function
from efs_backup.lib.looks import Caller, alarms_of, unconfirmed

_SINCE = datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_the_alarms_of_a_stack_are_those_that_it_made(session: boto3.Session) -> None:
    """By its resources, not by names that look like it: another stack may be called `backups-2`."""
    stacks, watch = session.client("cloudformation"), session.client("cloudwatch")
    resource = {"LastUpdatedTimestamp": _SINCE, "ResourceStatus": "CREATE_COMPLETE"}
    summaries = [
        {**resource, "LogicalResourceId": "A", "PhysicalResourceId": "a-1", "ResourceType": "AWS::CloudWatch::Alarm"},
        {**resource, "LogicalResourceId": "B", "PhysicalResourceId": "b-1", "ResourceType": "AWS::SNS::Topic"},
        {**resource, "LogicalResourceId": "C", "ResourceType": "AWS::CloudWatch::Alarm"},
    ]
    found = {"AlarmName": "a-1", "StateUpdatedTimestamp": _SINCE, "StateReason": "Threshold crossed"}
    with Stubber(stacks) as of_stacks, Stubber(watch) as of_watch:
        of_stacks.add_response("list_stack_resources", {"StackResourceSummaries": summaries}, {"StackName": "backups"})
        of_watch.add_response(
            "describe_alarms", {"MetricAlarms": [found]}, {"AlarmNames": ["a-1"], "StateValue": "ALARM"}
        )
        assert alarms_of(stacks, watch, "backups") == [Alarm("a-1", _SINCE, "Threshold crossed")]


def test_a_stack_without_alarms_asks_for_none(session: boto3.Session) -> None:
    """No names would mean all alarms of the account."""
    stacks, watch = session.client("cloudformation"), session.client("cloudwatch")
    with Stubber(stacks) as of_stacks, Stubber(watch):
        of_stacks.add_response("list_stack_resources", {"StackResourceSummaries": []}, {"StackName": "backups"})
        assert alarms_of(stacks, watch, "backups") == []


def test_who_has_not_confirmed_is_named(session: boto3.Session) -> None:
    """SNS gives no ARN to a subscription that waits."""
    client, topic = session.client("sns"), "arn:aws:sns:us-east-1:123456789012:reports"
    told = {"Owner": "123456789012", "Protocol": "email", "TopicArn": topic}
    subscriptions = [
        {**told, "Endpoint": "a@example.com", "SubscriptionArn": "PendingConfirmation"},
        {**told, "Endpoint": "b@example.com", "SubscriptionArn": f"{topic}:0a1b"},
    ]
    with Stubber(client) as of_client:
        of_client.add_response("list_subscriptions_by_topic", {"Subscriptions": subscriptions}, {"TopicArn": topic})
        assert unconfirmed(client, topic) == ["a@example.com"]


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::123456789012:user/ann", "user/ann"),
        ("arn:aws-cn:sts::123456789012:assumed-role/Operators/ann", "assumed-role/Operators/ann"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)  # fmt: skip
def test_a_caller_is_named_as_people_know_them(arn: str, name: str) -> None:
    """Without account and partition, which the topic has."""
    caller = Caller(arn)
    assert caller.name == name
    assert (
        caller.topic("reports", "cn-north-1") == f"{':'.join(arn.split(':')[:2])}:sns:cn-north-1:123456789012:reports"
    )


def test_a_topic_that_was_given_in_full_is_that_one() -> None:
    """As ExistingTopicArn gives it, of another account perhaps."""
    topic = "arn:aws:sns:eu-central-1:999999999999:reports"
    assert Caller("arn:aws:iam::123456789012:user/ann").topic(topic, "eu-central-1") == topic


class _Answer:
    """The answer of a function."""

    def __init__(self, body: bytes, error: str | None = None) -> None:
        self._body, self._error = body, error

    def invoke(self, **_: object) -> dict[str, Any]:
        """Answer."""
        return {"Payload": self, **({"FunctionError": self._error} if self._error else {})}

    def read(self) -> bytes:
        """Its body."""
        return self._body


def test_a_function_that_fails_is_told_with_its_error() -> None:
    """Whatever it has written."""
    told = {"action": "start", "reason": "it is time"}
    assert Function(_Answer(json.dumps(told).encode()), "f").ask({}) == told  # type: ignore[arg-type]
    for body, said in ((b'{"errorType": "Gone", "errorMessage": "no"}', "Gone: no"), (b"\xff[", "[")):
        with pytest.raises(ServiceFault, match="The function f failed") as fault:
            Function(_Answer(body, "Unhandled"), "f").ask({})  # type: ignore[arg-type]
        assert said in fault.value.message
