"""Lambda's Invoke, as people and the run in an account call it; moto would start a container for it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto.awslambda.models import LambdaBackend

Event = dict[str, Any]

_inner = LambdaBackend.invoke


@contextmanager
def by_api(invoke: Callable[[str, Event], None]) -> Iterator[None]:
    """While this lasts asynchronous calls go to `invoke`, with the function's name and what it is told."""

    def answer(
        backend: LambdaBackend, function_name: str, qualifier: str | None, body: bytes, headers: Mapping[str, str],
        answered: dict[str, str],
    ) -> str | bytes | None:  # fmt: skip
        if headers.get("X-Amz-Invocation-Type") != "Event":
            return _inner(backend, function_name, qualifier, body, headers, answered)
        invoke(backend.get_function(function_name).function_name, json.loads(body or b"{}"))
        return b""

    with mock.patch.object(LambdaBackend, "invoke", answer):
        yield
