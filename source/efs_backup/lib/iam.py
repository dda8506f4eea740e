"""IAM: the one permission that comes and goes."""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from efs_backup.lib.aws_errors import code_of


class _Client(Protocol):
    """The two calls of boto3's client that are made here."""

    def attach_role_policy(self, *, RoleName: str, PolicyArn: str) -> Mapping[str, Any]:  # noqa: N803 - its names
        """Give a role what a policy allows."""

    def detach_role_policy(self, *, RoleName: str, PolicyArn: str) -> Mapping[str, Any]:  # noqa: N803
        """Take it away."""


class PassingPermission:
    """A managed policy that is attached to a role for a while. Both steps can be repeated."""

    def __init__(self, client: _Client, role: str, policy: str) -> None:
        self._client = client
        self._role = role
        self._policy = policy

    def give(self) -> None:
        """Let the role do what the policy allows."""
        self._client.attach_role_policy(RoleName=self._role, PolicyArn=self._policy)

    def take(self) -> bool:
        """Let it do so no more, in sessions that are open too; False where it could not anyway."""
        try:
            self._client.detach_role_policy(RoleName=self._role, PolicyArn=self._policy)
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            return False
        return True
