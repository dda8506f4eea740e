"""The things that an operator looks at beside the records: alarms, subscriptions, who asks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from efs_backup.domain.operations.status import Alarm

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sns import SNSClient

_AT_A_TIME = 100
"""Names of alarms that CloudWatch takes in one request (DescribeAlarms)."""
_UNCONFIRMED = "PendingConfirmation"


class _Tokens(Protocol):
    """The one call of boto3's client that is made here."""

    def get_caller_identity(self) -> Any:
        """Who calls."""


@dataclass(frozen=True)
class Caller:
    """Whose credentials these are: the ARN."""

    arn: str

    @classmethod
    def of(cls, client: _Tokens) -> "Caller":
        """Ask; nobody needs a permission for that."""
        return cls(str(client.get_caller_identity()["Arn"]))

    @property
    def name(self) -> str:
        """The user, or the role and the name of its session: `user/ann`, `assumed-role/Operators/ann`."""
        return self.arn.split(":", 5)[-1]

    def topic(self, name: str, region: str) -> str:
        """The ARN of a topic of this account; one that is given in full, of another perhaps, stays."""
        if name.startswith("arn:"):
            return name
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:sns:{region}:{account}:{name}"


def alarms_of(stacks: "CloudFormationClient", watch: "CloudWatchClient", stack: str) -> list[Alarm]:
    """The alarms of a stack that are in ALARM, by name."""
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = (one for page in pages for one in page["StackResourceSummaries"])
    names = [
        str(one["PhysicalResourceId"]) for one in resources
        if one["ResourceType"] == "AWS::CloudWatch::Alarm" and one.get("PhysicalResourceId")
    ]  # fmt: skip
    found = list[Alarm]()
    for first in range(0, len(names), _AT_A_TIME):
        described = watch.describe_alarms(AlarmNames=names[first : first + _AT_A_TIME], StateValue="ALARM")
        found += [
            Alarm(one["AlarmName"], one["StateUpdatedTimestamp"], one.get("StateReason", ""))
            for one in described["MetricAlarms"]
        ]
    return sorted(found, key=lambda one: one.name)


def unconfirmed(client: "SNSClient", topic: str) -> list[str]:
    """The addresses of a topic that have not confirmed that they want its mails."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    told = (one for page in pages for one in page["Subscriptions"])
    return sorted(one["Endpoint"] for one in told if one["SubscriptionArn"] == _UNCONFIRMED)
