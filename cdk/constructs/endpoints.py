"""A private way to AWS: the VPC endpoints of all that the instance talks to, made only if they are wanted."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ..parameters.backup import BackupParameters
from .conditions import Condition, both, condition, equals, is_yes, negated, only_if
from .network import endpoints_have_route_tables
from .security_groups import SecurityGroups

_INTERFACES = {
    "Ssm": "ssm",
    "SsmMessages": "ssmmessages",
    "Ec2Messages": "ec2messages",
    "AutoScaling": "autoscaling",
    "FileSystems": "elasticfilesystem",
    "Topics": "sns",  # a restore reports by itself
}
_OF_SEVERAL = {"Shares": "sqs", "Instances": "ec2"}
"""Of several instances of one backup: their queue, and who says that the others are terminated."""

_GATEWAYS = {"Storage": "s3", "Records": "dynamodb"}


class Endpoints(Construct):
    """Interface endpoints in the stack's subnets for its instance alone, and routes to Amazon S3 and DynamoDB."""

    def __init__(self, scope: Construct, asked: BackupParameters, access: SecurityGroups) -> None:
        super().__init__(scope, "Endpoints")
        self._network, self._route_tables = asked.network, asked.endpoints.route_tables
        group = ec2.SecurityGroup(
            self, "Access", vpc=access.vpc, description="VPC endpoints of EFS backups", allow_all_outbound=False
        )
        group.add_ingress_rule(access.worker_group, ec2.Port.HTTPS, "HTTPS from the backup instance")
        for name, service in _INTERFACES.items():
            self._interface(name, service, group.security_group_id)
        for name, service in _GATEWAYS.items():
            self._gateway(name, service)
        tokens = self._interface("Tokens", "sts", group.security_group_id)
        only_if(is_yes(self, "AreWanted", asked.endpoints.wanted), self)
        only_if(_for_drills(self, asked), tokens)
        several_work = _for_shares(self, asked)
        for name, service in _OF_SEVERAL.items():
            only_if(several_work, self._interface(name, service, group.security_group_id))
        endpoints_have_route_tables(scope, asked.endpoints)

    def _interface(self, name: str, service: str, group: str) -> ec2.CfnVPCEndpoint:
        return ec2.CfnVPCEndpoint(
            self,
            name,
            vpc_id=self._network.vpc,
            service_name=_named(service),
            vpc_endpoint_type="Interface",
            subnet_ids=list(self._network.subnets),
            security_group_ids=[group],
            private_dns_enabled=True,
        )

    def _gateway(self, name: str, service: str) -> None:
        ec2.CfnVPCEndpoint(
            self,
            name,
            vpc_id=self._network.vpc,
            service_name=_named(service),
            vpc_endpoint_type="Gateway",
            route_table_ids=cdk.Fn.split(",", self._route_tables),
        )


def _for_drills(scope: Construct, asked: BackupParameters) -> Condition:
    """A drill takes a role that can only read."""
    drills = negated(equals(asked.drills.schedule, ""))
    return condition(scope, "AreWantedByDrills", both(equals(asked.endpoints.wanted, "Yes"), drills))


def _for_shares(scope: Construct, asked: BackupParameters) -> Condition:
    """Several instances of one backup share it by a queue."""
    several = negated(equals(asked.fleet.workers, "1"))
    return condition(scope, "AreWantedForShares", both(equals(asked.endpoints.wanted, "Yes"), several))


def _named(service: str) -> str:
    return f"com.amazonaws.{cdk.Aws.REGION}.{service}"
