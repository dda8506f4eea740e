"""The gate before moto: each call is allowed by the caller's role, or refused as AWS would."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from xml.sax.saxutils import escape

from deployment.local_cloud.aws.calls import Call, Environ, read_call
from deployment.local_cloud.aws.server import Application

Start = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True)
class Refusal:
    """An error of AWS: its code, its sentence, and the HTTP status."""

    code: str
    message: str
    status: str = "400 Bad Request"

    def answer(self, form: str, start: Start) -> list[bytes]:
        """As the service that was called would write it."""
        body = self._text(form).encode()
        headers = [
            ("Content-Type", "application/json" if form == "json" else "text/xml"),
            ("Content-Length", str(len(body))),
        ]
        start(self.status, [*headers, ("x-amzn-errortype", self.code)])
        return [body]

    def _text(self, form: str) -> str:
        if form == "json":
            return json.dumps({"__type": self.code, "message": self.message})
        error = f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        return error if form == "s3" else f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"


class Reply(Protocol):
    """The reply in moto's place."""

    def answer(self, form: str, start: Start, /) -> list[bytes]: ...  # noqa: D102


Check = Callable[[Call], Reply | None]


@dataclass
class Gate:
    """Asks each check in turn; the first that refuses, or answers by itself, is the answer."""

    inner: Application
    checks: list[Check] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Environ, start: Start) -> Iterable[bytes]:
        """Answer a request."""
        call = read_call(request)
        if call:
            with self._lock:
                self.calls.append(call)
            for check in self.checks:
                if reply := check(call):
                    return reply.answer(call.form, start)
        answer: Iterable[bytes] = self.inner(request, start)
        return answer

    @contextmanager
    def refusing(self, service: str, action: str, refusal: Refusal, times: int | None = None) -> Iterator[list[Call]]:
        """While this lasts the first `times` such calls (None: all) are refused; gives the list of those refused."""
        refused: list[Call] = []

        def check(call: Call) -> Refusal | None:
            if (call.service, call.action) != (service, action) or (times is not None and len(refused) >= times):
                return None
            refused.append(call)
            return refusal

        self.checks.append(check)
        try:
            yield refused
        finally:
            self.checks.remove(check)
