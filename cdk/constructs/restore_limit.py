"""The end of a restore that nobody ends: it comes from outside its instance, which may be dead, or without a boto3."""

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from .conditions import as_text, condition, equals, negated, only_if
from .worker_group import TOTAL, WorkerGroup

_HOUR_SECONDS = 3600


class RestoreLimit(Construct):
    """An alarm on an instance that is there for too long: it tells the operator, and takes the instance away.

    An alarm and a scaling policy need no role and no function. A schedule by rate would fire when it is made, and one
    for a point in time needs that point, which no template knows.
    """

    def __init__(self, scope: Construct, hours: int, group: WorkerGroup, topic: sns.ITopic) -> None:
        super().__init__(scope, "Limit")
        self._alarm(hours, group.name, [topic.topic_arn, self._end(group.name)])
        only_if(condition(self, "IsLimited", negated(equals(hours, "0"))), self)

    def _end(self, group: str) -> str:
        policy = autoscaling.CfnScalingPolicy(
            self,
            "End",
            auto_scaling_group_name=group,
            policy_type="SimpleScaling",
            adjustment_type="ExactCapacity",
            scaling_adjustment=0,
        )
        return policy.ref

    def _alarm(self, hours: int, group: str, actions: list[str]) -> None:
        cloudwatch.CfnAlarm(
            self,
            "TooLong",
            alarm_description=(
                f"The restore of {cdk.Aws.STACK_NAME} runs for {as_text(hours)} hours, and its instance is taken away."
                " What is restored stays. Its log, if it could be stored, is in the log bucket. Another restore goes on"
                " where this one was; give it more RestoreHours if it only was large."
            ),
            namespace="AWS/AutoScaling",
            metric_name=TOTAL,
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="AutoScalingGroupName", value=group)],
            statistic="Maximum",
            period=_HOUR_SECONDS,
            evaluation_periods=hours,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=actions,
        )
