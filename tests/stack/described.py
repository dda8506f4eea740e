"""Stacks that CloudFormation describes, and the command that is asked about them."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

import boto3

from tests.support.cli import Ended
from tests.support.cloud import FUNCTION, REGION, TABLE, Cloud

NAME = "efs-backup"


Ask = Callable[..., Ended]
"""Calls `efs-backup stack` with these arguments; fails unless it exits with `code`."""


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
