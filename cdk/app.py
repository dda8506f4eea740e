"""The app that `cdk deploy` runs: both stacks, in whatever account and region one is logged in to."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from .backup_stack import BackupStack
from .packaging.archives import write_lambda_zip
from .packaging.programs import BUNDLE_ZIP, LAMBDA_ZIP, PAGE_ZIP, Programs
from .restore_stack import RestoreStack

REPOSITORY = Path(__file__).resolve().parents[1]
BUNDLE = REPOSITORY / "deployment" / "dist" / BUNDLE_ZIP


def new_app(**options: Any) -> cdk.App:
    """An app without the CDK's own look at templates, which tries out all conditions together: of twenty it never ends.

    cfn-lint looks at both templates instead, in the tests.
    """
    return cdk.App(builtin_cloud_formation_validation=False, **options)


def build(app: cdk.App, programs: Programs) -> tuple[BackupStack, RestoreStack]:
    """Both stacks."""
    return BackupStack(app, "EfsBackup", programs), RestoreStack(app, "EfsRestore", programs)


def main() -> None:
    """Synthesize."""
    bundle = Path(os.environ.get("EFS_BACKUP_BUNDLE", BUNDLE))
    page = bundle.with_name(PAGE_ZIP)
    for needed in (bundle, page):
        if not needed.is_file():
            sys.exit(f"{needed} is not there: run bash deployment/build-bundle.sh first.")
    with tempfile.TemporaryDirectory() as place:
        app = new_app()
        build(app, Programs(write_lambda_zip(Path(place) / LAMBDA_ZIP), bundle, page))
        app.synth()


if __name__ == "__main__":
    main()
