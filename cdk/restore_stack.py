"""One restore: an instance that restores, reports and goes."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from efs_backup import __version__
from efs_backup.domain.requests.requests import RestoreMode

from .constructs.conditions import both, equals, negated, refuse
from .constructs.dashboard import Dashboard, file_systems
from .constructs.network import subnets_are_in_the_vpc
from .constructs.outputs import Outputs
from .constructs.reports import Reports
from .constructs.restore_limit import RestoreLimit
from .constructs.restore_worker import RestoreWorker
from .packaging.programs import Programs
from .parameters.form import declare
from .parameters.restore import RestoreParameters

DESCRIPTION = f"One restore of a snapshot into an Amazon EFS file system (efs-backup {__version__})"


class RestoreStack(cdk.Stack):
    """Deployed for a restore, and deleted after it."""

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description=DESCRIPTION, **options)
        asked = declare(self, RestoreParameters)
        subnets_are_in_the_vpc(self)
        _no_mirror_of_a_part_into_the_root(self, asked)
        reports = Reports(self, asked.reports)
        worker = RestoreWorker(self, asked, reports, programs.bundle(self))
        RestoreLimit(self, asked.manner.hours, worker.group, reports.topic)
        rows = file_systems(("Target", asked.target.file_system), ("Backup", asked.backup.file_system))
        board = Dashboard(self, asked.reports.dashboard, rows)

        add = Outputs(self).add
        add("SNSTopic", reports.name, "The topic of the reports")
        add("DashboardView", board.name, "The CloudWatch dashboard", board.condition)
        add("LogBucket", asked.logs.bucket, "The bucket of the logs")
        add("AmiId", worker.group.ami, "The SSM parameter with the AMI of the instance; its log says which it was")
        add("SecurityGroup", asked.access.security_group, "The security group of the instance")


def _no_mirror_of_a_part_into_the_root(scope: Construct, asked: RestoreParameters) -> None:
    """Refuse to mirror a part into the root: this would take everything else out of the file system."""
    mirrors, whole = equals(asked.manner.mode, RestoreMode.MIRROR.value), equals(asked.snapshot.directory, "")
    said = "A sub directory cannot be mirrored into the root: all else would be moved away."
    refuse(
        scope,
        "MirrorOfAPart",
        where=both(mirrors, negated(whole)),
        unless={said: negated(equals(asked.target.directory, "/"))},
    )
