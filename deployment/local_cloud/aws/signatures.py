"""AWS Signature Version 4, checked as a service does: from the request that has arrived, and from nothing else.

See the AWS IAM User Guide, "Create a signed AWS API request".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/"
    r"aws4_request), SignedHeaders=(?P<names>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Received:
    """A request as it came: `target` is the path with its query, unchanged; headers have names in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


def signer_of(request: Received, secrets: Mapping[str, str]) -> str | None:
    """The access key by which a request is rightly signed; None of one that is not. secrets: by access key."""
    found = _HEADER.fullmatch(request.headers.get("authorization", ""))
    if found is None or found["key"] not in secrets or "host" not in found["names"].split(";"):
        return None
    text = "\n".join((
        "AWS4-HMAC-SHA256", request.headers.get("x-amz-date", ""), found["scope"],
        hashlib.sha256(_canonical(request, found["names"]).encode()).hexdigest(),
    ))  # fmt: skip
    key = f"AWS4{secrets[found['key']]}".encode()
    for part in (*found["scope"].split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return found["key"] if hmac.compare_digest(key.hex(), found["signature"]) else None


def _canonical(request: Received, names: str) -> str:
    """The request as both sides write it down: the path encoded once more, the query decoded, encoded and sorted."""
    path, _, query = request.target.partition("?")
    fields = sorted(_field(part) for part in query.split("&") if part)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names.split(";"))
    return "\n".join((
        request.method, quote(path, safe="/-_.~"), "&".join(f"{name}={value}" for name, value in fields), headers,
        names, hashlib.sha256(request.body).hexdigest(),
    ))  # fmt: skip


def _field(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return _written(name), _written(value)


def _written(text: str) -> str:
    """A plus sign is a blank, as a form writes it: a service that thinks otherwise must not be relied upon."""
    return quote(unquote_plus(text, errors="surrogateescape"), safe="-_.~", errors="surrogateescape")
