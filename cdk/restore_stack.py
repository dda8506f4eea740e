"""One restore: an instance that restores, reports and goes."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from cdk.dashboard import Dashboard, file_systems
from cdk.form import Form
from cdk.network import subnets_are_in_the_vpc
from cdk.outputs import Outputs
from cdk.programs import Programs
from cdk.reports import Reports
from cdk.restore_limit import RestoreLimit
from cdk.restore_parameters import RESTORE_PARAMETERS
from cdk.restore_worker import RestoreWorker
from efs_backup import __version__
from efs_backup.domain.requests.requests import RestoreMode

DESCRIPTION = f"One restore of a snapshot into an Amazon EFS file system (efs-backup {__version__})"


class RestoreStack(cdk.Stack):
    """Deployed for a restore, and deleted after it."""

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description=DESCRIPTION, **options)
        form = Form(self, RESTORE_PARAMETERS)
        subnets_are_in_the_vpc(self)
        _no_mirror_of_a_part_into_the_root(self, form)
        reports = Reports(self, form)
        worker = RestoreWorker(self, form, reports, programs.bundle(self))
        RestoreLimit(self, form, worker.group, reports.topic)
        rows = file_systems(("Target", form.text("SrcEFS")), ("Backup", form.text("DstEFS")))
        board = Dashboard(self, form.text("Dashboard"), rows)

        add = Outputs(self).add
        add("SNSTopic", reports.name, "The topic of the reports")
        add("DashboardView", board.name, "The CloudWatch dashboard", board.condition)
        add("LogBucket", form.text("RestoreLogBucket"), "The bucket of the logs")
        add("AmiId", worker.group.ami, "The SSM parameter with the AMI of the instance; its log says which it was")
        add("SecurityGroup", form.text("SecurityGroupId"), "The security group of the instance")


def _no_mirror_of_a_part_into_the_root(scope: Construct, form: Form) -> None:
    """Refuse to mirror a part into the root: this would take everything else out of the file system."""
    equals = cdk.Fn.condition_equals
    cdk.CfnRule(
        scope,
        "MirrorOfAPart",
        rule_condition=cdk.Fn.condition_and(
            equals(form.text("RestoreMode"), RestoreMode.MIRROR.value),
            cdk.Fn.condition_not(equals(form.text("RestoreSubDir"), "")),
        ),
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=cdk.Fn.condition_not(equals(form.text("RestorePrefix"), "/")),
                assert_description="A sub directory cannot be mirrored into the root: all else would be moved away.",
            )
        ],
    )
