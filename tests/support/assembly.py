"""Both stacks, synthesized once for all tests, in a process of its own that takes the CDK's memory along."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.once import once
from tests.support.template import Template

_REPOSITORY = Path(__file__).parents[2]


def synthesized(factory: pytest.TempPathFactory) -> Path:
    """A directory with `cdk.out` and, in `complaint`, what cdk-nag found; in `examples` are the stacks of others."""
    return once(factory, "assembly", _synthesize_apart)


def _synthesize_apart(place: Path) -> None:
    subprocess.run((sys.executable, "-m", __name__, place), check=True, cwd=_REPOSITORY)


def _synthesize(place: Path) -> None:
    """The bundle has no wheels: instances in tests have what is in them."""
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    import aws_cdk  # noqa: PLC0415 - it starts another program, and only this process shall
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415

    from cdk.app import build, new_app  # noqa: PLC0415
    from cdk.packaging.archives import write_lambda_zip, write_least_bundle, write_page_zip  # noqa: PLC0415
    from cdk.packaging.programs import Programs  # noqa: PLC0415

    app = new_app(outdir=str(place / "cdk.out"), analytics_reporting=False)
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    bundle = write_least_bundle(place / "bundle.zip")
    build(app, Programs(write_lambda_zip(place / "lambda.zip"), bundle, write_page_zip(place / "page.zip")))
    (place / "complaint").write_text(_complaint(app))
    _synthesize_others(place)


def _complaint(app: Any) -> str:
    try:
        app.synth()
    except RuntimeError as findings:
        return str(findings)
    return ""


def _synthesize_others(place: Path) -> None:
    """Stacks of others, by the package as they install it."""
    import aws_cdk  # noqa: PLC0415
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415

    from tests.cdk import example_apps  # noqa: PLC0415

    sys.path[:0] = [str(_installed(place)), str(_REPOSITORY / "docs" / "examples" / "cdk")]
    library = importlib.import_module("efs_backup_cdk")
    for build in (importlib.import_module("app").build, partial(example_apps.least, library)):
        app = _app(place)
        build(app)
        app.synth()
    app = _app(place)
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    example_apps.everything(library, app)
    (place / "examples" / "complaint").write_text(_complaint(app))
    (place / "examples" / "refusals").write_text(json.dumps(example_apps.refusals(library)))


def _app(place: Path) -> Any:
    from cdk.app import new_app  # noqa: PLC0415

    return new_app(outdir=str(place / "examples"), analytics_reporting=False)


def _installed(place: Path) -> Path:
    """The package efs-backup-cdk, unpacked from its wheel."""
    from cdk.packaging.programs import BUNDLE_ZIP, LAMBDA_ZIP, PAGE_ZIP  # noqa: PLC0415
    from deployment.cdk_wheel import build  # noqa: PLC0415

    programs = place / "programs"
    programs.mkdir()
    for name, program in (("lambda.zip", LAMBDA_ZIP), ("bundle.zip", BUNDLE_ZIP), ("page.zip", PAGE_ZIP)):
        shutil.copy(place / name, programs / program)
    zipfile.ZipFile(build(programs, place / "wheel")).extractall(place / "site")
    return place / "site"


if __name__ == "__main__":
    _synthesize(Path(sys.argv[1]))


@dataclass(frozen=True)
class Assembly:
    """The assembly that the synthesis left, and the complaint that it made."""

    place: Path
    complaint: str

    def template(self, stack: str) -> Template:
        """The template of a stack."""
        return Template.read(self.place / f"{stack}.template.json")
