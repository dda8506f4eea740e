"""Requests to AWS, read from HTTP: who calls which action of which service, with what."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

Environ = dict[str, Any]

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]*/([a-z0-9-]+)/")
_LAMBDA = re.compile(r"/2015-03-31/functions/([^/]+)(/policy|/invocations)?")
_OF_FUNCTION = {
    ("GET", ""): "GetFunction",
    ("POST", "/policy"): "AddPermission",
    ("DELETE", "/policy"): "RemovePermission",
    ("POST", "/invocations"): "InvokeFunction",
}
_OF_OBJECT = {
    "GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject",
}  # fmt: skip
_OF_PARTS = {("PUT", "retention"): "PutObjectRetention", ("PUT", "legal-hold"): "PutObjectLegalHold"}
"""The actions on an object beside its content, by a word in the query."""

_OF_FILE_SYSTEMS = {"mount-targets": "DescribeMountTargets", "file-systems": "DescribeFileSystems"}


@dataclass(frozen=True)
class Call:
    """One request. `service` is the name in its signature; `form` how its answer has to be written."""

    access_key: str
    service: str
    action: str
    given: Mapping[str, Any]
    form: str


def read_call(request: Environ) -> Call | None:
    """Read a request to AWS; None where it is not signed. Its body can be read again afterwards."""
    signature = _CREDENTIAL.search(request.get("HTTP_AUTHORIZATION", ""))
    if signature is None:
        return None
    access_key, service = signature.groups()
    path, query = unquote(request["PATH_INFO"]), _first(parse_qs(request.get("QUERY_STRING", "")))
    if service == "s3":
        words = parse_qs(request.get("QUERY_STRING", ""), keep_blank_values=True)
        return Call(access_key, service, _of_object(request["REQUEST_METHOD"], words), {"path": path}, "s3")
    body = _body(request)
    if target := request.get("HTTP_X_AMZ_TARGET"):
        return Call(access_key, service, target.rpartition(".")[2], json.loads(body or b"{}"), "json")
    if service in ("elasticfilesystem", "lambda"):
        return Call(access_key, service, *_rest(service, request["REQUEST_METHOD"], path, query), "json")
    given = query | _first(parse_qs(body.decode(), keep_blank_values=True))
    return Call(access_key, service, given.get("Action", "Other"), given, "xml")


def _of_object(method: str, words: Mapping[str, list[str]]) -> str:
    if method == "DELETE" and "versionId" in words:
        return "DeleteObjectVersion"
    parts = (_OF_PARTS[method, word] for word in words if (method, word) in _OF_PARTS)
    return next(parts, _OF_OBJECT.get(method, "Other"))


def _rest(service: str, method: str, path: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    if service == "lambda":
        found = _LAMBDA.match(path)
        action = _OF_FUNCTION.get((method, found[2] or ""), "Other") if found else "Other"
        return action, {"FunctionName": found[1] if found else ""}
    kind = path.split("/")[2] if path.count("/") > 1 else ""
    return (_OF_FILE_SYSTEMS.get(kind, "Other") if method == "GET" else "Other"), query


def _first(found: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in found.items()}


def _body(request: Environ) -> bytes:
    body: bytes = request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
    request["wsgi.input"] = io.BytesIO(body)
    return body
