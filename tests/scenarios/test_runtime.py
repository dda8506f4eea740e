"""The handler under Amazon's own runtime client, in a process of its own."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment.local_cloud.machines.runtime import Function, FunctionCrashed
from tests.support.cloud import event_from_file, plain_environment

ARN = "arn:aws:lambda:us-east-1:123456789012:function:efs-backup-orchestrator"
HANDLER = "efs_backup.orchestrator.handler.handler"
_AS_JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
"""The environment that Lambda sets for a function that logs in JSON."""


def function(tmp_path: Path, **environment: str) -> Function:
    """The orchestrator as Lambda runs it; it reaches no AWS."""
    process = {"PATH": os.environ["PATH"], **_AS_JSON, **plain_environment(), **environment}
    return Function(HANDLER, process, ARN, tmp_path / "log")


def _log(tmp_path: Path) -> list[dict[str, Any]]:
    """The lines that our program wrote, each of which is JSON; the runtime client adds its own about an error."""
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    return [line for line in lines if "message" in line]


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[Function]:
    """One with all its variables."""
    with function(tmp_path) as made:
        yield made


def test_the_handler_answers_under_the_runtime_client_and_a_warm_call_is_fast(
    orchestrator: Function, tmp_path: Path
) -> None:
    """The fastest of five warm calls takes less than 100 milliseconds; the answer says what was done and why."""
    event = event_from_file("another_service")
    answers = [orchestrator.invoke(event, 60) for _ in range(6)]
    assert answers[0].value == {
        "action": "ignore",
        "reason": "it comes neither from this solution nor from Auto Scaling or Systems Manager",
    }
    assert min(answer.seconds for answer in answers[1:]) < 0.1
    lines = _log(tmp_path)
    assert lines[0]["message"] == "Event received"
    assert lines[0]["event"] == event
    assert all(line["requestId"] for line in lines)


@pytest.mark.long
def test_an_event_that_failed_is_one_line_with_its_error(tmp_path: Path) -> None:
    """As fields, which Logs Insights and metric filters can ask for; a line break would end the line."""
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    with function(tmp_path, **nowhere) as alone:
        error = alone.invoke(event_from_file("reconcile"), 60).error
    (failed,) = [line for line in _log(tmp_path) if line["message"].startswith("The event could not be handled")]
    assert error
    assert (failed["level"], failed["errorType"]) == ("ERROR", error["errorType"])
    assert failed["errorMessage"] == error["errorMessage"]


def test_an_error_reaches_lambda_with_its_type_and_sentence(tmp_path: Path) -> None:
    """Lambda tries the call again, and the operator reads what is missing."""
    with function(tmp_path, RETENTION="many") as broken:
        error = broken.invoke(event_from_file("reconcile"), 60).error
    assert error
    assert error["errorType"] == "SettingsFault"
    assert "RETENTION cannot be 'many'" in error["errorMessage"]
    assert error["stackTrace"]


def test_a_function_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    """The runtime client reports it as an error of the start."""
    process = {"PATH": os.environ["PATH"], **plain_environment()}
    with Function("efs_backup.no_such_module.handler", process, ARN, tmp_path / "log") as broken:
        error = broken.invoke({}, 60).error
    assert error
    assert error["errorType"] == "Runtime.ImportModuleError"


_ANSWERS_AND_IS_GONE = """
import os, socket, struct
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
with socket.create_connection((host, int(port))) as asking:
    asking.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    asking.recv(65536)
answering = socket.create_connection((host, int(port)))
answering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
answering.sendall(b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\ntrue")
answering.close()
os._exit(0)
"""


def test_an_answer_counts_though_its_process_is_gone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The connection is reset before the answer could be confirmed, and nobody reads of that."""
    environment = {"PATH": os.environ["PATH"]}
    for _ in range(5):
        with Function("", environment, ARN, tmp_path / "log", (sys.executable, "-c", _ANSWERS_AND_IS_GONE)) as made:
            assert made.invoke({}, 60).value is True
    assert capfd.readouterr().err == ""


@pytest.mark.long
def test_a_process_that_dies_is_no_answer(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The next event finds a new process, and nobody reads of a broken pipe."""
    with function(tmp_path) as made:
        made.invoke(event_from_file("another_service"), 60)
        assert made._instance
        made._instance._process.kill()
        with pytest.raises(FunctionCrashed):
            made.invoke(event_from_file("another_service"), 10)
        assert made.invoke(event_from_file("another_service"), 60).error is None
    assert capfd.readouterr().err == ""
