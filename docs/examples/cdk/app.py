"""An app with a file system of its own and its backups: `cdk deploy --app "python app.py"`."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct
from efs_backup_cdk import Drills, EfsBackup, Keep, Seals


class Homes(cdk.Stack):
    """A VPC, a file system in it, and its backups each night."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        vpc = ec2.Vpc(self, "Vpc", max_azs=2)
        homes = efs.FileSystem(self, "Homes", vpc=vpc, encrypted=True)
        topic = sns.Topic(self, "Operators")
        helpdesk = iam.Role(self, "Helpdesk", assumed_by=iam.AccountRootPrincipal())
        backup = EfsBackup(
            self,
            "Backup",
            source=homes,
            vpc=vpc,
            schedule="cron(0 2 * * ? *)",
            window=cdk.Duration.hours(4),
            keep=Keep(daily=30, weekly=8),
            notify=topic,
            seals=Seals(lock_days=90),
            drills=Drills(schedule="cron(0 12 ? * SUN *)"),
        )
        backup.grant_browse(helpdesk)


def build(app: cdk.App) -> None:
    """The only stack."""
    Homes(app, "Homes")


if __name__ == "__main__":
    made = cdk.App(builtin_cloud_formation_validation=False)
    build(made)
    made.synth()
