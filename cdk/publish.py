"""Templates for people without CDK: they take the programs from buckets named CODE_BUCKET-<region>."""

import json
import sys
import tempfile
from pathlib import Path

import aws_cdk as cdk

from .app import build, new_app
from .packaging.archives import write_lambda_zip
from .packaging.programs import BUNDLE_ZIP, LAMBDA_ZIP, PAGE_ZIP, Programs

TEMPLATES = {"EfsBackup": "efs-backup.template", "EfsRestore": "efs-restore.template"}


def key_prefix(version: str) -> str:
    """Where a version lies in its buckets."""
    return f"efs-backup/{version}/"


def publish(code_bucket: str, version: str, place: Path) -> None:
    """Write both templates and the orchestrator's code beside the bundle and the page's code in `place`."""
    programs = Programs(
        write_lambda_zip(place / LAMBDA_ZIP),
        place / BUNDLE_ZIP,
        place / PAGE_ZIP,
        code_bucket=lambda: f"{code_bucket}-{cdk.Aws.REGION}",
        key_prefix=key_prefix(version),
    )
    with tempfile.TemporaryDirectory() as assembly:
        app = new_app(
            outdir=assembly,
            analytics_reporting=False,
            default_stack_synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        build(app, programs)
        for stack in app.synth().stacks:
            text = json.dumps(stack.template, indent=1) + "\n"
            (place / TEMPLATES[stack.stack_name]).write_text(text)


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
