"""The page as a function in AWS, which shows a file system that is mounted there: nothing runs while nobody looks."""

import functools
import json
import os
from pathlib import Path
from typing import Any

from mangum import Mangum

from efs_backup.browse.app import create_app

MOST_BYTES = 4_500_000
"""Bytes of a file in one answer: they travel as base64 in a JSON of 6,291,556 bytes at most (AWS Lambda's quota)."""

_MOST_JSON = 6_291_000
_TOO_LARGE = "This page is larger than one answer of AWS Lambda can be. Look at fewer nights, or at a smaller part.\n"
_OF_THE_BODY = frozenset({"content-length", "content-disposition"})

Answer = dict[str, Any]


def handler(event: Any, context: Any) -> Answer:
    """Answer one request of the function's URL. Who asks was identified by IAM before."""
    return fitting(_application()(event, context))


def fitting(answer: Answer) -> Answer:
    """An answer, or one that says why it cannot be given: AWS Lambda would turn one that is too large into an error."""
    if len(json.dumps(answer)) <= _MOST_JSON:
        return answer
    headers = {name: value for name, value in answer["headers"].items() if name not in _OF_THE_BODY}
    headers["content-type"] = "text/plain; charset=utf-8"
    return {"statusCode": 413, "headers": headers, "body": _TOO_LARGE, "isBase64Encoded": False}


@functools.cache
def _application() -> Mangum:
    """The application of this container, made with its first request."""
    return Mangum(create_app(Path(os.environ["BACKUP"]), None, most=MOST_BYTES), lifespan="off")
