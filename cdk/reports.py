"""How the operator is told: a topic that sends e-mail."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

_ALARMS = iam.ServicePrincipal("cloudwatch.amazonaws.com")


class Reports(Construct):
    """An encrypted topic with one e-mail address.

    Alarms cannot use the key that Amazon SNS has in each account, so the topic has a key of its own.
    """

    def __init__(self, scope: Construct, email: str) -> None:
        super().__init__(scope, "Reports")
        key = kms.Key(
            self, "Key", description="Reports of EFS backups", enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self.key = key.key_arn
        key.add_to_resource_policy(_for_alarms(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
        self.topic.add_to_resource_policy(_for_alarms(["sns:Publish"], self.topic.topic_arn))


def _for_alarms(actions: list[str], resource: str) -> iam.PolicyStatement:
    """In the policy of a key, `*` is that key."""
    return iam.PolicyStatement(
        principals=[_ALARMS],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    )
