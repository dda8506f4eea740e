"""When backups start by the clock of a time zone, with summer time: a schedule of EventBridge Scheduler."""

import json

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from cdk.conditions import is_given, only_if
from cdk.form import Form
from cdk.orchestrator import Orchestrator
from efs_backup.domain.operations.triggers import start_event

_FIRING = "<aws.scheduler.scheduled-time>"
"""The same for each delivery of one firing, as the id of an event is; an execution's id differs with each try."""

_LATEST_SECONDS = 3600
_MOST_TRIES = 185
"""As many as there can be: the time ends them."""


class ZonedSchedule(Construct):
    """A schedule, with a role that may start the function and keep what could not be delivered.

    It takes the place of the rule in UTC where a time zone is given.
    """

    def __init__(self, scope: Construct, form: Form, orchestrator: Orchestrator, *, instead_of: events.Rule) -> None:
        super().__init__(scope, "ZonedStart")
        self._orchestrator = orchestrator
        zone = form.text("ScheduleTimeZone")
        self._schedule(form.text("BackupSchedule"), zone, self._role())
        only_if(is_given(self, "InZone", zone), self)
        only_if(cdk.CfnCondition(self, "InUtc", expression=cdk.Fn.condition_equals(zone, "")), instead_of)

    def _schedule(self, expression: str, zone: str, role: iam.Role) -> None:
        scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Starts a backup",
            schedule_expression=expression,
            schedule_expression_timezone=zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._orchestrator.function.function_arn,
                role_arn=role.role_arn,
                input=json.dumps(start_event() | {"event_id": _FIRING}),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=self._orchestrator.failed_events.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_LATEST_SECONDS, maximum_retry_attempts=_MOST_TRIES
                ),
            ),
        )

    def _role(self) -> iam.Role:
        may = {
            "lambda:InvokeFunction": self._orchestrator.function.function_arn,
            "sqs:SendMessage": self._orchestrator.failed_events.queue_arn,
        }
        statements = [iam.PolicyStatement(actions=[action], resources=[on]) for action, on in may.items()]
        service = iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        )
        policy = iam.PolicyDocument(statements=statements)
        return iam.Role(self, "Role", assumed_by=service, inline_policies={"Start": policy})
