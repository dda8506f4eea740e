"""Clients of AWS services, all with the same patience."""

from typing import Any

import boto3
from botocore.config import Config

_PATIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 5})
"""Standard mode waits between attempts, and tries throttled requests again."""


def client(service: str) -> Any:
    """A client of this service in the region and with the credentials of the environment."""
    return boto3.client(service, config=_PATIENT)  # type: ignore[call-overload]
