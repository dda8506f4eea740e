"""Where seals are kept that nobody overwrites: a bucket of their own under Object Lock, made only if it is wanted."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from efs_backup.domain.operations.seal_store import CHANGES, DRILLS, MANIFESTS, SEALS

from ..parameters.proof import Seals
from ..permissions import arns
from ..permissions.allow import Allow, acknowledge, permit
from .conditions import Condition, as_number, as_text, both, condition, either, equals, negated, only_if


class SealBucket(Construct):
    """The bucket; it outlives the stack, and a lock of its objects outlives whoever wants them gone."""

    def __init__(self, scope: Construct, asked: Seals) -> None:
        super().__init__(scope, "Seals")
        bucket = self._bucket()
        _lock(bucket, asked)
        _written_once(bucket)
        self.condition = _is_wanted(self, as_text(asked.lock_days))
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


def _lock(bucket: s3.Bucket, asked: Seals) -> None:
    """Each object is locked when it is written, without a permission of who writes it."""
    made = cast("s3.CfnBucket", bucket.node.default_child)
    made.object_lock_configuration = s3.CfnBucket.ObjectLockConfigurationProperty(
        object_lock_enabled="Enabled",
        rule=s3.CfnBucket.ObjectLockRuleProperty(
            default_retention=s3.CfnBucket.DefaultRetentionProperty(
                mode=asked.lock_mode, days=as_number(asked.lock_days)
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


def _is_wanted(scope: Construct, days: str) -> Condition:
    return condition(scope, "AreWanted", both(*(negated(equals(days, none)) for none in ("", "0"))))
