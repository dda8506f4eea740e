"""A deployed stack, and the command as its operator calls it, in this process."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import boto3
import pytest

from efs_backup.cli.app import run_line
from tests.cloud import FUNCTION, REGION, TABLE, Cloud, a_stack
from tests.conftest import Ended
from tests.schemas import command_of

NAME = "efs-backup"

Ask = Callable[..., Ended]
"""Calls `efs-backup stack` with these arguments; fails unless it exits with `code`."""


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a backup stack that CloudFormation describes, before its first night."""
    with a_stack(monkeypatch.setenv) as made:
        describe(NAME, outputs_of(made))
        yield made


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """The command; what it prints as JSON is held against its schema when it is read."""

    def called(*arguments: object, code: int = 0) -> Ended:
        line = ["stack", *map(str, arguments)]
        found = run_line(line)
        said = capsys.readouterr()
        ended = Ended(found, said.out, said.err, command_of(*line))
        assert ended.code == code, ended
        return ended

    return called


def outputs_of(cloud: Cloud) -> dict[str, str]:
    """The outputs of a stack about its resources, as the template would have them."""
    told = cloud.environment
    return {
        "Orchestrator": FUNCTION, "RecordTable": TABLE, "LogBucket": told["LOG_BUCKET"],
        "SourceEFS": told["SOURCE_FILE_SYSTEM"], "BackupEFS": told["BACKUP_FILE_SYSTEM"],
    }  # fmt: skip


def describe(name: str, outputs: dict[str, str], **parameters: str) -> None:
    """Let CloudFormation know a stack with these outputs and parameters, which makes next to nothing."""
    describe_tagged(name, outputs, {}, parameters)


def describe_tagged(
    name: str, outputs: dict[str, str], tags: dict[str, str], parameters: Mapping[str, str] = MappingProxyType({})
) -> None:
    """The same, with tags."""
    template = {
        "Parameters": {key: {"Type": "String"} for key in parameters},
        "Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    boto3.client("cloudformation", region_name=REGION).create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
