"""The messages to an operator when AWS refuses, is out of reach, or answers what nobody understands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from moto.awslambda_simple.models import LambdaSimpleBackend

from efs_backup.domain.results import BackupStatus
from tests.stack.described import NAME, Ask, describe
from tests.stack.operating import LOG, Operator, answering, describe_all
from tests.support.cloud import REGION, Cloud, a_stack
from tests.support.nightly import mostly_nightly

_AWAY = EndpointConnectionError(endpoint_url="https://dynamodb")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack that answers."""
    with a_stack(monkeypatch.setenv) as made, answering(made):
        describe_all(made)
        yield made


@pytest.fixture
def operator(cloud: Cloud, ask: Ask) -> Operator:
    """Its operator."""
    return Operator(cloud, ask)


@contextmanager
def _refusing(operation: str, why: BaseException, first: int = 0, times: int = 1000) -> Iterator[None]:
    """While this lasts, this call of AWS ends so: so many times, after the first ones."""
    real, calls = BaseClient._make_api_call, [0]  # type: ignore[attr-defined]

    def call(client: BaseClient, name: str, given: dict[str, Any]) -> Any:
        calls[0] += name == operation
        if name == operation and first < calls[0] <= first + times:
            raise why
        return real(client, name, given)

    with mock.patch.object(BaseClient, "_make_api_call", call):
        yield


def _denied(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"Refused as {code}."}}, operation)


@pytest.mark.parametrize(
    ("code", "next_step"),
    mostly_nightly(
        [
            ("ExpiredToken", "aws sso login"), ("AccessDenied", "sts get-caller-identity"),
            ("InvalidSignatureException", "Is the clock of this machine right"),
            *((code, "try it again in a minute") for code in (
                "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
            )),
        ],
        4,
    ),
)  # fmt: skip
def test_a_refusal_names_the_step_that_belongs_to_it(operator: Operator, code: str, next_step: str) -> None:
    """Who has to sign in again is not sent to look whose credentials these are."""
    with _refusing("DescribeStacks", _denied(code, "DescribeStacks")):
        assert next_step in operator("status", code=1).stderr


def test_an_unusable_configuration_of_aws_is_named(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a traceback nor a request to report it; a file that is torn, and a program that gives no credentials."""
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for text in ("[profile a\n", "[profile a]\ncredential_process=/bin/false\n"):
        config.write_text(text)
        said = operator("status", "--profile", "a", "--region", REGION, code=2).stderr
        assert "The configuration of AWS cannot be used" in said
        assert "Traceback" not in said


def test_an_address_that_is_none_is_named(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an environment in which somebody has mistyped it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "plugh")
    assert "AWS_ENDPOINT_URL" in operator("status", code=2).stderr


def test_a_stack_without_outputs_is_told_with_its_status(operator: Operator) -> None:
    """A stack without outputs may be on its way, or rolled back: another region would not help."""
    describe("half", {})
    said = operator("status", "half", code=5).stderr
    assert "The stack half has no outputs: it is CREATE_COMPLETE." in said
    assert "The name of the stack is empty" in operator("status", "", code=2).stderr


def test_a_mistyped_name_is_told_also_to_who_may_see_one_stack_alone(operator: Operator) -> None:
    """The others cannot be listed, so none is named."""
    real = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: BaseClient, name: str, given: dict[str, Any]) -> Any:
        if name == "DescribeStacks" and not given:
            raise _denied("AccessDenied", name)
        return real(client, name, given)

    with mock.patch.object(BaseClient, "_make_api_call", call):
        assert "There is no backup stack 'plugh'" in operator("status", "plugh", code=5).stderr
        assert operator("status", NAME).code == 0


@pytest.mark.parametrize("body", [b"null", b"[]", b"plugh", b"{}"])
def test_an_answer_that_nobody_understands_is_told_as_that(operator: Operator, body: bytes) -> None:
    """As of a function that is none of ours."""
    with mock.patch.object(LambdaSimpleBackend, "invoke", return_value=body):
        said = operator("hold", "--reason", "why", code=1).stderr
    assert "answers what cannot be understood" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("why", [ReadTimeoutError(endpoint_url="https://lambda"), KeyboardInterrupt()])
def test_an_answer_that_never_comes_says_that_it_may_happen_all_the_same(
    operator: Operator, why: BaseException
) -> None:
    """Who interrupts then has not stopped anything."""
    with _refusing("Invoke", why):
        said = operator("start", code=1).stderr
    assert "It may do all the same what it was asked for" in said
    assert "nothing was touched" not in said


def test_the_agents_log_is_shown_without_the_functions(cloud: Cloud, operator: Operator) -> None:
    """A log group that is gone, or that one may not read, hides nothing else; an object that is gone is told."""
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    bucket = cloud.environment["LOG_BUCKET"]
    boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("s3").put_object(Bucket=bucket, Key="a.log", Body=b"copied\n")
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, logs=f"s3://{bucket}/a.log")
    boto3.client("logs", region_name=REGION).delete_log_group(logGroupName=LOG)
    ended = operator("logs")
    assert "copied" in ended.stdout
    assert "The orchestrator's lines are not known" in ended.stderr


@pytest.mark.parametrize("key", ["latest", "hold", "plugh", ""])
def test_what_is_no_id_has_no_log(cloud: Cloud, operator: Operator, key: str) -> None:
    """The table has items that are no records; an empty id is not the latest."""
    cloud.schedule_fires()
    assert "has no record of the backup" in operator("logs", "--backup", key, code=5).stderr


@pytest.mark.parametrize("command", [("stop", "--wait"), ("logs", "-f")], ids=" ".join)
def test_a_network_that_is_away_for_minutes_ends_no_following(
    cloud: Cloud, operator: Operator, command: tuple[str, ...]
) -> None:
    """A network that is away is told once."""
    running = cloud.schedule_fires()
    ended = running.ended(BackupStatus.SUCCESS, now=cloud.now(), message="Done.")
    operator.steps = [lambda: None] * 3
    with _looks(running, running, _AWAY, _AWAY, ended):
        told = operator(*command)
    assert told.stderr.count("It is tried again, for ten minutes") == 1


@pytest.mark.parametrize("command", [("stop", "--wait"), ("logs", "-f")], ids=" ".join)
def test_credentials_that_expire_while_following_end_no_backup(
    cloud: Cloud, operator: Operator, command: tuple[str, ...]
) -> None:
    """The exit code is that of a command that could not look on; the sentence says so."""
    running = cloud.schedule_fires()
    operator.steps = [lambda: None]
    with _looks(running, running, _denied("ExpiredTokenException", "GetItem")):
        said = operator(*command, code=1).stderr
    assert f"The backup {running.backup_id} is not touched by that." in said
    assert "aws sso login" in said


def _looks(*answers: object) -> Any:
    """While this lasts, a look at a record is answered, or refused, so."""
    return mock.patch("efs_backup.stack.deployment.Deployment.find", side_effect=answers)


def test_a_backup_of_which_nothing_can_come_any_more_is_in_nobodys_way(cloud: Cloud, operator: Operator) -> None:
    """The orchestrator would start beside it: so the command does not refuse."""
    before = cloud.schedule_fires()
    cloud.agent_claims(before.backup_id)
    cloud.time = "2026-11-22T09:10:00Z"
    answer = operator("start", "--json").json
    assert "never reported, and its window is over" in answer["reason"]
