"""Security Token Service: a role that may do less."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import MountFailed


class _Client(Protocol):
    """The one call of boto3's client that is made here."""

    def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> Mapping[str, Any]:  # noqa: N803 - its names
        """Take a role."""


@dataclass(frozen=True)
class Keys:
    """Credentials that are over in an hour."""

    access_key: str
    secret_key: str
    token: str


class Roles:
    """The roles that the instance may take."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def take(self, role: str, session: str) -> Keys:
        """The credentials of a role. Raises MountFailed: without them nothing can be mounted by it."""
        try:
            given = self._client.assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
        except (ClientError, BotoCoreError) as refused:
            raise MountFailed(
                f"The role {role}, which can only read, cannot be taken: {refused}.",
                "See that the instance reaches the service sts, by an endpoint if it has no other way.",
            ) from refused
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
