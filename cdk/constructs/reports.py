"""How the operator is told: a topic that sends e-mail, the stack's own or one that is there; a chat; the event bus."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..parameters.reports import Reports as Asked
from ..permissions import arns
from ..permissions.allow import Allow, permit
from .conditions import condition, either, equals, is_given, only_if

_ALARMS = iam.ServicePrincipal("cloudwatch.amazonaws.com")
_USE = ["kms:Decrypt", "kms:GenerateDataKey"]
_OF_OTHERS = "The key of a topic that was given has no name here; only Amazon SNS may use it for this role."


class Reports(Construct):
    """An encrypted topic of the stack, or the one that was given; with one e-mail address, if one was given.

    Alarms cannot use the key that Amazon SNS has in each account, so the stack's topic has a key of its own.
    """

    def __init__(self, scope: Construct, asked: Asked) -> None:
        super().__init__(scope, "Reports")
        given, self._chat = asked.topic, asked.chat_topic
        self._is_own = condition(self, "IsOwn", equals(given, ""))
        self._chats = is_given(self, "Chats", self._chat)
        self._key = self._own_key()
        own = self._own_topic()
        self.arn = either(self._is_own, own.topic_arn, given)
        self.name = either(self._is_own, own.topic_name, given)
        self.topic = sns.Topic.from_topic_arn(self, "Told", self.arn)
        self._subscribe(asked.email)

    def _own_key(self) -> kms.Key:
        key = kms.Key(
            self, "Key", description="Reports of EFS backups", enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        key.add_to_resource_policy(_for_alarms(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
        only_if(self._is_own, key)
        return key

    def _own_topic(self) -> sns.Topic:
        topic = sns.Topic(self, "Topic", master_key=self._key, enforce_ssl=True)
        topic.add_to_resource_policy(_for_alarms(["sns:Publish"], topic.topic_arn))
        only_if(self._is_own, topic)
        return topic

    def _subscribe(self, email: str) -> None:
        subscription = sns.CfnSubscription(
            self, "Mail", protocol="email", endpoint=email, topic_arn=self.arn
        )  # fmt: skip
        only_if(is_given(self, "Mails", email), subscription)

    def let_tell(self, role: iam.Role) -> iam.Policy:
        """Let a role publish on the topic and for the chat, with the keys of both, and put events on the bus.

        One policy without a condition, so that what comes after it can wait for it.
        """
        topics = [self.arn, either(self._chats, self._chat, self.arn)]
        mine = either(self._is_own, self._key.key_arn, arns.any_key())
        keys = [mine, either(self._chats, arns.any_key(), mine)]
        region, suffix = cdk.Aws.REGION, cdk.Aws.URL_SUFFIX
        through = {"kms:ViaService": [f"sns.{region}.amazonaws.com", f"sns.{region}.{suffix}"]}
        return permit(Construct(self, "Told by"), role, [
            Allow(["sns:Publish"], topics),
            Allow(["events:PutEvents"], [arns.default_bus()]),
            Allow(_USE, keys, reason=_OF_OTHERS, conditions={"StringEquals": through}),
        ])  # fmt: skip


def _for_alarms(actions: list[str], resource: str) -> iam.PolicyStatement:
    """In the policy of a key, `*` is that key."""
    return iam.PolicyStatement(
        principals=[_ALARMS],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    )
