"""The rules that wake the orchestrator; the one that stops a backup is made here, and set by it each night."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from efs_backup.domain.operations.lifecycle import AGENT
from efs_backup.domain.operations.triggers import (
    AUTO_SCALING_SOURCE,
    COMMAND_EVENT,
    LIFECYCLE_EVENT,
    NOT_FAILED,
    NOT_LAUNCHED_EVENT,
    SYSTEMS_MANAGER_SOURCE,
    TERMINATED_EVENT,
    reconcile_event,
    start_event,
)

_RECONCILE_MINUTES = 30
_NEVER = "cron(0 0 1 1 ? 2199)"
_LATEST = cdk.Duration.hours(1)
"""As long as the function's own patience."""


class Triggers(Construct):
    """The schedule, the stop rule, the group's events, and a regular look for what was forgotten."""

    def __init__(
        self, scope: Construct, function: lambda_.IFunction, schedule: str, group: str, stop_rule: str
    ) -> None:
        super().__init__(scope, "Triggers")
        self._function = function
        # A firing may be delivered twice: its id tells.
        start = start_event() | {"event_id": events.EventField.event_id}
        self.start = self._rule("Start", "Starts a backup", start, schedule=events.Schedule.expression(schedule))
        self._rule("Group", "What happens to the backup instance", event_pattern=_of_group(group))
        self._rule("Command", "An agent could not be asked to finish, or did not", event_pattern=_of_failed_finishes())
        every = events.Schedule.rate(cdk.Duration.minutes(_RECONCILE_MINUTES))
        self._rule("Reconcile", "Looks for what was forgotten", reconcile_event(), schedule=every)
        self._stop_rule(stop_rule)

    def _stop_rule(self, name: str) -> None:
        """Disabled, with a minute that never comes; who enables it by hand only lets what was forgotten be looked for.

        It goes with the stack, also in the midst of a backup. An update that changes it then disarms it: the agent
        keeps its window itself.
        """
        never = events.Schedule.expression(_NEVER)
        description = "Stops the backup that is running; the orchestrator sets and disables it"
        self._rule("Stop", description, reconcile_event(), rule_name=name, enabled=False, schedule=never)

    def _rule(self, name: str, description: str, event: dict[str, str] | None = None, **when: Any) -> events.Rule:
        sent = events.RuleTargetInput.from_object(event) if event else None
        target = targets.LambdaFunction(self._function, event=sent, max_event_age=_LATEST)
        return events.Rule(self, name, description=description, targets=[target], **when)


def _of_group(name: str) -> events.EventPattern:
    return events.EventPattern(
        source=[AUTO_SCALING_SOURCE],
        detail_type=[LIFECYCLE_EVENT, TERMINATED_EVENT, NOT_LAUNCHED_EVENT],
        detail={"AutoScalingGroupName": [name]},
    )


def _of_failed_finishes() -> events.EventPattern:
    """Of all stacks in the account: which group a command is about is known only by its arguments."""
    return events.EventPattern(
        source=[SYSTEMS_MANAGER_SOURCE],
        detail_type=[COMMAND_EVENT],
        detail={
            "status": events.Match.anything_but(*NOT_FAILED),
            "parameters": {"commands": events.Match.prefix(f"{AGENT} finish ")},
        },
    )
