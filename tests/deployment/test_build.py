"""The files that people without CDK get."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cdk.packaging.archives import files_below, write_lambda_zip, write_zip
from tests.support.exemptions import CFN_LINT
from tests.support.linter import rules_broken
from tests.support.published import published as published_files
from tests.support.template import Template

_REPOSITORY = Path(__file__).parents[2]
_BUILD = _REPOSITORY / "deployment" / "build-s3-dist.sh"
_WHEELHOUSE = (_REPOSITORY / "deployment" / "wheelhouse.txt").read_text()
_ZIPS = ("efs_to_efs_backup.zip", "efs-backup-agent.zip", "efs-backup-page.zip")
_NAMES = ("efs-backup.template", "efs-restore.template", *_ZIPS)


pytestmark = pytest.mark.xdist_group("built")  # one worker builds


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the build leaves."""
    return published_files(tmp_path_factory) / "deployment" / "dist"


@pytest.fixture(scope="module", params=_NAMES[:2])
def published(request: pytest.FixtureRequest, dist: Path) -> Template:
    """Each of both templates."""
    return Template.read(dist / request.param)


@pytest.mark.long
def test_the_programs_come_from_a_bucket_of_the_region(dist: Path) -> None:
    """Lambda takes code from its own region alone."""
    backup = Template.read(dist / "efs-backup.template")
    code = backup.properties("AWS::Lambda::Function")["Code"]
    assert code == {"S3Bucket": "my-code-us-east-1", "S3Key": "efs-backup/v1.2.3/efs_to_efs_backup.zip"}
    functions = backup.having(Browse="Yes").resources("AWS::Lambda::Function").values()
    codes = [backup.resolve(each["Properties"]["Code"]) for each in functions]
    assert {"S3Bucket": "my-code-us-east-1", "S3Key": "efs-backup/v1.2.3/efs-backup-page.zip"} in codes


@pytest.mark.long
def test_the_instance_fetches_the_bundle_and_knows_its_checksum(published: Template, dist: Path) -> None:
    """From the same place."""
    data = published.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    assert '"my-code-us-east-1" "efs-backup/v1.2.3/efs-backup-agent.zip"' in data
    assert hashlib.sha256((dist / "efs-backup-agent.zip").read_bytes()).hexdigest() in data


@pytest.mark.long
def test_the_bundle_holds_the_units_the_wheels_and_the_further_packages(dist: Path) -> None:
    """All that an instance installs."""
    *units, installer, package = (name for name in _bundled(dist) if not name.startswith("wheels/"))
    assert units == ["efs-backup-agent.service", "efs-backup-give-up.service"]
    assert (installer, package) == ("install.sh", "packages/amazon-efs-utils.deb")


@pytest.mark.long
def test_the_bundle_holds_each_package_that_is_pinned_and_no_other(dist: Path) -> None:
    """For any architecture."""
    wheels = [name.removeprefix("wheels/") for name in _bundled(dist) if name.startswith("wheels/")]
    assert all(re.fullmatch(r"[\w.]+-[\w.]+-(py2\.)?py3-none-any\.whl", wheel) for wheel in wheels)
    pinned = {name.replace("-", "_") for name in re.findall(r"^([a-z0-9-]+)==", _WHEELHOUSE, re.MULTILINE)}
    assert {wheel.split("-")[0] for wheel in wheels} == {*pinned, "efs_backup"}


def _bundled(dist: Path) -> list[str]:
    return zipfile.ZipFile(dist / "efs-backup-agent.zip").namelist()


@pytest.mark.long
def test_each_file_has_its_checksum(dist: Path) -> None:
    """In the form that sha256sum reads."""
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dist, check=True)
    assert {line.split()[1] for line in (dist / "SHA256SUMS").read_text().splitlines()} == set(_NAMES)


@pytest.mark.long
def test_the_build_says_what_goes_where(dist: Path) -> None:
    """With commands to copy."""
    said = (dist.parents[1] / "said").read_text()
    assert "s3://my-code-REGION/efs-backup/v1.2.3/" in said
    assert "s3://my-templates/efs-backup/v1.2.3/" in said
    assert "--capabilities CAPABILITY_IAM" in said
    assert "https://my-templates.s3.REGION.amazonaws.com/efs-backup/v1.2.3/efs-backup.template" in said


