"""The Lambda function that takes every trigger."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..permissions.allow import Allow, acknowledge, permit

HANDLER = "efs_backup.orchestrator.handler.handler"
_MINUTES = 5
_MEMORY_MEGABYTES = 256
_LATEST_HOURS = 1
"""An event that could not be handled for so long goes to the queue: a backup that starts later disturbs the day."""


class Orchestrator(Construct):
    """The function, its log, its role with what it may do, and the queue of events that it could not handle."""

    def __init__(
        self, scope: Construct, code: lambda_.Code, environment: Mapping[str, str], may: Iterable[Allow]
    ) -> None:
        super().__init__(scope, "Orchestrator")
        self.failed_events = self._queue()
        self.role = self._role()
        self.log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self.function = self._function(code, environment)
        self.policy = permit(self, self.role, [self._write_logs(), *may])
        self._wait_for(self.policy)

    def _write_logs(self) -> Allow:
        return Allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [self.log_group.log_group_arn],
            reason="The ARN of a log group ends with :* for its streams.",
        )

    def _wait_for(self, policy: iam.Policy) -> None:
        """Its queue can only be set when its role may write there: the longer ago that was said, the surer it is so."""
        for child in self.function.node.children:
            if isinstance(child, lambda_.EventInvokeConfig):
                child.node.add_dependency(policy)

    def _role(self) -> iam.Role:
        """With one permission from the start: Lambda looks for it when the queue is set, and IAM takes its time."""
        keep = iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.failed_events.queue_arn])
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"FailedEvents": iam.PolicyDocument(statements=[keep])},
        )

    def _function(self, code: lambda_.Code, environment: Mapping[str, str]) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description="EFS backup: starts, stops and reports backups",
            code=code,
            handler=HANDLER,
            runtime=lambda_.Runtime.PYTHON_3_13,
            environment=environment,
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
            timeout=cdk.Duration.minutes(_MINUTES),
            memory_size=_MEMORY_MEGABYTES,
            max_event_age=cdk.Duration.hours(_LATEST_HOURS),
            on_failure=destinations.SqsDestination(self.failed_events),
        )
        acknowledge(function, "AwsSolutions-L1", "It is the version that the code is tested with; Lambda supports it.")
        return function

    def _queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self, "FailedEvents", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )  # fmt: skip
        acknowledge(queue, "AwsSolutions-SQS3", "It is the dead-letter queue itself.")
        return queue
