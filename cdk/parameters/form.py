"""Forms become the parameters of a template: each with a label, in a group, in the order of the code."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import aws_cdk as cdk

from .field import Field, fields_of, groups_of, sections_of

F = TypeVar("F")


def declare(scope: cdk.Stack, form: type[F], defaults: Mapping[str, str] | None = None) -> F:
    """Make the parameters of a form, and give the form with what was entered.

    defaults: of parameters, by their names, in the place of those that are declared.
    """
    known = defaults or {}
    scope.template_options.metadata = {"AWS::CloudFormation::Interface": _interface(form)}
    sections = {
        name: kind(**{one: _entered(scope, field, known.get(field.name)) for one, field in fields_of(kind)})
        for name, _, kind in sections_of(form)
    }
    return form(**sections)


def _entered(scope: cdk.Stack, field: Field, default: str | None) -> Any:
    """Make one a parameter of the template, and give what was entered."""
    made = _parameter(scope, field if default is None else dataclasses.replace(field, default=default))
    if field.takes_several:
        return made.value_as_list
    return made.value_as_number if field.type == "Number" else made.value_as_string


def _parameter(scope: cdk.Stack, field: Field) -> cdk.CfnParameter:
    return cdk.CfnParameter(
        scope,
        field.name,
        type=field.type,
        default=field.default,
        description=field.description,
        allowed_values=list(field.choices) or None,
        allowed_pattern=field.pattern,
        constraint_description=field.wrong,
        min_value=field.lowest,
        max_value=field.highest,
    )


def _interface(form: type) -> dict[str, object]:
    """The groups and labels that the console shows."""
    groups = {title: [field for _, field in found] for title, found in groups_of(form).items()}
    return {
        "ParameterGroups": [
            {"Label": {"default": title}, "Parameters": [field.name for field in fields]}
            for title, fields in groups.items()
        ],
        "ParameterLabels": {field.name: {"default": field.label} for fields in groups.values() for field in fields},
    }
