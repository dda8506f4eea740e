"""Stacks, made and deleted; and what they say when they could not be."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import NAME_TAG, Account, RunFailed

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Stacks:
    """The stacks of one run, named after it."""

    account: Account
    run: str

    def name(self, part: str) -> str:
        """How a stack is called."""
        return f"{self.run}-{part}"

    def make(self, part: str, template: Template, given: Mapping[str, str], url: str | None = None) -> dict[str, str]:
        """Make a stack; gives its outputs. What is given and is no parameter is left out. Raises RunFailed."""
        parameters = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in given.items() if key in template.get("Parameters", {})
        ]  # fmt: skip
        body = {"TemplateURL": url} if url else {"TemplateBody": json.dumps(template)}
        made = self.account.client("cloudformation").create_stack(
            StackName=self.name(part), Parameters=parameters, Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": NAME_TAG, "Value": self.run}], **body,
        )["StackId"]  # fmt: skip
        seconds = self.account.wait(f"{self.name(part)} is made", lambda: self._has_ended(made))
        status = self.status(made)
        if status != "CREATE_COMPLETE":
            raise RunFailed(f"{self.name(part)}: {status} {self.reasons(made)}")
        self.account.tell(f"The stack {self.name(part)} is there, after {seconds:.0f} s")
        return self.outputs(part)

    def outputs(self, part: str) -> dict[str, str]:
        """The outputs of a stack; nothing where there is none."""
        with suppress(ClientError):
            (stack,) = self.account.client("cloudformation").describe_stacks(StackName=self.name(part))["Stacks"]
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
        return {}

    def resources(self, part: str, kind: str) -> list[str]:
        """The physical ids of all resources of a type that a stack has, or had."""
        with suppress(ClientError):
            found = self.account.client("cloudformation").describe_stack_resources(StackName=self.name(part))
            every = found["StackResources"]
            return [each["PhysicalResourceId"] for each in every if each.get("ResourceType") == kind]
        return []

    def delete(self, part: str) -> None:
        """Delete a stack, if it is there. Raises RunFailed."""
        client = self.account.client("cloudformation")
        try:
            (stack,) = client.describe_stacks(StackName=self.name(part))["Stacks"]
        except ClientError:
            return
        client.delete_stack(StackName=self.name(part))
        self.account.wait(f"{self.name(part)} is deleted", lambda: self._has_ended(stack["StackId"]))
        status = self.status(stack["StackId"])
        if status != "DELETE_COMPLETE":
            raise RunFailed(f"{self.name(part)}: {status} {self.reasons(stack['StackId'])}")
        self.account.tell(f"The stack {self.name(part)} is deleted")

    def status(self, stack: str) -> str:
        """The status of a stack, by its id, which is known after its deletion too."""
        (found,) = self.account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return str(found["StackStatus"])

    def events(self, stack: str) -> list[dict[str, Any]]:
        """The events of a stack, oldest first."""
        pages = self.account.client("cloudformation").get_paginator("describe_stack_events")
        found = [event for page in pages.paginate(StackName=stack) for event in page["StackEvents"]]
        return found[::-1]

    def reasons(self, stack: str) -> str:
        """Why it could not be done."""
        failed = [event for event in self.events(stack) if event["ResourceStatus"].endswith("_FAILED")]
        return "; ".join(f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed)

    def _has_ended(self, stack: str) -> bool:
        return not self.status(stack).endswith("_IN_PROGRESS")
