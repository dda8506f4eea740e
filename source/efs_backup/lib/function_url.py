"""The URL of a Lambda function that IAM guards: each request is signed with the operator's credentials."""

from dataclasses import dataclass, field

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from efs_backup.domain.errors import ServiceFault
from efs_backup.domain.forwarding import Got

_CONNECT_SECONDS, _ANSWER_SECONDS = 5, 75
"""The function itself ends after a minute."""

_AT_ONCE = 32


@dataclass(frozen=True)
class FunctionUrl:
    """`url` is that of the function, as `https://ID.lambda-url.REGION.on.aws/`."""

    url: str
    session: boto3.Session
    region: str
    _connections: URLLib3Session = field(init=False)

    def __post_init__(self) -> None:
        bundle = self.session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - as boto3's own clients do
        connections = URLLib3Session(
            verify=bundle or True, proxies=get_environ_proxies(self.url), max_pool_connections=_AT_ONCE,
            timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),  # type: ignore[arg-type] # the stubs know one number alone
        )  # fmt: skip
        object.__setattr__(self, "_connections", connections)

    def get(self, target: str) -> Got:
        """Ask for a path with its query, which are signed and sent exactly so. Raises ServiceFault."""
        request = self._signed(target)
        try:
            answer = self._connections.send(request.prepare())
        except BotoCoreError as error:
            raise ServiceFault(
                f"The function cannot be reached: {error}", "Is the network right? Load the page again."
            ) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if headers.get("content-length", str(len(answer.content))) != str(len(answer.content)):
            raise ServiceFault("The answer of the function was torn on its way.", "Load the page again.")
        return Got(answer.status_code, headers, answer.content)

    def _signed(self, target: str) -> AWSRequest:
        request = AWSRequest("GET", self.url.rstrip("/") + target)
        try:
            credentials = self.session.get_credentials()
            if credentials is None:
                raise ServiceFault("There are no credentials any more.", _SIGN_IN)
            SigV4Auth(credentials.get_frozen_credentials(), "lambda", self.region).add_auth(request)
        except BotoCoreError as error:
            raise ServiceFault(f"Nothing can be signed: {error}", _SIGN_IN) from error
        return request


_SIGN_IN = "Sign in again, and start the command again."
