"""The file system that holds the snapshots: a new one that outlives the stack, or one that is there."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..parameters.field import Answer
from ..parameters.instance import Network
from ..parameters.storage import Replica, Storage
from ..permissions.allow import acknowledge
from ..permissions.file_system_policy import snapshot_policy
from .conditions import both, condition, either, equals, is_yes, only_if, subnet_places
from .replication import Replication
from .storage_classes import lifecycle_policies


class BackupFileSystem(Construct):
    """A new file system with mount targets and a policy if wanted, unless one was given; and an access point."""

    def __init__(
        self, scope: Construct, asked: tuple[Storage, Replica], network: Network, worker: iam.Role, security_group: str
    ) -> None:
        super().__init__(scope, "BackupFileSystem")
        storage, replica = asked
        self.subnets = list(network.subnets)
        self._none_given = equals(storage.existing, "")
        is_new = condition(self, "IsNew", self._none_given)
        self.replication = Replication(self, replica)
        self._regional = equals(storage.zone, "")
        self._made = self._file_system(storage, worker)
        only_if(is_new, self._made)
        self.id = either(is_new, self._made.ref, storage.existing)
        self.access_point = self._access_point()
        self.mount_targets = self._mount_targets(security_group)

    def _file_system(self, storage: Storage, worker: iam.Role) -> efs.CfnFileSystem:
        made = efs.CfnFileSystem(
            self,
            "FileSystem",
            encrypted=cdk.Token.as_any(self._if("Encrypted", storage.encrypted, "Yes", then=True, other=False)),
            kms_key_id=self._key(storage),
            performance_mode=storage.performance_mode,
            throughput_mode=self._if(
                "MaxIo", storage.performance_mode, "maxIO", then="bursting", other=storage.throughput_mode
            ),
            availability_zone_name=self._zone(storage),
            lifecycle_policies=lifecycle_policies(self, storage, self._regional),
            # Where nothing is said AWS Backup may be on: it would copy all snapshots once more, each day, and charge.
            backup_policy=efs.CfnFileSystem.BackupPolicyProperty(status="DISABLED"),
            replication_configuration=self.replication.configuration,
            file_system_policy=self._policy(storage, worker),
            file_system_tags=[_name_tag()],
        )
        # An update or a removal leaves it; one whose very creation is rolled back is empty, and goes.
        made.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(made, "AwsSolutions-EFS1", "It is encrypted unless the operator says no.")
        return made

    def _key(self, storage: Storage) -> str:
        return self._if("DefaultKey", storage.kms_key, "", then=cdk.Aws.NO_VALUE, other=storage.kms_key)

    def _zone(self, storage: Storage) -> str:
        regional = condition(self, "IsRegional", self._regional)
        return either(regional, cdk.Aws.NO_VALUE, storage.zone)

    def _if(self, name: str, answer: Answer, wanted: str, *, then: object, other: object) -> str:
        return either(condition(self, name, equals(answer, wanted)), then, other)

    def _policy(self, storage: Storage, worker: iam.Role) -> str:
        """Without one, whoever reaches a mount target may write."""
        protected = is_yes(self, "IsProtected", storage.protected)
        return either(protected, snapshot_policy(worker), cdk.Aws.NO_VALUE)

    def _mount_targets(self, security_group: str) -> str:
        """Their ids, separated by blanks: whoever names them is made after those that are made.

        A condition each, for the number of subnets is only known when the stack is deployed.

        They are numbered by their place, for a template knows no names but those that are written in it. In one zone
        alone there is one.
        """
        made = list[str]()
        for number, (subnet, given) in enumerate(subnet_places(self.subnets), start=1):
            further = [self._regional] if number > 1 else []
            target = efs.CfnMountTarget(
                self,
                f"MountTarget{number}",
                file_system_id=self._made.ref,
                subnet_id=subnet,
                security_groups=[security_group],
            )
            wanted = condition(self, f"HasSubnet{number}", both(self._none_given, given, *further))
            only_if(wanted, target)
            made.append(either(wanted, target.ref, "none"))
        return cdk.Fn.join(" ", made)

    def _access_point(self) -> str:
        """The agent's, by which the policy knows it. Owners stay who they are: it gives nobody another identity.

        A file system that was given may have such a policy, of a stack that is gone with its access point.
        """
        point = efs.CfnAccessPoint(
            self,
            "AgentAccess",
            file_system_id=self.id,
            root_directory=efs.CfnAccessPoint.RootDirectoryProperty(path="/"),
        )
        return point.ref


def _name_tag() -> efs.CfnFileSystem.ElasticFileSystemTagProperty:
    return efs.CfnFileSystem.ElasticFileSystemTagProperty(key="Name", value=f"efs-backup-{cdk.Aws.STACK_NAME}")
