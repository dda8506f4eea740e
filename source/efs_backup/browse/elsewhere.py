"""The page of a function in AWS, shown behind the gate of this machine: each request is asked there, none is kept."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from efs_backup import __version__
from efs_backup.browse import entry
from efs_backup.browse.app import Application, faults
from efs_backup.browse.gate import Gate
from efs_backup.browse.guard import POLICY, Guard
from efs_backup.browse.links import Links
from efs_backup.browse.render import Pages
from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.forwarding import Fetch, Got, Refusal, refusal_of, target_of

_TAKEN = ("cache-control", "content-disposition", "content-type")


def create_proxy(fetch: Fetch, gate: Gate) -> Guard:
    """The application that shows what `fetch` gets. It only reads: nothing but GET is asked."""
    shared = Application(Path(), gate, None, Pages(__version__), lambda: datetime.now(UTC))

    async def forward(request: Request) -> Response:
        if request.method != "GET":
            raise HTTPException(405)
        target = target_of(_raw_path(request), request.scope["query_string"])
        try:
            got = await run_in_threadpool(fetch, target)
        except EfsBackupError as error:
            return _fault(shared.pages, Refusal(502, error.message, error.next_step))
        refusal = refusal_of(got)
        return _fault(shared.pages, refusal) if refusal else Response(got.body, got.status, _headers(got))

    routes = [
        Route("/enter", shared.get(entry.enter), methods=["GET"]),
        Route("/static/{name}", entry.static),  # of this version, and open to all: nothing is asked for them
        Route("/{path:path}", forward, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    ]
    return Guard(faults(routes, shared), gate)


def _raw_path(request: Request) -> bytes:
    """As the browser has sent it, where the server tells that."""
    raw: bytes | None = request.scope.get("raw_path")
    return raw.partition(b"?")[0] if raw else request.scope["path"].encode()


def _headers(got: Got) -> Mapping[str, str]:
    """Pick the headers that an answer may bring along; its policy is one of ours, its location leads nowhere else."""
    taken = {name: got.headers[name] for name in _TAKEN if name in got.headers}
    if got.headers["content-security-policy"] == f"{POLICY}; sandbox":
        taken["content-security-policy"] = f"{POLICY}; sandbox"
    location = got.headers.get("location", "")
    if location.startswith("/") and not location.startswith(("//", "/\\")):
        taken["location"] = location
    return taken


def _fault(pages: Pages, refusal: Refusal) -> Response:
    message, next_step = refusal.message, refusal.next_step
    text = pages.render("fault", Links(), message=message, next_step=next_step, status=refusal.status)
    return HTMLResponse(text, refusal.status)
