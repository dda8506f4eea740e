"""Who may talk to whom: the instance to the file systems, by NFS alone."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ..parameters.instance import Endpoints, Fleet, Network
from .conditions import is_given, only_if

_NFS = 2049


class SecurityGroups(Construct):
    """One group for the instance, one for the mount targets of the backup file system, and a rule for the source's."""

    def __init__(self, scope: Construct, network: Network, endpoints: Endpoints, fleet: Fleet) -> None:
        super().__init__(scope, "Access")
        self.vpc = ec2.Vpc.from_vpc_attributes(self, "Vpc", vpc_id=network.vpc, availability_zones=["unused"])
        self.worker_group = ec2.SecurityGroup(
            self,
            "Worker",
            vpc=self.vpc,
            description="The instance that makes EFS backups; the mount targets of the source must accept NFS from it",
            # The source's network, the proxy and its port are not known here.
            allow_all_outbound=True,
        )
        backup = ec2.SecurityGroup(
            self, "Backup", vpc=self.vpc, description="The backup file system", allow_all_outbound=False
        )
        backup.add_ingress_rule(self.worker_group, ec2.Port.NFS, "NFS from the backup instance")
        self.worker, self.backup = self.worker_group.security_group_id, backup.security_group_id
        self._further = fleet.security_groups
        self._open_source(endpoints.source_security_group)

    def of_instance(self) -> list[str]:
        """Our own group, and those that were entered."""
        given = is_given(self, "HasFurther", self._further)
        if isinstance(given, bool):
            return [self.worker, *(self._further.split(",") if given else ())]
        joined = cdk.Fn.split(",", cdk.Fn.join(",", [self.worker, self._further]))
        return cdk.Token.as_list(cdk.Fn.condition_if(given.logical_id, joined, [self.worker]))

    def of_page(self, scope: Construct) -> ec2.SecurityGroup:
        """A group of the page's function, from which the backup file system accepts NFS.

        The groups of a file system that was given are not known: it may speak NFS to whoever accepts it.
        """
        group = ec2.SecurityGroup(
            scope,
            "Group",
            vpc=self.vpc,
            description="The page that shows EFS backups; a given backup file system must accept NFS from it",
            allow_all_outbound=False,
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.NFS, "NFS to the backup file system")
        ec2.CfnSecurityGroupIngress(
            scope,
            "FromPageToBackup",
            group_id=self.backup,
            source_security_group_id=group.security_group_id,
            ip_protocol="tcp",
            from_port=_NFS,
            to_port=_NFS,
            description="NFS from the page",
        )
        return group

    def _open_source(self, source: str) -> None:
        """A rule of ours goes with the stack; one made by hand would hold up the removal of the instance's group."""
        rule = ec2.CfnSecurityGroupIngress(
            self,
            "FromWorkerToSource",
            group_id=source,
            source_security_group_id=self.worker,
            ip_protocol="tcp",
            from_port=_NFS,
            to_port=_NFS,
            description=f"NFS from the instance of {cdk.Aws.STACK_NAME}",
        )
        only_if(is_given(self, "HasSourceGroup", source), rule)
