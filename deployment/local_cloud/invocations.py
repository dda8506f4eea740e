"""Lambda's Invoke, as people and the run in an account call it; moto would start a container for it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.awslambda.models import LambdaBackend

from deployment.local_cloud.runtime import Answer

Event = dict[str, Any]

_CRASHED = Answer(None, {"errorType": "Runtime.ExitError", "errorMessage": "The process has ended."}, 0.0)


@contextmanager
def by_api(invoke: Callable[[str, Event], None], ask: Callable[[str, Event], Answer | None]) -> Iterator[None]:
    """While this lasts asynchronous calls go to `invoke`, others to `ask`: the function's name, and what it is told."""

    def answer(
        backend: LambdaBackend, function_name: str, qualifier: str | None, body: bytes, headers: Mapping[str, str],
        answered: dict[str, str],
    ) -> str | bytes | None:  # fmt: skip
        del qualifier
        name, event = backend.get_function(function_name).function_name, json.loads(body or b"{}")
        if headers.get("X-Amz-Invocation-Type") == "Event":
            invoke(name, event)
            return b""
        answer = ask(name, event) or _CRASHED
        if answer.error is not None:
            answered["x-amz-function-error"] = "Unhandled"
        return json.dumps(answer.value if answer.error is None else answer.error)

    with mock.patch.object(LambdaBackend, "invoke", answer):
        yield
