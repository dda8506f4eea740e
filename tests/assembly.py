"""Both stacks, synthesized once for all tests, in a process of its own that takes the CDK's memory along."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.once import once

_REPOSITORY = Path(__file__).parents[1]


def synthesized(factory: pytest.TempPathFactory) -> Path:
    """A directory with `cdk.out` and, in `complaint`, what cdk-nag found."""
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
    complaint = ""
    try:
        app.synth()
    except RuntimeError as findings:
        complaint = str(findings)
    (place / "complaint").write_text(complaint)


if __name__ == "__main__":
    _synthesize(Path(sys.argv[1]))
