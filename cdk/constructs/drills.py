"""Rehearsals of restores: when, and by which role; all of it only if a schedule is given."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from efs_backup.domain.operations.seal_store import DRILLS

from ..parameters.proof import Drills
from ..permissions import arns
from ..permissions.allow import Allow, permit
from ..permissions.worker_role import mount
from .conditions import either, is_given, only_if


class DrillRole(Construct):
    """A role that can read the backup file system and do nothing else, which the instance takes for a drill."""

    def __init__(self, scope: Construct, drills: Drills, worker: iam.Role, *, backup: str, log_bucket: str) -> None:
        super().__init__(scope, "Drills")
        self.condition = is_given(self, "AreWanted", drills.schedule)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ArnPrincipal(worker.role_arn),
            description="Reads the snapshots of EFS backups for a drill",
        )
        self.arn_if_any = either(self.condition, role.role_arn, "")
        permit(Construct(self, "Reading"), role, [mount(backup, writing=False)])
        permit(self, worker, _let_drill(role.role_arn, log_bucket))
        only_if(self.condition, self)


def _let_drill(role: str, log_bucket: str) -> list[Allow]:
    """Let the instance take the role, and keep the evidence."""
    evidence = [f"{arns.bucket(log_bucket)}/{prefix}/*" for prefix in (DRILLS, "efs-drill-logs")]
    return [
        Allow(["sts:AssumeRole"], [role]),
        Allow(["s3:PutObject"], evidence, reason="The name of an evidence, and of a log, holds its time."),
    ]
