"""A Lambda function in a process of its own, under Amazon's runtime client, behind a small Runtime API."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

_API = "/2018-06-01/runtime"
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Answer:
    """The answer to one event. `error` has errorType, errorMessage and stackTrace, or is None."""

    value: Any
    error: dict[str, Any] | None
    seconds: float


class FunctionCrashed(Exception):
    """The function's process ended without an answer."""


class Function:
    """One Lambda function; its process starts with the first event and serves one after the other.

    `environment` is all that the process sees. A process that takes longer than its timeout is killed, as Lambda does.
    `before` is the beginning of its command line.
    """

    def __init__(
        self, handler: str, environment: Mapping[str, str], arn: str, log: Path, before: Sequence[str] = ()
    ) -> None:
        self._before = before
        self._handler = handler
        self._environment = dict(environment)
        self._arn = arn
        self._log = log
        self._instance: _Instance | None = None

    def invoke(self, event: Any, timeout_seconds: float = 300.0) -> Answer:
        """Hand over one event and wait. Raises FunctionCrashed."""
        if self._instance is None:
            self._instance = _Instance(self._handler, self._environment, self._arn, self._log, self._before)
        started = time.monotonic()
        self._instance.events.put((str(uuid.uuid4()), json.dumps(event).encode(), started + timeout_seconds))
        try:
            value, error = self._instance.answer(timeout_seconds)
        except FunctionCrashed:
            self.close()
            raise
        return Answer(value, error, time.monotonic() - started)

    def close(self) -> None:
        """End the process; the next event starts a new one, with a queue of its own."""
        if self._instance:
            self._instance.close()
        self._instance = None

    def __enter__(self) -> "Function":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Instance:
    """One process, and the Runtime API that it asks for events."""

    def __init__(self, handler: str, environment: dict[str, str], arn: str, log: Path, before: Sequence[str]) -> None:
        self.events: queue.Queue[tuple[str, bytes, float]] = queue.Queue()
        self.answers: queue.Queue[tuple[Any, dict[str, Any] | None]] = queue.Queue()
        self.arn = arn
        self._server = _Server(("127.0.0.1", 0), _request_handler(self))
        threading.Thread(target=self._server.serve_forever, args=(_PAUSE_SECONDS / 4,), daemon=True).start()
        environment["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{self._server.server_port}"
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                [*before, sys.executable, "-m", "awslambdaric", handler],
                env=environment, stdout=output, stderr=output, cwd=os.path.dirname(log),
            )  # fmt: skip

    def answer(self, timeout_seconds: float) -> tuple[Any, dict[str, Any] | None]:
        """The answer to the event that was put last."""
        give_up = time.monotonic() + timeout_seconds
        while time.monotonic() < give_up:
            try:
                return self.answers.get(timeout=_PAUSE_SECONDS)
            except queue.Empty:
                if self._process.poll() is not None:
                    return self._last_answer()
        raise FunctionCrashed(f"No answer within {timeout_seconds} seconds.")

    def _last_answer(self) -> tuple[Any, dict[str, Any] | None]:
        """The answer that a process has given before its end, and that is still on its way here."""
        try:
            return self.answers.get(timeout=_PAUSE_SECONDS)
        except queue.Empty:
            raise FunctionCrashed(f"The process ended with code {self._process.returncode}.") from None

    def close(self) -> None:
        """End the process and the server."""
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Says nothing of a process that has died: whoever waits for its answer sees that."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """See socketserver.BaseServer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _request_handler(instance: _Instance) -> type[BaseHTTPRequestHandler]:
    class Api(BaseHTTPRequestHandler):
        """See the AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """The next event; it may be long in coming."""
            request_id, event, deadline = instance.events.get()
            left = deadline - time.monotonic()
            self._send(200, event, {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + left) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": instance.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                "Content-Type": "application/json",
            })  # fmt: skip

        def do_POST(self) -> None:
            """An answer: a value, or an error of the event or of the start."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
            failed = self.path == f"{_API}/init/error" or self.path.endswith("/error")
            try:
                self._send(202, b"{}", {})
            finally:  # last, for whoever waits for it may end the process; also where that has ended by itself
                instance.answers.put((None, body) if failed else (body, None))

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the name in http.server
            """Say nothing."""

        def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Api
