"""The way in, and the files of the page itself."""

from functools import cache
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from efs_backup.browse.view import View

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_A_DAY = 86_400


def enter(view: View) -> Response:
    """Let in who has the token, once.

    The answer is a page that goes on by itself, and no redirect: a browser that was sent here by another site's link
    would not give the cookie to where a redirect leads.
    """
    session = view.gate.enter(view.asked.text("token")) if view.gate else None
    if view.gate is None or session is None:
        raise HTTPException(
            403, "This address has been used, or is not the one that was printed. Start the command again."
        )
    answer = view.page("enter")
    answer.headers["set-cookie"] = view.gate.set_cookie(session, view.links.home)
    return answer


async def static(request: Request) -> Response:
    """A file of the page itself; none of them tells anything about a backup."""
    name = str(request.path_params["name"])
    content = _static_files().get(name)
    if content is None:
        raise HTTPException(404)
    kind = _TYPES[name.rpartition(".")[2]]
    return Response(content, headers={"content-type": kind, "cache-control": f"private, max-age={_A_DAY}"})


@cache
def _static_files() -> dict[str, bytes]:
    found = files("efs_backup.browse").joinpath("static").iterdir()
    return {one.name: one.read_bytes() for one in found if one.name.rpartition(".")[2] in _TYPES}
