"""The URL of a function: what is signed is what is sent, and torn answers are told."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from deployment.local_cloud.aws.function_urls import received
from deployment.local_cloud.aws.server import WebServer
from deployment.local_cloud.aws.signatures import Received, signer_of
from efs_backup.domain.errors import ServiceFault
from efs_backup.domain.forwarding import target_of
from efs_backup.lib.function_url import FunctionUrl

_KEY, _SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@contextmanager
def _function(answer: Callable[[Received], bytes]) -> Iterator[tuple[FunctionUrl, list[Received]]]:
    """A server in the place of AWS, what has reached it, and who asks it."""
    came = list[Received]()

    def serve(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        came.append(received(environment))
        body = answer(came[-1])
        start("200 OK", [("Content-Length", "5"), ("X-Said", "Yes")])
        return [body]

    server = WebServer(serve)
    session = boto3.Session(_KEY, _SECRET, "token", "us-east-1")
    yield FunctionUrl(f"http://127.0.0.1:{server.port}/", session, "us-east-1"), came
    server.close()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (b"/", b""), (b"/daily/aG9tZQ/tree", b"path=X_-~.&night=a"), (b"/find", b"text=a+b%2Bc%20d"),
        (b"/find", b"text=%3Cimg%20src%3Dx%3E%26%FF%00&b=1&a=2&a=1"), (b"/find", b"text=%zz&text&=&%e4=%E4"),
    ],
)  # fmt: skip
def test_what_is_signed_is_what_arrives(path: bytes, query: bytes) -> None:
    """Checked as AWS does, from what has arrived; with the operator's session."""
    target = target_of(path, query)
    with _function(lambda _: b"hello") as (url, came):
        got = url.get(target)
        assert (got.status, got.headers["x-said"], got.body) == (200, "Yes", b"hello")
    for request in came:
        assert request.target == target
        assert request.headers["x-amz-security-token"] == "token"
        assert signer_of(request, {_KEY: _SECRET}) == _KEY
        assert signer_of(request, {_KEY: "another"}) is None
        assert signer_of(Received("GET", request.target + "&x=1", request.headers), {_KEY: _SECRET}) is None
        assert signer_of(Received("POST", request.target, request.headers), {_KEY: _SECRET}) is None


def test_a_plus_sign_that_is_sent_as_it_is_would_be_refused() -> None:
    """That is why a query is written anew: signer and checker do not agree on it."""
    with _function(lambda _: b"hello") as (url, came):
        url.get("/find?text=a+b")
    assert signer_of(came[0], {_KEY: _SECRET}) is None


def test_an_answer_that_was_torn_is_no_answer() -> None:
    """A file that ends early must not be taken for the file."""
    with _function(lambda _: b"hel") as (url, _), pytest.raises(ServiceFault, match="torn"):
        url.get("/")


def test_a_function_that_is_not_there_is_told_of() -> None:
    """With what to do."""
    with _function(lambda _: b"hello") as (url, _):
        pass
    with pytest.raises(ServiceFault, match="cannot be reached"):
        url.get("/")
