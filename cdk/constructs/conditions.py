"""Conditions: those on parameters are left to CloudFormation, those on values that are known are decided here."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import aws_cdk as cdk
from constructs import Construct

from ..parameters.field import YES_OR_NO, Answer, as_entered, is_open

_MOST_SUBNETS = 3

Truth = bool | cdk.ICfnConditionExpression
"""Known, or an expression of a template."""

Condition = bool | cdk.CfnCondition
"""Known, or a condition of a template."""


def as_text(value: str | float) -> str:
    """A value as an environment has it: a number as its digits, an answer as Yes or No."""
    if isinstance(value, str):
        return value
    return cdk.Token.as_string(value) if is_open(value) else as_entered(cast("int", value))


def as_number(value: str | float) -> float:
    """A number, of which an operator enters the digits."""
    if isinstance(value, str):
        return cdk.Token.as_number(value) if is_open(value) else int(value or 0)
    return value


def equals(value: str | float | None, wanted: str) -> Truth:
    """A value is this one. Raises ValueError where neither the app nor the template can know.

    What another resource gives is there, so it is not empty; more of it no condition of a template can ask.
    """
    text = as_text(value or "")
    if not is_open(text):
        return text == wanted
    if _is_a_parameter(text):
        return cdk.Fn.condition_equals(text, wanted)
    if wanted:
        raise ValueError(f"Give a value, or a parameter of the stack, where {wanted!r} is one of the choices.")
    return False


def _is_a_parameter(text: str) -> bool:
    """Whether a token is of a parameter of a template; such a number hides it."""
    tokens = cdk.Tokenization.reverse_string(text).tokens
    return any(not cdk.Reference.is_reference(each) or _targets_parameter(each) for each in tokens)


def _targets_parameter(reference: Any) -> bool:
    return isinstance(reference.target, cdk.CfnParameter)


def negated(truth: Truth) -> Truth:
    """The contrary."""
    return not truth if isinstance(truth, bool) else cdk.Fn.condition_not(truth)


def both(*truths: Truth) -> Truth:
    """All of them."""
    if False in truths:
        return False
    open_ones = [each for each in truths if not isinstance(each, bool)]
    if len(open_ones) < 2:  # noqa: PLR2004 - a function of CloudFormation that takes at least two
        return open_ones[0] if open_ones else True
    return cdk.Fn.condition_and(*open_ones)


def one_of(*truths: Truth) -> Truth:
    """At least one of them."""
    if True in truths:
        return True
    open_ones = [each for each in truths if not isinstance(each, bool)]
    if len(open_ones) < 2:  # noqa: PLR2004 - the same
        return open_ones[0] if open_ones else False
    return cdk.Fn.condition_or(*open_ones)


def condition(scope: Construct, name: str, truth: Truth) -> Condition:
    """A condition of the template, unless its truth is known."""
    return truth if isinstance(truth, bool) else cdk.CfnCondition(scope, name, expression=truth)


def is_yes(scope: Construct, name: str, answer: Answer | None) -> Condition:
    """A question was answered with Yes."""
    return condition(scope, name, equals(answer, YES_OR_NO[0]))


def is_given(scope: Construct, name: str, text: str) -> Condition:
    """Something was entered."""
    return condition(scope, name, negated(equals(text, "")))


def subnet_places(subnets: Sequence[str]) -> list[tuple[str, Truth]]:
    """As many subnets as there can be, and whether each is given; those that are not are empty.

    CloudFormation has no length of a list: padding makes each place readable.
    """
    if not cdk.Token.is_unresolved(list(subnets)):
        places = [*subnets, *[""] * (_MOST_SUBNETS - len(subnets))]
        return [(place, bool(place)) for place in places]
    padded = cdk.Fn.split(",", cdk.Fn.join("", [cdk.Fn.join(",", list(subnets)), "," * (_MOST_SUBNETS - 1)]))
    chosen = [cdk.Fn.select(place, padded) for place in range(_MOST_SUBNETS)]
    return [(place, cdk.Fn.condition_not(cdk.Fn.condition_equals(place, ""))) for place in chosen]


def only_if(known: Condition, construct: Construct) -> None:
    """Let the resources of a construct exist under a condition; drop them where it is known not to hold."""
    if known is True:
        return
    for child in construct.node.find_all():
        if isinstance(child, cdk.CfnResource):
            _bind(child, known)


def _bind(resource: cdk.CfnResource, known: Condition) -> None:
    if isinstance(known, cdk.CfnCondition):
        resource.cfn_options.condition = known
    else:
        cast("Construct", resource.node.scope).node.try_remove_child(resource.node.id)


def either(known: Condition, this: object, that: object) -> str:
    """One value if the condition holds, else the other."""
    if isinstance(known, cdk.CfnCondition):
        return cdk.Token.as_string(cdk.Fn.condition_if(known.logical_id, this, that))
    return cast("str", this if known else that)


def refuse(scope: Construct, name: str, *, where: Truth = True, unless: Mapping[str, Truth]) -> None:
    """Let the template refuse parameters that do not go together, before it makes anything.

    unless: what must hold, by the sentence that is said where it does not. Raises ValueError where that is known.
    """
    if where is False:
        return
    if where is True:
        broken = [said for said, holds in unless.items() if holds is False]
        if broken:
            raise ValueError(broken[0])
    open_ones = {said: holds for said, holds in unless.items() if holds is not True}
    if open_ones:
        _rule(scope, name, where, open_ones)


def _rule(scope: Construct, name: str, where: Truth, unless: Mapping[str, Truth]) -> None:
    cdk.CfnRule(
        scope,
        name,
        rule_condition=None if isinstance(where, bool) else where,
        assertions=[
            cdk.CfnRuleAssertion(assert_=_expression(holds), assert_description=said) for said, holds in unless.items()
        ],
    )


def _expression(truth: Truth) -> cdk.ICfnConditionExpression:
    """A rule has no other way to say that something never holds."""
    return cdk.Fn.condition_equals(*YES_OR_NO) if isinstance(truth, bool) else truth
