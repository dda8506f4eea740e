"""Logs as they are stored: of a function by CloudWatch, of an instance in a bucket."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Line:
    """A line of a log. event_id: CloudWatch's, by which it is known again."""

    time: datetime
    level: str
    text: str
    event_id: str = ""


def function_lines(client: Any, group: str, about: str, since: datetime) -> Iterator[Line]:
    """The lines of a function's log that hold a word, since a moment, in order."""
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000), filterPattern=f'"{about}"'
    )
    for page in pages:
        for event in page["events"]:
            yield _line(event["message"], datetime.fromtimestamp(event["timestamp"] / 1000, UTC), event["eventId"])


def _line(message: str, time: datetime, event_id: str) -> Line:
    """The sentence in a line of JSON; a line that is none is told as it is."""
    try:
        told = json.loads(message)
        return Line(time, str(told["level"]), str(told["message"]), event_id)
    except (ValueError, KeyError, TypeError):
        return Line(time, "", message.rstrip(), event_id)


def object_lines(client: "S3Client", address: str) -> Iterator[str]:
    """The lines of a text at an address such as `s3://bucket/key`, read as they are asked for."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    for line in client.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
        yield line.decode(errors="replace")
