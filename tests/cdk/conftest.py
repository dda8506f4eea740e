"""The stacks, synthesized once for all tests: it takes seconds."""

import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import aws_cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from cdk.app import build
from cdk.archives import write_lambda_zip, write_zip
from cdk.programs import Programs
from tests.cdk.template import Template
from tests.once import once


@dataclass(frozen=True)
class Assembly:
    """What the synthesis left, and what it complained of."""

    place: Path
    complaint: str

    def template(self, stack: str) -> Template:
        """The template of a stack."""
        return Template.read(self.place / f"{stack}.template.json")


def _synthesize(place: Path) -> None:
    """Both stacks, checked by cdk-nag on the way; the content of the bundle is of no concern here."""
    bundle = write_zip(place / "bundle.zip", {"a file": Path(__file__)})
    app = aws_cdk.App(outdir=str(place / "cdk.out"), analytics_reporting=False)
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    build(app, Programs(write_lambda_zip(place / "lambda.zip"), bundle))
    complaint = ""
    try:
        app.synth()
    except RuntimeError as findings:
        complaint = str(findings)
    (place / "complaint").write_text(complaint)


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Both stacks."""
    place = once(tmp_path_factory, "assembly", _synthesize)
    return Assembly(place / "cdk.out", (place / "complaint").read_text())


@pytest.fixture(scope="session")
def backup(assembly: Assembly) -> Template:
    """The backup stack."""
    return assembly.template("EfsBackup")


@pytest.fixture(scope="session")
def restore(assembly: Assembly) -> Template:
    """The restore stack."""
    return assembly.template("EfsRestore")


@pytest.fixture(params=["backup", "restore"])
def template(request: pytest.FixtureRequest) -> Template:
    """Each of both."""
    found: Template = request.getfixturevalue(request.param)
    return found
