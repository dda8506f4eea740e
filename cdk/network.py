"""A rule of both templates about the network."""

import aws_cdk as cdk
from constructs import Construct


def subnets_are_in_the_vpc(scope: Construct) -> None:
    """CloudFormation looks the subnets up before it makes anything."""
    cdk.CfnRule(
        scope,
        "SubnetsInVpc",
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=cdk.Fn.condition_each_member_in(
                    cdk.Fn.value_of_all("AWS::EC2::Subnet::Id", "VpcId"), cdk.Fn.ref_all("AWS::EC2::VPC::Id")
                ),
                assert_description="All subnets must be in the VPC.",
            )
        ],
    )
