"""Conditions on parameters."""

import aws_cdk as cdk
from constructs import Construct

_MOST_SUBNETS = 3


def is_yes(scope: Construct, name: str, answer: str) -> cdk.CfnCondition:
    """A question was answered with Yes."""
    return cdk.CfnCondition(scope, name, expression=cdk.Fn.condition_equals(answer, "Yes"))


def is_given(scope: Construct, name: str, text: str) -> cdk.CfnCondition:
    """Something was entered."""
    return cdk.CfnCondition(scope, name, expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(text, "")))


def subnet_places(subnets: list[str]) -> list[str]:
    """As many subnets as there can be; those that were not entered are empty.

    CloudFormation has no length of a list: padding makes each place readable.
    """
    padded = cdk.Fn.split(",", cdk.Fn.join("", [cdk.Fn.join(",", subnets), "," * (_MOST_SUBNETS - 1)]))
    return [cdk.Fn.select(place, padded) for place in range(_MOST_SUBNETS)]


def only_if(condition: cdk.CfnCondition, construct: Construct) -> None:
    """Let the resources of a construct exist under a condition."""
    for child in construct.node.find_all():
        if isinstance(child, cdk.CfnResource):
            child.cfn_options.condition = condition


def either(condition: cdk.CfnCondition, this: object, that: object) -> str:
    """One value if the condition holds, else the other."""
    return cdk.Token.as_string(cdk.Fn.condition_if(condition.logical_id, this, that))
