"""The file system that holds the snapshots: a new one that outlives the stack, or one that is there."""

import aws_cdk as cdk
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.conditions import either, is_yes, subnet_places
from cdk.form import Form
from cdk.permissions import acknowledge

_READ_ONLY = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess")


class BackupFileSystem(Construct):
    """A new file system with mount targets, a policy if wanted and an access point, unless one was given."""

    def __init__(self, scope: Construct, form: Form, worker: iam.Role, security_group: str) -> None:
        super().__init__(scope, "BackupFileSystem")
        given = form.text("ExistingBackupEFS")
        self._none_given = cdk.Fn.condition_equals(given, "")
        self._is_new = cdk.CfnCondition(self, "IsNew", expression=self._none_given)
        self._made = self._file_system(form, worker)
        self.id = either(self._is_new, self._made.ref, given)
        self._mount_targets(subnet_places(form.texts("Subnets")), security_group)
        self._access_point()

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
            file_system_policy=self._policy(form, worker),
            file_system_tags=[_name_tag()],
        )
        made.cfn_options.condition = self._is_new
        made.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        acknowledge(made, "AwsSolutions-EFS1", "It is encrypted unless the operator says no.")
        acknowledge(made, "CloudFormation-Validate::F3031", "Where the key is empty, the property is left out.")
        return made

    def _key(self, form: Form) -> str:
        return self._if("DefaultKey", form.text("KmsKey"), "", then=cdk.Aws.NO_VALUE, other=form.text("KmsKey"))

    def _if(self, name: str, text: str, wanted: str, *, then: object, other: object) -> str:
        condition = cdk.CfnCondition(self, name, expression=cdk.Fn.condition_equals(text, wanted))
        return either(condition, then, other)

    def _policy(self, form: Form, worker: iam.Role) -> str:
        """Without a policy, whoever reaches a mount target may write. With it, only the instance's role may."""
        protected = is_yes(self, "IsProtected", form.text("BackupSecurity"))
        worker_writes = iam.PolicyStatement(
            principals=[iam.ArnPrincipal(worker.role_arn)],
            actions=[*_READ_ONLY, "elasticfilesystem:ClientWrite"],
        )
        others_read = iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=list(_READ_ONLY),
            conditions={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true", "aws:SecureTransport": "true"}},
        )
        document = iam.PolicyDocument(statements=[worker_writes, others_read])
        return either(protected, document, cdk.Aws.NO_VALUE)

    def _mount_targets(self, subnets: list[str], security_group: str) -> None:
        """A condition each, for the number of subnets is only known when the stack is deployed."""
        for number, subnet in enumerate(subnets, start=1):
            given = cdk.Fn.condition_not(cdk.Fn.condition_equals(subnet, ""))
            wanted = cdk.Fn.condition_and(self._none_given, given)
            target = efs.CfnMountTarget(
                self,
                f"MountTarget{number}",
                file_system_id=self._made.ref,
                subnet_id=subnet,
                security_groups=[security_group],
            )
            target.cfn_options.condition = cdk.CfnCondition(self, f"HasSubnet{number}", expression=wanted)

    def _access_point(self) -> None:
        """For people and programs that look around: root reads everything, and the policy bars writing."""
        point = efs.CfnAccessPoint(
            self,
            "AccessPoint",
            file_system_id=self._made.ref,
            posix_user=efs.CfnAccessPoint.PosixUserProperty(uid="0", gid="0"),
            root_directory=efs.CfnAccessPoint.RootDirectoryProperty(path="/"),
        )
        point.cfn_options.condition = self._is_new


def _name_tag() -> efs.CfnFileSystem.ElasticFileSystemTagProperty:
    return efs.CfnFileSystem.ElasticFileSystemTagProperty(key="Name", value=f"efs-backup-{cdk.Aws.STACK_NAME}")
