"""The Terraform module hands over what the form asks, and passes on what the template tells."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest

from cdk.parameters.backup import BackupParameters
from cdk.parameters.field import groups_of
from deployment.terraform_variables import MODULE, default_of, files, type_of, variable_of
from tests.support.assembly import synthesized
from tests.support.template import Template

_FIELDS = [field for fields in groups_of(BackupParameters).values() for _, field in fields]
_OF_THE_MODULE = {"name", "template_url", "tags"}
_NEEDED = {
    "name": "EfsBackup", "template_url": "https://b.s3.eu-west-1.amazonaws.com/efs-backup.template",
    "src_efs": "fs-11111111", "vpc_id": "vpc-11111111", "subnets": ["subnet-1", "subnet-2"],
}  # fmt: skip

_needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def _blocks(kind: str, *names: str) -> dict[str, Any]:
    """The blocks of a kind in files of the module, by their names."""
    found = (block for name in names for block in hcl2.loads((MODULE / name).read_text()).get(kind, ()))
    return {key.strip('"'): content for block in found for key, content in block.items() if not key.startswith("__")}


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template that the module is around."""
    return Template.read(synthesized(tmp_path_factory) / "cdk.out" / "EfsBackup.template.json")


@pytest.mark.parametrize("name", ["variables.tf", "parameters.tf"])
def test_what_is_generated_is_what_the_form_says(name: str) -> None:
    """Whoever changes a field runs deployment/terraform_variables.py."""
    assert (MODULE / name).read_text() == files()[name], "run: python deployment/terraform_variables.py"


def test_each_parameter_has_a_typed_variable_with_its_default() -> None:
    """As a parser of HCL reads them; none but what must be given lacks a default."""
    variables = _blocks("variable", "variables.tf", "main.tf")
    assert set(variables) - _OF_THE_MODULE == {variable_of(field.name) for field in _FIELDS}
    for field in _FIELDS:
        declared = variables[variable_of(field.name)]
        assert declared["type"].removeprefix("${").removesuffix("}") == type_of(field)
        default = declared.get("default")
        assert (default.strip('"') if isinstance(default, str) else default) == default_of(field), field.name


def test_each_parameter_of_the_template_is_handed_over(backup: Template) -> None:
    """Under its own name."""
    (block,) = hcl2.loads((MODULE / "parameters.tf").read_text())["locals"]
    assert set(block["given"]) == set(backup.parameters)


def test_each_output_of_the_template_is_passed_on(backup: Template) -> None:
    """With its description: a new output of the stack belongs into outputs.tf."""
    told = _blocks("output", "outputs.tf")
    del told["id"]
    outputs = backup.content["Outputs"]
    assert {name: each["description"].strip('"') for name, each in told.items()} == {
        variable_of(name): each["Description"] for name, each in outputs.items()
    }
    assert all(f'"{name}"' in told[variable_of(name)]["value"] for name in outputs)


@_needs_terraform
def test_terraform_would_not_write_it_otherwise() -> None:
    """The format is its own."""
    done = _terraform(MODULE, "fmt", "-check", "-diff")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module with a resource that needs no provider in the place of the stack: none can be downloaded here."""
    place = tmp_path_factory.mktemp("terraform") / "module"
    shutil.copytree(MODULE, place)
    main = (place / "main.tf").read_text()
    main = re.sub(r"\n  required_providers \{.*?\n  \}\n(?=\})", "\n", main, flags=re.DOTALL)
    stack = 'resource "terraform_data" "backup" {\n  input = local.parameters\n}\n'
    (place / "main.tf").write_text(re.sub(r'resource "aws_cloudformation_stack".*', stack, main, flags=re.DOTALL))
    outputs = (place / "outputs.tf").read_text().replace("aws_cloudformation_stack.backup.outputs", "local.parameters")
    (place / "outputs.tf").write_text(outputs.replace("aws_cloudformation_stack", "terraform_data"))
    assert _terraform(place, "init", "-backend=false", "-input=false").returncode == 0
    return place


def _terraform(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    quiet = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    return subprocess.run(["terraform", *arguments], cwd=place, env=quiet, capture_output=True, text=True, check=False)


def _planned(module: Path, **given: object) -> "subprocess.CompletedProcess[str]":
    (module / "given.auto.tfvars.json").write_text(json.dumps({**_NEEDED, **given}))
    return _terraform(module, "plan", "-input=false", "-no-color", "-out=plan")


def _handed_over(module: Path, **given: object) -> dict[str, str]:
    done = _planned(module, **given)
    assert done.returncode == 0, done.stderr
    shown = json.loads(_terraform(module, "show", "-json", "plan").stdout)
    (made,) = shown["planned_values"]["root_module"]["resources"]
    parameters: dict[str, str] = made["values"]["input"]
    return parameters


@_needs_terraform
def test_without_more_the_template_gets_its_own_defaults(module: Path, backup: Template) -> None:
    """As texts; what the bundle decides is left to the template."""
    handed_over = _handed_over(module)
    given = {"SrcEFS": "fs-11111111", "VpcId": "vpc-11111111", "Subnets": "subnet-1,subnet-2"}
    defaults = {name: str(each["Default"]) for name, each in backup.parameters.items() if "Default" in each}
    del defaults["BackupSecurity"]
    assert handed_over == {**defaults, **given}


@_needs_terraform
def test_values_of_terraform_become_those_of_the_form(module: Path) -> None:
    """A bool is an answer, a number a text."""
    handed_over = _handed_over(module, backup_security=True, browse=True, retain=30, backup_window=240)
    wanted = {"BackupSecurity": "Yes", "Browse": "Yes", "Retain": "30", "BackupWindow": "240"}
    assert {name: handed_over[name] for name in wanted} == wanted


@_needs_terraform
def test_terraform_refuses_what_the_form_would(module: Path) -> None:
    """All at once, before anything is asked of AWS."""
    wrong = {
        "retain": 171, "backup_window": 61, "src_efs": "vol-1", "instance_type": "t2.nano", "scrub_days": 1.5,
        "backup_prefix": "/a\nB=c", "root_device": "sda1", "email": "nobody", "template_url": "http://a",
    }  # fmt: skip
    done = _planned(module, **wrong)
    assert done.returncode != 0
    assert set(re.findall(r"var\.(\w+) is", done.stderr)) == set(wrong)
