"""Rules of the templates about the network: CloudFormation decides them before it makes anything."""

import aws_cdk as cdk
from constructs import Construct

from ..parameters.field import is_open
from ..parameters.instance import Endpoints
from ..parameters.storage import Storage
from .conditions import equals, negated, refuse

_SUBNET = "AWS::EC2::Subnet::Id"


def subnets_are_in_the_vpc(scope: cdk.Stack) -> None:
    """CloudFormation looks up what was entered in a form."""
    inside = cdk.Fn.condition_each_member_in(cdk.Fn.value_of_all(_SUBNET, "VpcId"), cdk.Fn.ref_all("AWS::EC2::VPC::Id"))
    refuse(scope, "SubnetsInVpc", unless={"All subnets must be in the VPC.": inside})


def one_zone_is_that_of_the_subnets(scope: Construct, storage: Storage) -> None:
    """A file system in one zone has one mount target, there, and knows no maxIO.

    CloudFormation looks up the zones of subnets that are entered in a form, and of no others.
    """
    there = cdk.Fn.condition_each_member_equals(cdk.Fn.value_of_all(_SUBNET, "AvailabilityZone"), storage.zone)
    said = "With an availability zone, all subnets must be in it: give one."
    refuse(
        scope,
        "OneZone",
        where=negated(equals(storage.zone, "")),
        unless={
            **({said: there} if is_open(storage.zone) else {}),
            "Amazon EFS knows no maxIO in one zone: choose generalPurpose.": equals(
                storage.performance_mode, "generalPurpose"
            ),
        },
    )


def endpoints_have_route_tables(scope: Construct, endpoints: Endpoints) -> None:
    """The endpoints of Amazon S3 and DynamoDB are routes."""
    refuse(
        scope,
        "EndpointsHaveRouteTables",
        where=equals(endpoints.wanted, "Yes"),
        unless={
            "With CreateEndpoints, RouteTables must have those of the subnets.": negated(
                equals(endpoints.route_tables, "")
            )
        },
    )
