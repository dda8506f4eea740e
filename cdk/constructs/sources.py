"""Further file systems beside the first: who may mount them, what finds out that they are due; only if wanted."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from efs_backup.domain.operations.triggers import due_event
from efs_backup.domain.sources.discovery import TAG

from ..parameters.series import Further
from ..permissions import arns
from ..permissions.allow import Allow, permit
from .conditions import Condition, condition, equals, is_yes, negated, only_if
from .orchestrator import Orchestrator

_EVERY_FIVE_MINUTES = "cron(0/5 * * * ? *)"
"""On the clock, so that what is to start at a multiple of five minutes does."""

_BOUNDED = {"StringLike": {f"aws:ResourceTag/{TAG}": "?*"}}
_REASON = f"Which file systems there will be is not known beforehand; the tag {TAG} bounds it."


class FurtherSources(Construct):
    """The resources of a stack for further sources."""

    def __init__(self, scope: Construct, further: Further) -> None:
        super().__init__(scope, "Sources")
        self.condition = is_yes(self, "AreWanted", further.wanted)
        self._several = condition(self, "AreSeveral", negated(equals(further.at_a_time, "1")))

    def let_read(self, worker: iam.IRole) -> None:
        """Let the instance mount tagged file systems, and read them."""
        reads = ("ClientMount", "ClientRootAccess", "DescribeMountTargets")
        may = Allow(
            [f"elasticfilesystem:{action}" for action in reads], [arns.file_system("*")], _REASON, _BOUNDED,
        )  # fmt: skip
        self._permit("Reading", self.condition, worker, may)

    def let_go_alone(self, worker: iam.IRole, group: str) -> None:
        """Let an instance end itself and no other where several work."""
        end = Allow(
            ["autoscaling:TerminateInstanceInAutoScalingGroup"],
            [arns.group(group)],
            reason="The wildcard is the group's id, which no template knows; its name is fixed.",
        )
        look = Allow(
            ["autoscaling:DescribeAutoScalingGroups"],
            ["*"],
            reason="Auto Scaling has no resource-level permission for descriptions.",
        )
        self._permit("GoingAlone", self._several, worker, end, look)

    def let_find(self, orchestrator: Orchestrator) -> None:
        """Let the orchestrator see which file systems there are, with their tags, and look for who is due."""
        reason = "Amazon EFS lists file systems for who may describe all; descriptions hold no content."
        may = Allow(["elasticfilesystem:DescribeFileSystems"], [arns.file_system("*")], reason)
        self._permit("Finding", self.condition, orchestrator.role, may)
        sent = events.RuleTargetInput.from_object(due_event())
        patience = cdk.Duration.minutes(5)
        rule = events.Rule(
            self,
            "Due",
            description="Looks which file systems are due",
            schedule=events.Schedule.expression(_EVERY_FIVE_MINUTES),
            targets=[targets.LambdaFunction(orchestrator.function, event=sent, max_event_age=patience)],
        )
        only_if(self.condition, rule)

    def _permit(self, name: str, known: Condition, role: iam.IRole, *may: Allow) -> None:
        scope = Construct(self, name)
        permit(scope, role, may)
        only_if(known, scope)
