"""Clients of AWS services, all with the same patience."""

import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ProfileNotFound

from efs_backup import __version__
from efs_backup.domain.errors import WrongUsage
from efs_backup.lib.aws_errors import SIGN_IN

_PATIENT = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 5},
    user_agent_extra=f"efs-backup/{__version__}",
)  # fmt: skip
"""Standard mode waits between attempts, and tries throttled requests again; CloudTrail shows the version."""


_LOOK = "Look at the profile (--profile, AWS_PROFILE) in ~/.aws/config and ~/.aws/credentials: aws configure list"


def client(service: str) -> Any:
    """A client of this service in the region and with the credentials of the environment."""
    return boto3.client(service, config=_PATIENT)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Session:
    """Whose credentials, and which region, an operator works with."""

    session: boto3.Session
    region: str

    @classmethod
    def of(cls, region: str | None, profile: str | None) -> "Session":
        """A session of the environment, but for what is given. Raises WrongUsage.

        AWS_REGION counts, as for the AWS CLI and other SDKs; boto3 by itself reads AWS_DEFAULT_REGION alone.
        """
        try:
            session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION") or None)
            if session.region_name is None:
                raise WrongUsage("No region is known.", "Give one: --region NAME, or set AWS_REGION.")
            if session.get_credentials() is None:
                raise WrongUsage("No credentials of AWS are known.", SIGN_IN)
        except ProfileNotFound as error:
            raise WrongUsage(f"There is no profile {profile!r}.", "See: aws configure list-profiles") from error
        except BotoCoreError as error:  # a file that cannot be read, a program that gives no credentials
            raise WrongUsage(f"The configuration of AWS cannot be used: {error}", _LOOK) from error
        return cls(session, session.region_name)

    def client(self, service: str) -> Any:
        """A client of this service. Raises WrongUsage where the environment has an address that is none."""
        try:
            return self.session.client(service, config=_PATIENT)  # type: ignore[call-overload]
        except BotoCoreError:
            raise
        except ValueError as error:
            raise WrongUsage(
                f"The address of a service cannot be used: {error}",
                "Look at AWS_ENDPOINT_URL in the environment, and at endpoint_url in the profile.",
            ) from error
