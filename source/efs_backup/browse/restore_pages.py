"""The pages that bring something back; they are there only where the command was told to allow it."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from efs_backup.browse.following import following, told
from efs_backup.browse.place import chosen
from efs_backup.browse.restoring import Job, Restores, target_of
from efs_backup.browse.view import View
from efs_backup.domain.copying.comparison import Kind
from efs_backup.domain.copying.undoing import UndoRequest
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.snapshots.selection import Selection


def form(view: View) -> Response:
    """Where to restore to, and how."""
    night = chosen(view.place.snapshots(), view.asked.text("night"))
    return _form(view, str(night.name), view.asked.path("path"))


def _form(view: View, night: str, path: str) -> Response:
    return view.page("restore", night=night, path=path, token=_token(view), modes=MODES)


MODES: Mapping[RestoreMode, str] = {
    RestoreMode.NEW: "Into an empty or new directory; refused where something is there",
    RestoreMode.OVERLAY: "Add and overwrite, delete nothing; what is replaced is moved into a quarantine beside it",
    RestoreMode.MIRROR: "Make it equal; what is replaced or deleted is moved into a quarantine beside it",
}


def plan(view: View) -> Response:
    """Show what the restore would do, to be confirmed."""
    request = _request(view)
    result = _restores(view).plan(request)
    first = {kind: result.plan.summary.first(kind) for kind in Kind}
    return view.page(
        "plan", result=result, first=first, token=_token(view), path=view.asked.path("path"),
        kinds=Kind,
    )  # fmt: skip


def begin(view: View) -> Response:
    """Begin the restore, and lead to the page that follows it."""
    job = _restores(view).begin(_request(view))
    return RedirectResponse(view.links.to("restoring", job=job.name), 303)


def stop(view: View) -> Response:
    """Ask a restore to stop."""
    job = _job(view)
    job.stop.ask("it was asked on the page")
    return RedirectResponse(view.links.to("restoring", job=job.name), 303)


def undo(view: View) -> Response:
    """Begin to take a restore back, and lead to the page that follows that. Raises NothingThere."""
    place = _job(view).undoable
    if not place:
        raise NothingThere("This restore cannot be undone: it has no quarantine.")
    job = _restores(view).begin(UndoRequest(place))
    return RedirectResponse(view.links.to("restoring", job=job.name), 303)


def restoring(view: View) -> Response:
    """How far a restore is, and how it ended."""
    job = _job(view)
    return view.page("restoring", job=job, told=told(job.progress), token=_token(view))


def events(view: View) -> Response:
    """The same as it goes on, for a script."""
    return following(_job(view))


def _request(view: View) -> RestoreRequest:
    """The restore that a form asks for. Raises WrongUsage and NothingThere."""
    asked, place = view.asked, view.place
    night, path = chosen(place.snapshots(), asked.text("night")), asked.path("path")
    if asked.text("mode") not in {*RestoreMode}:
        raise WrongUsage("Choose how to restore.")
    return RestoreRequest(
        str(place.backup), target_of(asked.text("target")), place.label, place.interval,
        Selection(name=str(night.name)), (path,) if path else (), RestoreMode(asked.text("mode")), keeps_replaced=True,
    )  # fmt: skip


def _job(view: View) -> Job:
    return _restores(view).job(view.asked.text("job"))


def _restores(view: View) -> Restores:
    if view.restores is None:
        raise NothingThere("There is no such page.")
    return view.restores


def _token(view: View) -> str:
    return view.gate.form_token if view.gate else ""


SHOWN = {"restore": form, "restoring": restoring, "restoring/events": events}
WRITING = {"restore/plan": plan, "restore/begin": begin, "restore/stop": stop, "restore/undo": undo}
"""By the last parts of their addresses; the latter take forms alone."""
