"""Stacks as CloudFormation describes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.operations.deployed import DeployedStack, choose, choose_tagged
from efs_backup.lib.aws_errors import ignored, refused_because

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
        if name is None:
            return choose(self._all(), None)
        if not name:
            raise WrongUsage("The name of the stack is empty.", "Leave it out for the only stack of the region.")
        found = [*self._named(name)]
        return choose(found, found[0].name) if found else choose(self._others(), name)

    def _named(self, name: str) -> Iterator[DeployedStack]:
        with ignored("ValidationError", saying="does not exist"):
            yield from map(self._deployed, self._client.describe_stacks(StackName=name)["Stacks"])

    def _others(self) -> list[DeployedStack]:
        """All that there are, to name them; none where the credentials reach one stack alone."""
        found = list[DeployedStack]()
        with refused_because(lambda _because: None):
            found += self._all()
        return found

    def _all(self) -> Iterator[DeployedStack]:
        for page in self._client.get_paginator("describe_stacks").paginate():
            yield from map(self._deployed, page["Stacks"])

    def _deployed(self, stack: "StackTypeDef") -> DeployedStack:
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
        tags = {one["Key"]: one["Value"] for one in stack.get("Tags", [])}
        return DeployedStack(stack["StackName"], self._region, stack["StackStatus"], outputs, parameters, tags)
