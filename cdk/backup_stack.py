"""The stack of this project: backups behind a form."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from efs_backup import __version__

from .constructs.backups import Backups
from .constructs.network import subnets_are_in_the_vpc
from .packaging.programs import Programs
from .parameters.backup import BackupParameters, defaults
from .parameters.form import declare

DESCRIPTION = f"Backups of an Amazon EFS file system as snapshot trees (efs-backup {__version__})"


class BackupStack(cdk.Stack):
    """Scheduled backups of one file system, as the operator fills in the form.

    The CDK leaves the name `Default` out of all logical ids, so an update finds what a stack has, whatever it lies in.
    """

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description=DESCRIPTION, **options)
        asked = declare(self, BackupParameters, defaults(protects=programs.mounts_encrypted))
        subnets_are_in_the_vpc(self)
        Backups(self, "Default", asked, programs)
