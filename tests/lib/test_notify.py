"""How the operator is told, and the anonymous metrics."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from efs_backup.domain.errors import ReportFailed
from efs_backup.domain.operations.report import NOT_SENT, Report
from efs_backup.lib import notify
from efs_backup.lib.notify import AnonymousMetrics, Notifier
from tests.domain.told import FULL
from tests.lib.refusals import NOW, Refuse

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REPORT = Report(
    "EFS backup FAILED (MountFailed): It broke [nightly]", "What happened:\nIt broke: é.\n",
    {"status": "Failed", "severity": "error"},
)  # fmt: skip
UUID = "6b1f4a3e-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> "SNSClient":
    """Simple Notification Service."""
    return session.client("sns")


@pytest.fixture(scope="module")
def queues(session: boto3.Session) -> "SQSClient":
    """Queues, which subscribe as an operator would."""
    return session.client("sqs")


def test_a_report_reaches_who_has_subscribed(client: "SNSClient", queues: "SQSClient") -> None:
    """Subject and text as they are, and what filters look at."""
    topic = client.create_topic(Name="reports")["TopicArn"]
    queue = queues.create_queue(QueueName="mailbox")["QueueUrl"]
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mailbox")
    Notifier(client, topic).report(REPORT)
    received = [json.loads(message["Body"]) for message in queues.receive_message(QueueUrl=queue)["Messages"]]
    assert [(message["Subject"], message["Message"]) for message in received] == [(REPORT.subject, REPORT.text)]
    assert received[0]["MessageAttributes"]["severity"] == {"Type": "String", "Value": "error"}


def test_a_topic_that_is_gone_is_named(client: "SNSClient") -> None:
    """The report has failed, the backup has not."""
    topic = "arn:aws:sns:us-east-1:123456789012:nowhere"
    with pytest.raises(ReportFailed, match=f"{NOT_SENT} to {topic}"):
        Notifier(client, topic).report(REPORT)


@pytest.mark.parametrize("code", ["InternalError", "Throttling", "AuthorizationError", "InvalidParameter"])
def test_a_report_that_sns_does_not_take_has_failed(client: "SNSClient", refuse: Refuse, code: str) -> None:
    """A report that was refused is tried again later, for whatever cause."""
    refuse(client, "publish", code)
    with pytest.raises(ReportFailed, match=code):
        Notifier(client, "arn:aws:sns:us-east-1:123456789012:reports").report(REPORT)


def test_a_report_fails_where_there_is_no_way_to_sns(session: boto3.Session) -> None:
    """The service is down, or the network is."""

    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns.us-east-1.amazonaws.com")

    lost = session.client("sns")
    lost.meta.events.register("before-call.sns.Publish", fail)
    with pytest.raises(ReportFailed, match="Could not connect"):
        Notifier(lost, "arn:aws:sns:us-east-1:123456789012:reports").report(REPORT)


@dataclass
class Endpoint:
    """A web server on this machine, and what it received."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server that takes every POST."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Endpoint(f"http://127.0.0.1:{server.server_port}/metrics")

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the body."""
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            found.types.append(self.headers["Content-Type"])
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server.RequestHandlerClass = Taker
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_anonymous_metrics_go_to_the_endpoint_of_the_operator(endpoint: Endpoint) -> None:
    """Solution, installation, time and figures, as JSON."""
    AnonymousMetrics(endpoint.url, UUID, "us-east-1").send(FULL, NOW)
    (body,) = endpoint.bodies
    assert (body["Solution"], body["UUID"], body["TimeStamp"]) == ("SO0031", UUID, "2026-11-22T05:00:00+00:00")
    assert (body["Data"]["Region"], body["Data"]["NumberOfFiles"]) == ("us-east-1", 1_234_567)
    assert endpoint.types == ["application/json; charset=utf-8"]


def test_anonymous_metrics_name_no_file_system_and_no_place(endpoint: Endpoint) -> None:
    """Neither ids nor prefix nor message leave the account."""
    AnonymousMetrics(endpoint.url, UUID, "us-east-1").send(FULL, NOW)
    sent = json.dumps(endpoint.bodies)
    secrets = (FULL.source, FULL.backup, FULL.backup_prefix, FULL.message, FULL.instance_id, FULL.logs, FULL.backup_id)
    assert not [secret for secret in secrets if str(secret) in sent]


def test_without_an_endpoint_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    """That is the default."""
    AnonymousMetrics("", UUID, "us-east-1").send(FULL, NOW)
    assert caplog.records == []


def _is_logged(metrics: AnonymousMetrics, caplog: pytest.LogCaptureFixture) -> bool:
    metrics.send(FULL, NOW)
    return "The anonymous metrics could not be sent" in caplog.text


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_an_endpoint_that_refuses_is_logged(endpoint: Endpoint, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """And is no failure of the backup."""
    endpoint.status = status
    assert _is_logged(AnonymousMetrics(endpoint.url, UUID, "us-east-1"), caplog)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/metrics", "file:///etc/hostname", "metrics", "http://", "http://localhost:port/metrics",
        "http://[::1/metrics", "http://local host/metrics", "http://localhost/new\nline", "http://localhost:1/metrics",
    ],
)  # fmt: skip
def test_an_endpoint_that_is_no_web_address_is_logged(caplog: pytest.LogCaptureFixture, url: str) -> None:
    """Whatever the operator typed, backups go on."""
    assert _is_logged(AnonymousMetrics(url, UUID, "us-east-1"), caplog)


@pytest.fixture
def babbling() -> Iterator[str]:
    """The address of a server that does not speak HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail ready\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


def test_an_endpoint_that_does_not_speak_http_is_logged(babbling: str, caplog: pytest.LogCaptureFixture) -> None:
    """An endpoint may be a mail server."""
    assert _is_logged(AnonymousMetrics(babbling, UUID, "us-east-1"), caplog)


def test_an_endpoint_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a few seconds; here it takes less."""
    monkeypatch.setattr(notify, "_TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert _is_logged(AnonymousMetrics(url, UUID, "us-east-1"), caplog)
