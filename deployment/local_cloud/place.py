"""Where the local cloud is, and who may do what in it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.sts.models import sts_backends

ACCOUNT, REGION = "123456789012", "us-east-1"
OPERATOR = "operator"
"""The access key and the secret of who may do all."""

_SESSION_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Credentials:
    """Keys of a session with a role."""

    key: str
    secret: str
    token: str

    def variables(self) -> dict[str, str]:
        """As the environment of a Lambda function has them."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_SESSION_TOKEN": self.token}

    def metadata(self) -> dict[str, str]:
        """As the metadata service of an instance tells them."""
        expiration = datetime.now(UTC) + timedelta(seconds=_SESSION_SECONDS)
        return {
            "AccessKeyId": self.key, "SecretAccessKey": self.secret, "Token": self.token,
            "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }  # fmt: skip


def assume(role_arn: str, session: str) -> Credentials:
    """Be somebody with this role."""
    made = sts_backends[ACCOUNT]["aws"].assume_role(REGION, session, role_arn, "", _SESSION_SECONDS, "")
    return Credentials(made.access_key_id, made.secret_access_key, made.session_token)
