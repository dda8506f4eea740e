"""An AWS account, as the run sees it: clients that count their calls, and patience."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

NAME_TAG = "efs-backup-try"
"""The tag of all that a run makes; its value is the name of the run."""

_ENDPOINT = "AWS_ENDPOINT_URL"
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 8})
_POLL_SECONDS = 10.0
_POLL_SECONDS_HERE = 0.3


class RunFailed(Exception):
    """The run cannot go on; the sentence says what was waited for, or what was found."""


FAILURES = (RunFailed, ClientError, BotoCoreError)
"""The exceptions with which a step of a run may end."""


@dataclass
class Account:
    """`is_emulated` where an endpoint is given: the answers are none of AWS's then, and all is faster."""

    region: str
    tell: Callable[[str], None]
    calls: Counter[str] = field(default_factory=Counter)
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def is_emulated(self) -> bool:
        """Whether an emulation answers."""
        return _ENDPOINT in os.environ

    @classmethod
    def at(cls, endpoint: str | None, tell: Callable[[str], None]) -> "Account":
        """By the credentials and the region of the environment. Raises RunFailed where there is no region."""
        if endpoint:
            os.environ[_ENDPOINT] = endpoint
        region = os.environ.get("AWS_REGION") or boto3.Session().region_name
        if not region:
            raise RunFailed("There is no region: set AWS_REGION.")
        return cls(region, tell)

    def client(self, service: str) -> Any:
        """A client of a service; its calls are counted."""
        if service not in self._clients:
            made = boto3.client(service, region_name=self.region, config=_PATIENT)  # type: ignore[call-overload]
            made.meta.events.register("before-call", self._count)
            self._clients[service] = made
        return self._clients[service]

    def client_as(self, role: str, service: str) -> Any:
        """A client of a service for somebody with a role."""
        keys = self.client("sts").assume_role(RoleArn=role, RoleSessionName=NAME_TAG)["Credentials"]
        return boto3.client(  # type: ignore[call-overload]
            service, region_name=self.region, config=_PATIENT, aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
        )  # fmt: skip

    def wait(self, what: str, is_so: Callable[[], bool], minutes: float = 30.0) -> float:
        """Wait for something; gives the seconds that it took. Raises RunFailed."""
        start = time.monotonic()
        while not is_so():
            if time.monotonic() > start + minutes * 60:
                raise RunFailed(f"Not within {minutes:.0f} minutes: {what}")
            time.sleep(_POLL_SECONDS_HERE if self.is_emulated else _POLL_SECONDS)
        return time.monotonic() - start

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[f"{model.service_model.service_name}:{model.name}"] += 1
