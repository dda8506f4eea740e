"""The metadata service, which limits how often it is asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from efs_backup.lib.imds import ENDPOINT_VARIABLE, InstanceMetadata


class Service:
    """A metadata service that refuses for a while."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals
        service = self

        class Handler(BaseHTTPRequestHandler):
            """Gives a token, and with it any fact by its own name."""

            def do_PUT(self) -> None:
                """A token."""
                service.left -= 1
                self._send(503 if service.left >= 0 else 200, "a token")

            def do_GET(self) -> None:
                """A fact."""
                known = self.headers["X-aws-ec2-metadata-token"] == "a token"
                self._send(200 if known else 401, self.path.rpartition("/")[2])

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name in http.server
                """Say nothing."""

            def _send(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """One that refuses as often as the test says."""
    made = Service(request.param)
    yield made
    made.server.shutdown()
    made.server.server_close()


def _asked(service: Service, monkeypatch: pytest.MonkeyPatch) -> InstanceMetadata:
    monkeypatch.setattr("efs_backup.lib.imds.PAUSES", (0.0, 0.0))
    return InstanceMetadata.of_environment({ENDPOINT_VARIABLE: f"http://127.0.0.1:{service.server.server_port}/"})


@pytest.mark.parametrize("service", [0, 2], indirect=True)
def test_a_service_that_is_busy_is_asked_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that boots asks for much at once; the agent must not end because of that."""
    assert _asked(service, monkeypatch).instance_id() == "instance-id"
    assert service.left < 0


@pytest.mark.parametrize("service", [3], indirect=True)
def test_a_service_that_never_answers_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error about a service that is silent says why."""
    with pytest.raises(OSError, match="503"):
        _asked(service, monkeypatch).instance_id()
