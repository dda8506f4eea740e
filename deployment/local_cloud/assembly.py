"""The templates and programs, as the CDK synthesizes them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

REPOSITORY = Path(__file__).resolve().parents[2]
_PUBLISHED = (".zip", ".template")


@dataclass(frozen=True)
class Assembly:
    """The assembly that the synthesis wrote into a directory."""

    place: Path

    def template(self, stack: str) -> dict[str, Any]:
        """The template of a stack."""
        found: dict[str, Any] = json.loads((self.place / f"{stack}.template.json").read_text())
        return found

    def assets(self) -> dict[str, Path]:
        """The files to be uploaded, by their keys."""
        return {path.name.removeprefix("asset."): path for path in self.place.glob("asset.*")}


@dataclass(frozen=True)
class Published(Assembly):
    """The assembly of build-s3-dist.sh in a directory: templates for people without CDK, and the programs."""

    def template(self, stack: str) -> dict[str, Any]:
        """The template of a stack, which is named as the CDK names it."""
        name = f"efs-{stack.removeprefix('Efs').lower()}.template"
        found: dict[str, Any] = json.loads((self.place / name).read_text())
        return found

    def assets(self) -> dict[str, Path]:
        """Programs and templates, by their keys in the bucket that the templates name."""
        prefix = _code_of(self.template("EfsBackup"))["S3Key"].rpartition("/")[0]
        paths = (path for path in self.place.iterdir() if path.suffix in _PUBLISHED)
        return {f"{prefix}/{path.name}": path for path in paths}

    def bucket(self, region: str) -> str:
        """The bucket of the programs in a region."""
        parts = _code_of(self.template("EfsBackup"))["S3Bucket"]["Fn::Join"][1]
        return "".join(region if part == {"Ref": "AWS::Region"} else part for part in parts)


def _code_of(template: dict[str, Any]) -> Any:
    """Where the function's code lies."""
    kind = "AWS::Lambda::Function"
    return next(each["Properties"]["Code"] for each in template["Resources"].values() if each["Type"] == kind)


def synthesize(place: Path, bundle: Path | None = None) -> Assembly:
    """Both stacks, with a bundle or the least of one. Takes more than ten seconds, most of them for the CDK's start."""
    from cdk.app import build, new_app  # noqa: PLC0415 - who only reads an assembly need not wait for it
    from cdk.packaging.archives import write_lambda_zip, write_least_bundle, write_page_zip  # noqa: PLC0415
    from cdk.packaging.programs import Programs  # noqa: PLC0415

    shutil.rmtree(place, ignore_errors=True)
    app = new_app(outdir=str(place / "cdk.out"), analytics_reporting=False)
    bundle = bundle or write_least_bundle(place / "bundle.zip")
    build(app, Programs(write_lambda_zip(place / "lambda.zip"), bundle, write_page_zip(place / "page.zip")))
    app.synth()
    return Assembly(place / "cdk.out")


def synthesize_apart(place: Path, *bundle: Path) -> Assembly:
    """The same in a process of its own, which takes the CDK's memory along when it ends."""
    subprocess.run((sys.executable, "-m", __name__, place, *bundle), check=True, cwd=REPOSITORY)
    return Assembly(place / "cdk.out")


if __name__ == "__main__":
    synthesize(*map(Path, sys.argv[1:]))
