"""Rehearsals of restores: when, and by which role; all of it only if a schedule is given."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk import arns
from cdk.backup_settings import BackupSettings
from cdk.conditions import either, is_given, only_if
from cdk.form import Field, Form
from cdk.permissions import Allow, permit
from cdk.worker_role import mount
from efs_backup.domain.operations.seal_store import DRILLS

SCHEDULE, AGE = "DrillSchedule", "MaximumDrillAge"
_FIFTEEN_DAYS, _MOST_HOURS = 360, 2000

DRILL_PARAMETERS = {
    SCHEDULE: Field(
        "Schedule of drills",
        "When a restore is rehearsed, as cron(...) or rate(...), at a time when no backup runs: files drawn at random"
        " come back to the instance's disk, are compared with what was sealed, and removed. Empty: never.",
        default="",
        pattern=r"((cron|rate)\(.+\))?",
        wrong="must be empty, cron(...) or rate(...)",
    ),
    AGE: Field(
        "Alarm after hours without a drill",
        "With a schedule there is an alarm when no drill has said anything for so long.",
        default=_FIFTEEN_DAYS,
        type="Number",
        lowest=1,
        highest=_MOST_HOURS,
        wrong=f"must be 1 to {_MOST_HOURS}",
    ),
}


class DrillRole(Construct):
    """A role that can read the backup file system and do nothing else, which the instance takes for a drill."""

    def __init__(self, scope: Construct, form: Form, worker: iam.Role) -> None:
        super().__init__(scope, "Drills")
        self._worker = worker
        self.condition = is_given(self, "AreWanted", form.text(SCHEDULE))
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ArnPrincipal(worker.role_arn),
            description="Reads the snapshots of EFS backups for a drill",
        )
        self.arn_if_any = either(self.condition, self._role.role_arn, "")
        only_if(self.condition, self)

    def let_drill(self, settings: BackupSettings) -> None:
        """Let the role read, and let the instance take it and keep the evidence."""
        reading = Construct(self, "Reading")
        permit(reading, self._role, [mount(settings.backup, writing=False)])
        evidence = [f"{arns.bucket(settings.log_bucket)}/{prefix}/*" for prefix in (DRILLS, "efs-drill-logs")]
        permit(self, self._worker, [
            Allow(["sts:AssumeRole"], [self._role.role_arn]),
            Allow(["s3:PutObject"], evidence, reason="The name of an evidence, and of a log, holds its time."),
        ])  # fmt: skip
        only_if(self.condition, self)
