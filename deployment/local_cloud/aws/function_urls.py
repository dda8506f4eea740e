"""URLs of Lambda functions that IAM guards: who has signed is looked at, and the function gets an event."""

import base64
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.sts.models import sts_backends

from deployment.local_cloud.aws.access import Need, is_allowed, role_of, statements_of
from deployment.local_cloud.aws.server import WebServer
from deployment.local_cloud.aws.signatures import Received, signer_of
from deployment.local_cloud.machines.runtime import Answer
from deployment.local_cloud.place import ACCOUNT, OPERATOR

_MOST_ANSWER = 6_291_556
"""Bytes of an answer's JSON, by AWS Lambda's quotas."""

_SEEN_BY_NOBODY = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
_FORBIDDEN, _BROKEN = "403 Forbidden", "502 Bad Gateway"

Ask = Callable[[str, Any], Answer | None]
"""Calls a function by its name, and waits; None where it crashed."""


@dataclass
class FunctionUrls:
    """The URLs that templates have made, each a server of its own, for a URL has a host of its own."""

    ask: Ask

    def __post_init__(self) -> None:
        self._servers: list[WebServer] = []

    def open(self, function_arn: str, auth: str) -> str:
        """Make the URL of a function."""
        if auth != "AWS_IAM":
            raise NotImplementedError(f"A URL of {auth} would let everybody in")

        def answer(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            status, headers, body = self._answer(function_arn, received(environment))
            start(status, [*headers.items(), ("Content-Length", str(len(body)))])
            return [body]

        server = WebServer(answer)
        self._servers.append(server)
        return f"http://127.0.0.1:{server.port}/"

    def close(self) -> None:
        """Nobody is answered any more."""
        for server in self._servers:
            server.close()

    def _answer(self, function_arn: str, request: Received) -> tuple[str, dict[str, str], bytes]:
        if not _may_call(function_arn, request):
            return _of_aws(_FORBIDDEN, "AccessDeniedException", "Forbidden")
        answer = self.ask(function_arn.rpartition(":")[2], _event(request))
        if answer is None or answer.error or len(json.dumps(answer.value)) > _MOST_ANSWER:
            return _of_aws(_BROKEN, "InternalServerException", "Internal Server Error")
        value = answer.value
        body = base64.b64decode(value["body"]) if value.get("isBase64Encoded") else value["body"].encode()
        headers = {name: text for name, text in value["headers"].items() if name.lower() != "content-length"}
        return f"{value['statusCode']} Of The Function", headers, body


def _of_aws(status: str, kind: str, message: str) -> tuple[str, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return status, headers, json.dumps({"Message": message}).encode()


def _may_call(function_arn: str, request: Received) -> bool:
    """Whether the signature is right, and its role may call the function and its URL: since October 2025 both."""
    key = signer_of(request, _secrets())
    if key is None:
        return False
    role = role_of(key)
    if role is None:
        return True  # the operator
    needs = (Need("lambda:InvokeFunctionUrl", function_arn), Need("lambda:InvokeFunction", function_arn))
    return all(is_allowed(list(statements_of(role)), need) for need in needs)


def _secrets() -> Mapping[str, str]:
    sessions = sts_backends[ACCOUNT]["aws"].assumed_roles
    return {OPERATOR: OPERATOR, **{one.access_key_id: one.secret_access_key for one in sessions}}


def received(environment: Mapping[str, Any]) -> Received:
    """A request as the server has got it."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environment.items()
        if name.startswith("HTTP_")
    }
    body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
    return Received(environment["REQUEST_METHOD"], environment["RAW_URI"], headers, body)


def _event(request: Received) -> dict[str, Any]:
    """See the AWS Lambda Developer Guide, "Invoking Lambda function URLs"; a path arrives there decoded."""
    path, _, query = request.target.partition("?")
    http = {"method": request.method, "path": unquote(path), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    return {
        "version": "2.0", "routeKey": "$default", "rawPath": unquote(path), "rawQueryString": query,
        "headers": {name: text for name, text in request.headers.items() if name not in _SEEN_BY_NOBODY},
        "requestContext": {"accountId": ACCOUNT, "requestId": str(uuid.uuid4()), "http": http},
        "body": base64.b64encode(request.body).decode(), "isBase64Encoded": True,
    }  # fmt: skip
