"""Where records and logs are kept."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ..permissions.allow import acknowledge

_LOG_DAYS = 365
_LOGS = ("ec2-logs", "efs-backup-logs", "efs-drill-logs", "efs-restore-logs", "ssm-logs")
"""The logs, which grow old. A restore's mark must not: without it the restore is done once more. Evidence does not."""

_OLD_VERSION_DAYS = 30


def record_table(scope: Construct) -> dynamodb.Table:
    """One item for each backup; old ones expire by themselves."""
    return dynamodb.Table(
        scope,
        "Records",
        partition_key=dynamodb.Attribute(name="BackupId", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute="ExpireItem",
        # Without the stack nothing reads them, and the reports are in the operator's mailbox.
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def log_bucket(scope: Construct) -> s3.Bucket:
    """The logs of the instances; it outlives the stack, unless the stack's very creation is rolled back."""
    bucket = s3.Bucket(
        scope,
        "Logs",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        versioned=True,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        lifecycle_rules=[
            *(s3.LifecycleRule(prefix=f"{logs}/", expiration=cdk.Duration.days(_LOG_DAYS)) for logs in _LOGS),
            s3.LifecycleRule(
                noncurrent_version_expiration=cdk.Duration.days(_OLD_VERSION_DAYS),
                abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            ),
        ],
    )
    acknowledge(bucket, "AwsSolutions-S1", "It holds logs itself; logs of access to logs help nobody here.")
    return bucket
