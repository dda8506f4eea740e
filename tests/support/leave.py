"""The leave to write to the source, as a template with RestoreInPlace=Yes makes it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import boto3

from efs_backup.orchestrator import handler

ROLE = "worker"


@contextmanager
def a_leave(set_variable: Callable[[str, str], None]) -> Iterator[str]:
    """While this lasts the stack may restore into its source; gives the ARN of the policy that lets it."""
    iam = boto3.client("iam")
    write = {"Effect": "Allow", "Action": "elasticfilesystem:ClientWrite", "Resource": "*"}
    trust, leave = ({"Version": "2012-10-17", "Statement": statements} for statements in ([], [write]))
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    made = iam.create_policy(PolicyName="leave", PolicyDocument=json.dumps(leave))["Policy"]["Arn"]
    set_variable("RESTORE_POLICY", made)
    handler.services.cache_clear()
    yield made
    handler.services.cache_clear()


def is_given() -> bool:
    """Whether the instance's role has the leave at this moment."""
    return bool(boto3.client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"])
