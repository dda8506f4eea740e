"""The file system that holds the snapshots: a new one that outlives the stack, or one that is there."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.conditions import either, is_yes, subnet_places
from cdk.file_system_policy import snapshot_policy
from cdk.form import Form
from cdk.permissions import acknowledge
from cdk.replication import Replication
from cdk.storage_classes import lifecycle_policies


class BackupFileSystem(Construct):
    """A new file system with mount targets and a policy if wanted, unless one was given; and an access point."""

    def __init__(self, scope: Construct, form: Form, worker: iam.Role, security_group: str) -> None:
        super().__init__(scope, "BackupFileSystem")
        given = form.text("ExistingBackupEFS")
        self._none_given = cdk.Fn.condition_equals(given, "")
        self._is_new = cdk.CfnCondition(self, "IsNew", expression=self._none_given)
        self.replication = Replication(self, form)
        self._regional = cdk.Fn.condition_equals(form.text("AvailabilityZone"), "")
        self._made = self._file_system(form, worker)
        self.id = either(self._is_new, self._made.ref, given)
        self.access_point = self._access_point()
        self.mount_targets = self._mount_targets(subnet_places(form.texts("Subnets")), security_group)

    def _file_system(self, form: Form, worker: iam.Role) -> efs.CfnFileSystem:
        made = efs.CfnFileSystem(
            self,
            "FileSystem",
            encrypted=cdk.Token.as_any(
                self._if("Encrypted", form.text("EFSEncryption"), "Yes", then=True, other=False)
            ),
            kms_key_id=self._key(form),
            performance_mode=form.text("EFSMode"),
            throughput_mode=self._if(
                "MaxIo", form.text("EFSMode"), "maxIO", then="bursting", other=form.text("ThroughputMode")
            ),
            availability_zone_name=self._zone(form),
            lifecycle_policies=lifecycle_policies(self, form, self._regional),
            # Where nothing is said AWS Backup may be on: it would copy all snapshots once more, each day, and charge.
            backup_policy=efs.CfnFileSystem.BackupPolicyProperty(status="DISABLED"),
            replication_configuration=self.replication.configuration,
            file_system_policy=self._policy(form, worker),
            file_system_tags=[_name_tag()],
        )
        made.cfn_options.condition = self._is_new
        # An update or a removal leaves it; one whose very creation is rolled back is empty, and goes.
        made.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(made, "AwsSolutions-EFS1", "It is encrypted unless the operator says no.")
        return made

    def _key(self, form: Form) -> str:
        return self._if("DefaultKey", form.text("KmsKey"), "", then=cdk.Aws.NO_VALUE, other=form.text("KmsKey"))

    def _zone(self, form: Form) -> str:
        regional = cdk.CfnCondition(self, "IsRegional", expression=self._regional)
        return either(regional, cdk.Aws.NO_VALUE, form.text("AvailabilityZone"))

    def _if(self, name: str, text: str, wanted: str, *, then: object, other: object) -> str:
        condition = cdk.CfnCondition(self, name, expression=cdk.Fn.condition_equals(text, wanted))
        return either(condition, then, other)

    def _policy(self, form: Form, worker: iam.Role) -> str:
        """Without one, whoever reaches a mount target may write."""
        protected = is_yes(self, "IsProtected", form.text("BackupSecurity"))
        return either(protected, snapshot_policy(worker), cdk.Aws.NO_VALUE)

    def _mount_targets(self, subnets: list[str], security_group: str) -> str:
        """Their ids, separated by blanks: whoever names them is made after those that are made.

        A condition each, for the number of subnets is only known when the stack is deployed.

        They are numbered by their place, for a template knows no names but those that are written in it. In one zone
        alone there is one.
        """
        made = list[str]()
        for number, subnet in enumerate(subnets, start=1):
            given = cdk.Fn.condition_not(cdk.Fn.condition_equals(subnet, ""))
            further = [self._regional] if number > 1 else []
            wanted = cdk.Fn.condition_and(self._none_given, given, *further)
            target = efs.CfnMountTarget(
                self,
                f"MountTarget{number}",
                file_system_id=self._made.ref,
                subnet_id=subnet,
                security_groups=[security_group],
            )
            condition = cdk.CfnCondition(self, f"HasSubnet{number}", expression=wanted)
            target.cfn_options.condition = condition
            made.append(either(condition, target.ref, "none"))
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
