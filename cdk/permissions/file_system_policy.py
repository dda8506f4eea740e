"""Who may do what on the backup file system, whatever their own role allows."""

from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

_MOUNT = "elasticfilesystem:ClientMount"
_WRITE = "elasticfilesystem:ClientWrite"
_ROOT = "elasticfilesystem:ClientRootAccess"
_POINT = "elasticfilesystem:AccessPointArn"


def snapshot_policy(worker: iam.IRole) -> iam.PolicyDocument:
    """Let all read by encrypted mounts, as who they are; let nobody write but through an access point.

    Amazon EFS adds up what a role allows and what a policy does, and enforces four condition keys for clients alone:
    so a role that may write to all file systems is kept out by a denial, and the denial asks for the access point.
    The agent has one; its ARN cannot stand here, for it is made after the file system, and another stack may have one
    later. Who reads as root, as a restore and the page do, needs a role that says so; the page's is denied to write.
    """
    points = f"arn:{Aws.PARTITION}:elasticfilesystem:{Aws.REGION}:{Aws.ACCOUNT_ID}:access-point/*"
    agent = iam.PolicyStatement(
        principals=[iam.ArnPrincipal(worker.role_arn)],
        actions=[_MOUNT, _WRITE, _ROOT],
        conditions={"StringLike": {_POINT: points}},
    )
    return iam.PolicyDocument(statements=[agent, _reading(), _not_writing(points)])


def _reading() -> iam.PolicyStatement:
    encrypted: dict[str, Any] = {
        "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true", "aws:SecureTransport": "true"}
    }
    return iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=[_MOUNT], conditions=encrypted)


def _not_writing(points: str) -> iam.PolicyStatement:
    """A negated condition also holds where there is no access point at all."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=[_WRITE],
        conditions={"StringNotLike": {_POINT: points}},
    )
