"""The outputs of a stack, for those who deployed it."""

import aws_cdk as cdk
from constructs import Construct

from .conditions import Condition


class Outputs(Construct):
    """Outputs under the names that they are given."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Outputs")

    def add(self, name: str, value: str, description: str, condition: Condition = True) -> None:
        """Add an output, if the condition holds."""
        if condition is False:
            return
        known = condition if isinstance(condition, cdk.CfnCondition) else None
        output = cdk.CfnOutput(self, name, value=value, description=description, condition=known)
        output.override_logical_id(name)