@pytest.mark.long
def test_cfn_lint_finds_no_error_in_the_plain_templates(dist: Path) -> None:
    """As in those of the CDK."""
    assert rules_broken(sorted(map(str, dist.glob("*.template")))) == set(CFN_LINT)


@pytest.mark.long
def test_a_bundle_that_can_mount_encrypted_protects_the_snapshots(dist: Path) -> None:
    """Unless told otherwise."""
    assert Template.read(dist / "efs-backup.template").parameters["BackupSecurity"]["Default"] == "Yes"


@pytest.mark.long
def test_no_account_has_to_be_prepared_for_cdk(published: Template) -> None:
    """Neither its bucket nor its parameter is asked for."""
    text = json.dumps(published.content)
    assert "cdk-hnb659fds" not in text
    assert "BootstrapVersion" not in text


@pytest.mark.long
def test_the_same_input_gives_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """Anybody can check what is published."""
    for name in _ZIPS[1:]:
        shutil.copy(dist / name, tmp_path)
    from cdk.publish import publish

    publish("my-code", "v1.2.3", tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in _NAMES} == {
        name: (dist / name).read_bytes() for name in _NAMES
    }


def test_an_archive_does_not_tell_when_or_in_which_order_it_was_made(tmp_path: Path) -> None:
    """Times, owners and the order of a directory differ from machine to machine."""
    for name in ("b", "a"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "tree" / name / "file").write_text(name)
    archive = zipfile.ZipFile(write_zip(tmp_path / "a.zip", files_below(tmp_path / "tree")))
    assert archive.namelist() == ["a/file", "b/file"]
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_function_s_code_is_only_what_runs_there(tmp_path: Path) -> None:
    """Without the engine, the command and third parties, but with the worker's rules; far below a megabyte."""
    code = write_lambda_zip(tmp_path / "lambda.zip")
    names = zipfile.ZipFile(code).namelist()
    assert all(
        re.match(r"efs_backup/(__init__\.py|(copy_worker|domain|lib|orchestrator)/[\w/]+\.py)$", name) for name in names
    )
    assert {
        "efs_backup/__init__.py",
        "efs_backup/domain/operations/settings.py",
        "efs_backup/domain/operations/triggers.py",
    } <= set(names)
    assert code.stat().st_size < 1_000_000


@pytest.mark.long
def test_the_page_has_what_it_imports_and_nothing_for_one_processor_alone(dist: Path, tmp_path: Path) -> None:
    """An interpreter that has nothing else answers a request with it; AWS Lambda's own Python is of another version."""
    names = zipfile.ZipFile(dist / "efs-backup-page.zip").namelist()
    assert {name.split("/")[1] for name in names if name.startswith("efs_backup/")} == {
        "__init__.py", "browse", "copy_worker", "domain", "engine",
    }  # fmt: skip
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {
        "anyio",
        "efs_backup",
        "idna",
        "jinja2",
        "mangum",
        "markupsafe",
        "starlette",
        "typing_extensions.py",
    }
    assert not [name for name in names if name.endswith((".so", ".pyc"))]
    assert sum("/licenses/" in name for name in names) >= len(tops) - 1
    zipfile.ZipFile(dist / "efs-backup-page.zip").extractall(tmp_path)
    event = {
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {}, "isBase64Encoded": False,
        "requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": "192.0.2.1"}},
    }  # fmt: skip
    program = f"from efs_backup.browse.function import handler; print(handler({event!r}, None)['statusCode'])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "BACKUP": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "200\n", done.stderr


def test_each_package_of_the_bundle_is_pinned_by_its_checksum() -> None:
    """An answer that PyPI gives tomorrow does not change the bundle."""
    requirements = [line for line in _WHEELHOUSE.splitlines() if line and not line.startswith("#")]
    names, hashes = requirements[::2], requirements[1::2]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+ \\", name) for name in names)
    assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", checksum) for checksum in hashes)
    assert {"boto3", "click", "pip", "rich"} <= {name.split("==")[0] for name in names}


@pytest.mark.parametrize(
    "arguments", [[], ["code"], ["code", "templates"], ["code", "", "v1"], ["a", "b", "c", "d", "e"]]
)
def test_a_wrong_call_of_the_build_builds_nothing(arguments: list[str]) -> None:
    """The build says how it is called."""
    done = subprocess.run(["bash", _BUILD, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "CODE_BUCKET TEMPLATE_BUCKET VERSION" in done.stderr
