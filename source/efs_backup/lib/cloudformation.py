"""Stacks as CloudFormation describes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from efs_backup.domain.operations.deployed import DeployedStack, choose, choose_tagged
from efs_backup.lib.aws_errors import ignored

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class Stacks:
    """The stacks of one region."""

    def __init__(self, client: "CloudFormationClient", region: str) -> None:
        self._client = client
        self._region = region

    def find(self, name: str | None) -> DeployedStack:
        """The backup stack of this name, or with this tag (`KEY=VALUE`), or the only one of the region.

        Raises NothingThere, WrongUsage.
        """
        if name is not None and "=" in name:
            return choose_tagged(self._all(), name)
        if name is not None:
            with ignored("ValidationError", saying="does not exist"):
                (found,) = self._client.describe_stacks(StackName=name)["Stacks"]
                return choose([self._deployed(found)], found["StackName"])
        return choose(self._all(), name)

    def _all(self) -> Iterator[DeployedStack]:
        for page in self._client.get_paginator("describe_stacks").paginate():
            yield from map(self._deployed, page["Stacks"])

    def _deployed(self, stack: "StackTypeDef") -> DeployedStack:
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
        tags = {one["Key"]: one["Value"] for one in stack.get("Tags", [])}
        return DeployedStack(stack["StackName"], self._region, stack["StackStatus"], outputs, parameters, tags)
