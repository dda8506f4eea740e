"""Where seals are kept that nobody overwrites: a bucket of their own under Object Lock, made only if it is wanted."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk import arns
from cdk.conditions import either, only_if
from cdk.form import Field, Form
from cdk.permissions import Allow, acknowledge, permit
from efs_backup.domain.operations.seal_store import CHANGES, DRILLS, MANIFESTS, SEALS

_MOST_DAYS = 3650
_DAYS, _MODE = "SealBucketLockDays", "SealBucketLockMode"

SEAL_PARAMETERS = {
    _DAYS: Field(
        "Lock seals for days",
        "Keep the seals of all snapshots in a bucket of their own too, which the instance writes to and cannot"
        f" overwrite, each locked for so many days: up to {_MOST_DAYS}. Empty or 0: no bucket.",
        default="",
        pattern=r"(0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)?",
        wrong=f"must be empty, or 0 to {_MOST_DAYS}",
    ),
    _MODE: Field(
        "Mode of the lock",
        "GOVERNANCE: who holds s3:BypassGovernanceRetention can delete a seal. COMPLIANCE: nobody can before its days"
        " are over, not AWS either, and the bucket is paid for so long.",
        default="GOVERNANCE",
        choices=("GOVERNANCE", "COMPLIANCE"),
    ),
}


class SealBucket(Construct):
    """The bucket; it outlives the stack, and a lock of its objects outlives whoever wants them gone."""

    def __init__(self, scope: Construct, form: Form) -> None:
        super().__init__(scope, "Seals")
        bucket = self._bucket()
        _lock(bucket, form)
        _written_once(bucket)
        self.condition = _is_wanted(self, form.text(_DAYS))
        only_if(self.condition, self)
        self.name = bucket.bucket_name
        self.name_if_any = either(self.condition, bucket.bucket_name, "")

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(bucket, "AwsSolutions-S1", "Its objects are written once a night; CloudTrail tells who else came.")
        return bucket

    def let_write(self, role: iam.IRole) -> None:
        """Let a role write new objects, and read seals that are there already; nothing else."""
        places = [f"{arns.bucket(self.name)}/{kind}/*" for kind in (SEALS, CHANGES, MANIFESTS, DRILLS)]
        permit(self, role, [
            Allow(["s3:PutObject"], places, reason="The name of a seal holds the time of its snapshot."),
            Allow(["s3:GetObject"], places[:1], reason="The name of a seal holds the time of its snapshot."),
        ])  # fmt: skip
        only_if(self.condition, self)


def _lock(bucket: s3.Bucket, form: Form) -> None:
    """Each object is locked when it is written, without a permission of who writes it."""
    made = cast("s3.CfnBucket", bucket.node.default_child)
    made.object_lock_configuration = s3.CfnBucket.ObjectLockConfigurationProperty(
        object_lock_enabled="Enabled",
        rule=s3.CfnBucket.ObjectLockRuleProperty(
            default_retention=s3.CfnBucket.DefaultRetentionProperty(
                mode=form.text(_MODE), days=cdk.Token.as_number(form.text(_DAYS))
            )
        ),
    )


def _written_once(bucket: s3.Bucket) -> None:
    """A lock keeps a version, but a second one could lie upon it: so a key that is there is refused to everybody."""
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
            conditions={"Null": {"s3:if-none-match": "true"}},
        )
    )


def _is_wanted(scope: Construct, days: str) -> cdk.CfnCondition:
    given = [cdk.Fn.condition_not(cdk.Fn.condition_equals(days, none)) for none in ("", "0")]
    return cdk.CfnCondition(scope, "AreWanted", expression=cdk.Fn.condition_and(*given))
