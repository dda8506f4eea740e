"""Emulated AWS for the modules of its edge, and refusals that the emulation cannot give."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tests.lib.refusals import Refuse


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Where clients come from; it reads the models of the services once for all tests."""
    return boto3.Session("testing", "testing", region_name="us-east-1")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in one region; nothing leaves the machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def refuse() -> Iterator[Refuse]:
    """Refusals for clients, which last as long as the test."""
    with ExitStack() as stubs:

        def refuse_next(client: Any, operation: str, code: str, message: str = "Refused.") -> None:
            stubber = stubs.enter_context(Stubber(client))
            stubber.add_client_error(operation, service_error_code=code, service_message=message)

        yield refuse_next
