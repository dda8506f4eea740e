"""The instance metadata service, version 2, at 169.254.169.254."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler

ADDRESS, PORT = "169.254.169.254", 80
_TOKEN = "/latest/api/token"  # noqa: S105 - where tokens are asked for
_ROLES = "meta-data/iam/security-credentials/"

Credentials = dict[str, str]


class Metadata:
    """The metadata of an instance: plain facts by path, its user data, and credentials of its role, new each time."""

    def __init__(
        self, facts: Mapping[str, str], role: str, credentials: Callable[[], Credentials], user_data: str = ""
    ) -> None:
        self.facts = facts
        self._told = {
            "user-data": user_data, "dynamic/instance-identity/document": json.dumps(_identity(facts)),
            **{f"meta-data/{name}": fact for name, fact in facts.items()},
        }  # fmt: skip
        self._role = role
        self._credentials = credentials
        self.tokens: set[str] = set()

    def read(self, path: str) -> str | None:
        """Read a path in whatever version: a fact, or the names below a directory; None where nothing is."""
        _, _, name = path.removeprefix("/").partition("/")
        if name == _ROLES:
            return self._role
        if name == _ROLES + self._role:
            return json.dumps({"Code": "Success", "Type": "AWS-HMAC", **self._credentials()})
        return self._told.get(name) or names_below(name, self._told)


def _identity(facts: Mapping[str, str]) -> dict[str, str | None]:
    return {"instanceId": facts.get("instance-id"), "region": facts.get("placement/region")}


def names_below(directory: str, paths: Iterable[str]) -> str | None:
    """The names in a directory as the service lists them, those of directories with a slash; None where none are."""
    inside = f"{directory.rstrip('/')}/"
    rests = [path.removeprefix(inside).partition("/") for path in paths if path.startswith(inside)]
    return "\n".join(sorted({name + slash for name, slash, _ in rests})) or None


def handler_of(metadata_of: Callable[[str], Metadata | None]) -> type[BaseHTTPRequestHandler]:
    """Tells an instance, known by its address, what is its; nothing without a token, as the launch template wants."""

    class Handler(BaseHTTPRequestHandler):
        """See the Amazon EC2 User Guide, "Use the Instance Metadata Service"."""

        def do_PUT(self) -> None:
            """A token."""
            metadata = metadata_of(self.client_address[0])
            token = secrets.token_urlsafe()
            if metadata:
                metadata.tokens.add(token)
            self._send(200 if metadata and self.path == _TOKEN else 404, token)

        def do_GET(self) -> None:
            """A fact."""
            metadata = metadata_of(self.client_address[0])
            if metadata is None or self.headers.get("X-aws-ec2-metadata-token") not in metadata.tokens:
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
