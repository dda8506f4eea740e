"""The outputs of a stack, for those who deployed it."""

import aws_cdk as cdk
from constructs import Construct


class Outputs(Construct):
    """Outputs under the names that they are given."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Outputs")

    def add(self, name: str, value: str, description: str, condition: cdk.CfnCondition | None = None) -> None:
        """Add an output."""
        output = cdk.CfnOutput(self, name, value=value, description=description, condition=condition)
        output.override_logical_id(name)
