"""When backups start by the clock of a time zone, with summer time: a schedule of EventBridge Scheduler."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from efs_backup.domain.operations.triggers import drill_event, start_event

from ..parameters.series import When
from .conditions import Truth, both, condition, equals, negated, only_if
from .orchestrator import Orchestrator

_FIRING = "<aws.scheduler.scheduled-time>"
"""The same for each delivery of one firing, as the id of an event is; an execution's id differs with each try."""

_LATEST_SECONDS = 3600
_MOST_TRIES = 185
"""As many as there can be: the time ends them."""


@dataclass(frozen=True)
class Started:
    """The start that a schedule makes: by which expression, with which event."""

    expression: str
    event: Mapping[str, str]
    description: str


class ZonedSchedule(Construct):
    """A schedule, with a role that may start the function and keep what could not be delivered.

    It takes the place of the rule in UTC where a time zone is given. `wanted`: whether there is a schedule at all.
    """

    def __init__(
        self, scope: Construct, when: When, orchestrator: Orchestrator, *, instead_of: events.Rule,
        started: Started | None = None, wanted: Truth = True, name: str = "ZonedStart",
    ) -> None:  # fmt: skip
        super().__init__(scope, name)
        self._orchestrator = orchestrator
        zone = when.time_zone
        self._schedule(started or _backup(when), zone, self._role())
        in_utc = equals(zone, "")
        only_if(condition(self, "InZone", both(negated(in_utc), wanted)), self)
        only_if(condition(self, "InUtc", both(in_utc, wanted)), instead_of)

    def _schedule(self, started: Started, zone: str, role: iam.Role) -> None:
        scheduler.CfnSchedule(
            self,
            "Schedule",
            description=started.description,
            schedule_expression=started.expression,
            schedule_expression_timezone=zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._orchestrator.function.function_arn,
                role_arn=role.role_arn,
                input=json.dumps({**started.event, "event_id": _FIRING}),
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


def _backup(when: When) -> Started:
    return Started(when.schedule, start_event(), "Starts a backup")


class DrillTriggers(Construct):
    """The schedule of drills, in the manner of that of backups; none where none is given."""

    def __init__(self, scope: Construct, when: When, schedule: str, orchestrator: Orchestrator) -> None:
        super().__init__(scope, "DrillTriggers")
        started = Started(schedule, drill_event(), "Starts a drill")
        wanted = negated(equals(started.expression, ""))
        if wanted is False:
            return
        rule = self._rule(started, orchestrator)
        ZonedSchedule(self, when, orchestrator, instead_of=rule, started=started, wanted=wanted)

    def _rule(self, started: Started, orchestrator: Orchestrator) -> events.Rule:
        """A firing may be delivered twice: its id tells."""
        sent = events.RuleTargetInput.from_object({**started.event, "event_id": events.EventField.event_id})
        patience = cdk.Duration.seconds(_LATEST_SECONDS)
        target = targets.LambdaFunction(orchestrator.function, event=sent, max_event_age=patience)
        return events.Rule(
            self,
            "Drill",
            description=started.description,
            schedule=events.Schedule.expression(started.expression),
            targets=[target],
        )
