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


@dataclass(frozen=True)
class Assembly:
    """What the synthesis left, and what it complained of."""

    place: Path
    complaint: str

    def template(self, stack: str) -> Template:
        """The template of a stack."""
        return Template.read(self.place / f"{stack}.template.json")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for the agent's bundle; its content is of no concern here."""
    return write_zip(tmp_path_factory.mktemp("bundle") / "bundle.zip", {"a file": Path(__file__)})


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Assembly:
    """Both stacks, checked by cdk-nag on the way."""
    place = tmp_path_factory.mktemp("assembly")
    app = aws_cdk.App(outdir=str(place / "cdk.out"), analytics_reporting=False)
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    build(app, Programs(write_lambda_zip(place / "lambda.zip"), bundle))
    try:
        app.synth()
    except RuntimeError as findings:
        return Assembly(place / "cdk.out", str(findings))
    return Assembly(place / "cdk.out", "")


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
