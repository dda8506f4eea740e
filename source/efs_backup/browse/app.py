"""The application: an ASGI one without state of its own, so that any server, and a Lambda function, can serve it.

Each request reads what it shows from the backup. Work that waits for a file system is done by threads of that request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from efs_backup import __version__
from efs_backup.browse import entry, pages, restore_pages
from efs_backup.browse.asked import Asked
from efs_backup.browse.gate import Gate
from efs_backup.browse.guard import Guard
from efs_backup.browse.links import Links
from efs_backup.browse.paths import text_of
from efs_backup.browse.place import Place
from efs_backup.browse.render import Pages
from efs_backup.browse.restoring import Restores
from efs_backup.browse.view import View
from efs_backup.domain.errors import EfsBackupError, Locked, NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel, Interval

_MOST_FORM = 64 * 1024
"""Bytes of a form."""

Page = Callable[[View], Response]


@dataclass(frozen=True)
class Application:
    """The parts that all requests share, and none changes. gate: see `Guard`; restores: None where the page only shows.

    most: bytes of a file that one answer can carry; None where there is no limit.
    """

    backup: Path
    gate: Gate | None
    restores: Restores | None
    pages: Pages
    now: Callable[[], datetime]
    most: int | None = None

    def view(self, request: Request, form: bytes | None) -> View:
        """A request, understood. Raises WrongUsage."""
        given = request.path_params
        links, place, now = Links(request.scope.get("root_path", "")), None, self.now()
        if "label" in given:
            if given["interval"] not in {*Interval}:
                raise NothingThere("There is no such page.")
            label = FolderLabel(text_of(given["label"]))
            place = Place(self.backup, label, Interval(given["interval"]), now)
            links = links.of(place.interval, str(label))
        asked = Asked.of(request.scope["query_string"] if form is None else form)
        return View(self.backup, self.pages, links, asked, now, place, self.gate, self.restores, self.most)

    def get(self, page: Page) -> Callable[..., object]:
        """A route that shows something."""

        async def answer(request: Request) -> Response:
            if request.method != "GET":
                raise HTTPException(405)  # a look at the headers must not use up the token
            return await run_in_threadpool(lambda: page(self.view(request, None)))

        return answer

    def post(self, page: Page) -> Callable[..., object]:
        """A route that writes something: it takes a form of the session, and nothing else."""

        async def answer(request: Request) -> Response:
            form = await _body(request)
            token, site = Asked.of(form).text("token"), request.headers.get("sec-fetch-site", "")
            if self.gate is None or not self.gate.may_write(token, site):
                raise HTTPException(403, "This form is not one of this session; load the page again.")
            return await run_in_threadpool(lambda: page(self.view(request, form)))

        return answer

    def fault(self, request: Request, error: Exception) -> Response:
        """The page about an error that has a name."""
        status, message, next_step = _told(error)
        links = Links(request.scope.get("root_path", ""))
        text = self.pages.render("fault", links, message=message, next_step=next_step, status=status)
        return HTMLResponse(text, status)


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > _MOST_FORM:
            raise HTTPException(413, "This form is too large.")
    return bytes(found)


def _told(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, HTTPException):
        said = {404: "There is no such page.", 405: "This page only shows; nothing is written here."}
        return error.status_code, said.get(error.status_code, error.detail), ""
    if isinstance(error, EfsBackupError):
        codes = ((NothingThere, 404), (WrongUsage, 400), (Locked, 409))
        code = next((code for kind, code in codes if isinstance(error, kind)), 409)
        return code, error.message, error.next_step
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return 503, f"The backup cannot be read: {why}.", "Is it mounted, and may this user read it?"


def create_app(
    backup: Path, gate: Gate | None, *, restores: Restores | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC), most: int | None = None,
) -> Guard:  # fmt: skip
    """The application about a backup. gate: None where who asks was identified before; then nothing can be written.

    most: bytes of a file that one answer can carry; of larger ones the page says how to restore them.
    """
    shared = Application(backup, gate, restores if gate else None, Pages(__version__), now, most)
    routes = [
        Route("/", shared.get(pages.overview)),
        Route("/enter", shared.get(entry.enter), methods=["GET"]),
        Route("/static/{name}", entry.static),
    ]
    series = "/{interval}/{label}"
    for name, page in pages.PAGES.items():
        routes.append(Route(f"{series}/{name}", shared.get(page)))
    if shared.restores:
        routes += [Route(f"{series}/{name}", shared.get(page)) for name, page in restore_pages.SHOWN.items()]
        routes += [
            Route(f"{series}/{name}", shared.post(page), methods=["POST"])
            for name, page in restore_pages.WRITING.items()
        ]
    return Guard(faults(routes, shared), gate)


def faults(routes: Sequence[BaseRoute], shared: Application) -> Starlette:
    """An application with these routes, which has a page for each error that has a name."""
    kinds = (EfsBackupError, OSError, HTTPException)
    return Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, shared.fault))
