"""Rules of the templates about the network: CloudFormation decides them before it makes anything."""

import aws_cdk as cdk
from constructs import Construct

from cdk.form import Form

_SUBNET = "AWS::EC2::Subnet::Id"


def subnets_are_in_the_vpc(scope: Construct) -> None:
    """CloudFormation looks the subnets up."""
    inside = cdk.Fn.condition_each_member_in(cdk.Fn.value_of_all(_SUBNET, "VpcId"), cdk.Fn.ref_all("AWS::EC2::VPC::Id"))
    _rule(scope, "SubnetsInVpc", None, (inside, "All subnets must be in the VPC."))


def one_zone_is_that_of_the_subnets(scope: Construct, form: Form) -> None:
    """A file system in one zone has one mount target, there, and knows no maxIO."""
    zone = form.text("AvailabilityZone")
    _rule(
        scope,
        "OneZone",
        _is_given(zone),
        (
            cdk.Fn.condition_each_member_equals(cdk.Fn.value_of_all(_SUBNET, "AvailabilityZone"), zone),
            "With an availability zone, all subnets must be in it: give one.",
        ),
        (
            cdk.Fn.condition_equals(form.text("EFSMode"), "generalPurpose"),
            "Amazon EFS knows no maxIO in one zone: choose generalPurpose.",
        ),
    )


def endpoints_have_route_tables(scope: Construct, form: Form) -> None:
    """The endpoints of Amazon S3 and DynamoDB are routes."""
    _rule(
        scope,
        "EndpointsHaveRouteTables",
        cdk.Fn.condition_equals(form.text("CreateEndpoints"), "Yes"),
        (_is_given(form.text("RouteTables")), "With CreateEndpoints, RouteTables must have those of the subnets."),
    )


def _is_given(text: str) -> cdk.ICfnConditionExpression:
    return cdk.Fn.condition_not(cdk.Fn.condition_equals(text, ""))


def _rule(
    scope: Construct,
    name: str,
    where: cdk.ICfnConditionExpression | None,
    *assertions: tuple[cdk.ICfnConditionExpression, str],
) -> None:
    cdk.CfnRule(
        scope,
        name,
        rule_condition=where,
        assertions=[cdk.CfnRuleAssertion(assert_=true, assert_description=said) for true, said in assertions],
    )
