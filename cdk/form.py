"""The parameters of a template as a form: each with a label, in a group, in the order of the code."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk

YES_OR_NO = ("Yes", "No")


@dataclass(frozen=True)
class Field:
    """One parameter. Without a default it must be given; `pattern` and `wrong` (what to say) guard what is typed."""

    label: str
    description: str
    default: str | int | None = None
    type: str = "String"
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    wrong: str | None = None
    lowest: int | None = None
    highest: int | None = None

    def declare(self, scope: cdk.Stack, name: str) -> cdk.CfnParameter:
        """Make it a parameter of the template."""
        return cdk.CfnParameter(
            scope,
            name,
            type=self.type,
            default=self.default,
            description=self.description,
            allowed_values=list(self.choices) or None,
            allowed_pattern=self.pattern,
            constraint_description=self.wrong,
            min_value=self.lowest,
            max_value=self.highest,
        )


class Form:
    """All parameters of a stack; its groups and labels are what the console shows."""

    def __init__(self, scope: cdk.Stack, groups: Mapping[str, Mapping[str, Field]]) -> None:
        self._parameters = {
            name: field.declare(scope, name) for group in groups.values() for name, field in group.items()
        }
        scope.template_options.metadata = {"AWS::CloudFormation::Interface": _interface(groups)}

    def text(self, name: str) -> str:
        """The text that was entered."""
        return self._parameters[name].value_as_string

    def texts(self, name: str) -> list[str]:
        """The texts that were entered, for a list."""
        return self._parameters[name].value_as_list


def _interface(groups: Mapping[str, Mapping[str, Field]]) -> dict[str, object]:
    return {
        "ParameterGroups": [
            {"Label": {"default": title}, "Parameters": list(group)} for title, group in groups.items()
        ],
        "ParameterLabels": {
            name: {"default": field.label} for group in groups.values() for name, field in group.items()
        },
    }
