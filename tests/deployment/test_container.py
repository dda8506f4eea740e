"""The examples for containers: what Kubernetes and AWS CloudFormation take, around commands that the program takes."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]
from kubernetes_validate import validate  # type: ignore[import-untyped]

from efs_backup import __version__
from efs_backup.cli.commands.run import run
from tests.support.linter import rules_broken

CONTAINER = Path(__file__).parents[2] / "deployment" / "container"
_VERSIONS = ("1.27", "1.37")
"""The oldest in which a CronJob has a time zone for everybody, and the newest that is known."""


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """The objects of the example for Kubernetes, by kind and name."""
    found = yaml.safe_load_all((CONTAINER / "kubernetes.yaml").read_text())
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


@pytest.fixture(scope="module")
def pod(objects: dict[str, Any]) -> Any:
    """The pod that runs each night."""
    return objects["CronJob/efs-backup"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", _VERSIONS)
def test_kubernetes_takes_the_example(objects: dict[str, Any], version: str) -> None:
    """By its own schema, with no field that it does not know."""
    for one in objects.values():
        validate(one, version, strict=True)


def test_what_is_mounted_is_claimed_and_the_source_is_read_only(objects: dict[str, Any], pod: Any) -> None:
    """Three times: by the volume, by the claim, and by the mount."""
    volumes = {one["name"]: one.get("persistentVolumeClaim") for one in pod["volumes"]}
    mounts = {one["mountPath"]: one for one in pod["containers"][0]["volumeMounts"]}
    assert mounts["/source"]["readOnly"]
    assert volumes["source"]["readOnly"]
    assert objects["PersistentVolume/efs-backup-source"]["spec"]["csi"]["readOnly"]
    for name in ("source", "backup"):
        claim = objects[f"PersistentVolumeClaim/{volumes[name]['claimName']}"]
        assert f"PersistentVolume/{claim['spec']['volumeName']}" in objects


def test_a_night_is_not_begun_beside_another_one(objects: dict[str, Any], pod: Any) -> None:
    """And a failed one is the next night's matter."""
    job = objects["CronJob/efs-backup"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert (job["jobTemplate"]["spec"]["backoffLimit"], pod["restartPolicy"]) == (0, "Never")


def test_the_examples_call_the_program_as_it_is(pod: Any) -> None:
    """With options that `run` has, and the version of this checkout."""
    container = pod["containers"][0]
    assert container["image"].endswith(f":{__version__}")
    without_functions = re.sub(r"!(Ref|Sub|GetAtt) ", "", (CONTAINER / "ecs.yaml").read_text())
    task = yaml.safe_load(without_functions)["Resources"]["Task"]
    commands = [container["args"], task["Properties"]["ContainerDefinitions"][0]["Command"]]
    for command, *arguments in commands:
        given, left, _ = run.make_parser(click.Context(run)).parse_args(list(arguments))
        assert (command, left) == ("run", [])
        assert {"source", "backup", "label", "window"} <= set(given)


@pytest.mark.long
def test_cfn_lint_finds_nothing_in_the_scheduled_task() -> None:
    """Neither an error nor a warning."""
    assert rules_broken([str(CONTAINER / "ecs.yaml")]) == set()


def test_the_image_is_the_package_on_a_slim_debian() -> None:
    """With what Debian has mended since, and the command as its entry."""
    text = (CONTAINER / "Containerfile").read_text()
    assert "debian:trixie-slim" in text
    assert "COPY efs-backup_*_all.deb" in text
    assert "apt-get --yes upgrade" in text
    assert 'ENTRYPOINT ["efs-backup"]' in text
