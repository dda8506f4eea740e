"""Restores into the source by the group of backups: the leave to write there, which comes and goes, if wanted."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from ..parameters.around import InPlace
from ..permissions import arns
from ..permissions.allow import Allow, permit
from .conditions import either, is_yes, only_if


class LeaveToWrite(Construct):
    """A policy that nobody has but while a restore runs; the orchestrator attaches it to the instance's role.

    Of all roles and policies that is one pair: who takes the orchestrator over can let this instance write to this file
    system, and gain nothing else by it.
    """

    def __init__(self, scope: Construct, in_place: InPlace, source: str, worker: iam.Role) -> None:
        super().__init__(scope, "LeaveToWrite")
        self._worker = worker
        self.condition = is_yes(self, "IsWanted", in_place.wanted)
        write = Allow(["elasticfilesystem:ClientWrite"], [arns.file_system(source)])
        self._policy = iam.ManagedPolicy(
            self,
            "Leave",
            description="Writes to the source of EFS backups, while a restore runs",
            statements=[write.statement()],
        )
        self.policy_if_any = either(self.condition, self._policy.managed_policy_arn, "")
        only_if(self.condition, self)

    def let_pass(self, orchestrator: iam.Role) -> None:
        """Let the orchestrator give the leave to the instance's role, and take it away."""
        passing = Construct(self, "Passing")
        permit(passing, orchestrator, [
            Allow(
                ["iam:AttachRolePolicy", "iam:DetachRolePolicy"], [self._worker.role_arn],
                conditions={"ArnEquals": {"iam:PolicyARN": self._policy.managed_policy_arn}},
            ),
        ])  # fmt: skip
        only_if(self.condition, passing)
