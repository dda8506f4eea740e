"""The guard around all of the application: headers that each answer carries, and the gate that says who gets one."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from efs_backup.browse.gate import Gate

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
"""`connect-src` is what htmx asks with; all else that a page could load or send stays closed."""

_CARRIED = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_SHUT = (
    "This page needs the address that `efs-backup browse` has printed, which works once.\n"
    "To get another one, end the command and start it again.\n"
)
_STRANGE = "This page is not reached by that name. Use the address that `efs-backup browse` has printed.\n"


class Guard:
    """The application behind its gate; None: somebody in front of it has asked who it is, and no form is taken."""

    def __init__(self, app: ASGIApp, gate: Gate | None) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def carrying(message: Message) -> None:
            if message["type"] == "http.response.start":
                _carry(message)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, carrying)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if self._gate is None:
            return None
        headers = Headers(scope=scope)
        if not self._gate.is_ours(headers.get("host", "")):
            return PlainTextResponse(_STRANGE, 403)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        is_open = path == "/enter" or path.startswith("/static/")
        return None if is_open or self._gate.knows(headers.get("cookie", "")) else PlainTextResponse(_SHUT, 403)


def _carry(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _CARRIED.items():
        if name not in headers:
            headers[name] = value
