"""Lambda's Invoke, as people and the run in an account call it; moto would start a container for it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.awslambda.models import LambdaBackend

from deployment.local_cloud.machines.runtime import Answer

Event = dict[str, Any]

_inner = LambdaBackend.invoke


@contextmanager
def by_api(invoke: Callable[[str, Event], None], ask: Callable[[str, Event], Answer]) -> Iterator[None]:
    """While this lasts calls go to `invoke`, or `ask` who waits for the answer, with the name and what is told."""

    def answer(
        backend: LambdaBackend, function_name: str, qualifier: str | None, body: bytes, headers: Mapping[str, str],
        answered: dict[str, str],
    ) -> str | bytes | None:  # fmt: skip
        kind, name = headers.get("X-Amz-Invocation-Type"), backend.get_function(function_name).function_name
        if kind == "DryRun":
            return _inner(backend, function_name, qualifier, body, headers, answered)
        if kind == "Event":
            invoke(name, json.loads(body or b"{}"))
            return b""
        told = ask(name, json.loads(body or b"{}"))
        if told.error is not None:
            answered["x-amz-function-error"] = "Unhandled"
        return json.dumps(told.error if told.error is not None else told.value).encode()

    with mock.patch.object(LambdaBackend, "invoke", answer):
        yield
