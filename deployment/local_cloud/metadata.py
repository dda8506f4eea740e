"""The instance metadata service, version 2, at 169.254.169.254 of one instance."""

import json
import secrets
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler

ADDRESS, PORT = "169.254.169.254", 80
_TOKEN = "/latest/api/token"  # noqa: S105 - where tokens are asked for
_ROLES = "/latest/meta-data/iam/security-credentials/"

Credentials = dict[str, str]


class Metadata:
    """What an instance is told: plain facts by path, and credentials of its role, which are new each time."""

    def __init__(self, facts: Mapping[str, str], role: str, credentials: Callable[[], Credentials]) -> None:
        self._facts = facts
        self._role = role
        self._credentials = credentials
        self.tokens: set[str] = set()

    def read(self, path: str) -> str | None:
        """What is there; None where nothing is."""
        if path == _ROLES:
            return self._role
        if path == _ROLES + self._role:
            return json.dumps({"Code": "Success", "Type": "AWS-HMAC", **self._credentials()})
        return self._facts.get(path.removeprefix("/latest/meta-data/"))


def handler_of(metadata: Metadata) -> type[BaseHTTPRequestHandler]:
    """Serves it; without a token nothing is told, as the launch template wants it."""

    class Handler(BaseHTTPRequestHandler):
        """See the Amazon EC2 User Guide, "Use the Instance Metadata Service"."""

        def do_PUT(self) -> None:
            """A token."""
            token = secrets.token_urlsafe()
            metadata.tokens.add(token)
            self._send(200 if self.path == _TOKEN else 404, token)

        def do_GET(self) -> None:
            """A fact."""
            if self.headers.get("X-aws-ec2-metadata-token") not in metadata.tokens:
                self._send(401, "")
                return
            found = metadata.read(self.path)
            self._send(404 if found is None else 200, found or "")

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name in http.server
            """Say nothing."""

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            if self.path == _TOKEN:
                self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "300")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler
