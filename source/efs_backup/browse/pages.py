"""The pages that show something: each asks the model, and renders what that answers."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response, StreamingResponse

from efs_backup.browse.content import MOST_TEXT, Preview, open_content, picture_type, pieces, preview, read
from efs_backup.browse.differences import MOST_BYTES, difference
from efs_backup.browse.guard import POLICY
from efs_backup.browse.health import signs
from efs_backup.browse.listing import Cursor, listing, look_in
from efs_backup.browse.paths import joined, name_of, parent_of
from efs_backup.browse.place import chosen
from efs_backup.browse.render import clock, time_of_name
from efs_backup.browse.searching import search
from efs_backup.browse.state import all_series, facts_of, nights_of
from efs_backup.browse.strips import Square
from efs_backup.browse.versions import restore_command, versions_of
from efs_backup.browse.view import View
from efs_backup.domain.errors import EfsBackupError, NothingThere, WrongUsage
from efs_backup.domain.humanize import valid
from efs_backup.engine.proof.history import History
from efs_backup.engine.proof.versions import versions as whole_history
from efs_backup.engine.series.series import Snapshot

_NEWEST = 60
"""Nights that a list shows at first."""


def overview(view: View) -> Response:
    """All series of the backup; where there is one alone, that one."""
    found, closed = all_series(view.backup, view.now)
    if len(found) == 1 and not closed:
        one = found[0]
        return RedirectResponse(view.links.of(one.interval, str(one.label)).to("tree"), 303)
    series = [(one, one.snapshots(), view.links.of(one.interval, str(one.label))) for one in found]
    return view.page("overview", series=series, closed=closed, now=view.now)


def tree(view: View) -> Response:
    """The three panes: nights, a directory of one of them, and the versions of a chosen name."""
    asked, place = view.asked, view.place
    snapshots = place.snapshots()
    night = chosen(snapshots, asked.text("night"))
    directory, path = asked.path("directory"), asked.path("path")
    if path and not asked.text("directory"):
        directory = parent_of(path)
    nights = nights_of(place, snapshots)
    is_all = asked.says("nights")
    page = listing(
        snapshots, night, directory, Cursor(asked.name("after"), asked.name("before")), gone=asked.says("gone"),
        all_nights=is_all,
    )  # fmt: skip
    return view.page(
        "tree", nights=nights if is_all else nights[:_NEWEST], more=len(nights) - _NEWEST, is_all=is_all,
        night=str(night.name), night_time=night.name.time, directory=directory, trail=_trail(directory), page=page,
        path=path, chosen=_chosen(view, snapshots, night, path) if path else None, joined=joined,
        labels=[f"{clock(time_of_name(name))} UTC" for name in page.nights], page_after=asked.name("after"),
        has_unknown=any(Square.UNKNOWN in row.squares for row in page.rows),
        page_before=asked.name("before"), all_snapshots=len(snapshots),
        command_of_directory=restore_command(place, str(night.name), directory),
    )  # fmt: skip


def _trail(directory: str) -> list[tuple[str, str]]:
    """(name, path) of each directory on the way to one."""
    names = directory.split("/") if directory else []
    return [(name, "/".join(names[: at + 1])) for at, name in enumerate(names)]


def _chosen(view: View, snapshots: list[Snapshot], night: Snapshot, path: str) -> dict[str, object]:
    """All that the pane of versions shows."""
    text = str(night.name)
    found = versions_of(view.place, snapshots, path, text)
    look = look_in(night, path)
    is_file = look is not None and look.is_file
    shown = _preview(night, path, view.most) if is_file else None
    return {
        "versions": found, "look": look, "preview": shown, "name": name_of(path),
        "is_carried": look is not None and is_file and view.carries(look.size),
        "command": restore_command(view.place, text, path) if look else "",
    }  # fmt: skip


def _preview(night: Snapshot, path: str, most: int | None) -> Preview:
    try:
        return preview(*read(night, path, MOST_TEXT), most)
    except OSError as error:
        return Preview("none", why=f"It cannot be read: {error.strerror}.")
    except EfsBackupError as error:
        return Preview("none", why=error.message)


def content(view: View) -> Response:
    """A file to keep, as bytes that no browser shows."""
    path = view.asked.path("path")
    night = chosen(view.place.snapshots(), view.asked.text("night"))
    found = open_content(night, path)
    if not view.carries(found.size):
        found.file.close()
        command = restore_command(view.place, str(night.name), path)
        return view.page("large", 413, path=path, size=found.size, most=view.most, command=command)
    headers = {
        "content-disposition": _attachment(name_of(path)), "content-length": str(found.size),
        "content-security-policy": f"{POLICY}; sandbox",
    }  # fmt: skip
    return StreamingResponse(pieces(found), media_type="application/octet-stream", headers=headers)


def _attachment(name: str) -> str:
    """A name to save under, in letters that no header and no file system takes for something else."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(valid(name), safe='')}"


def picture(view: View) -> Response:
    """A picture, of the type that its first bytes tell, and nothing else."""
    night = chosen(view.place.snapshots(), view.asked.text("night"))
    path = view.asked.path("path")
    head, size = read(night, path, 16)
    kind = picture_type(head)
    if kind is None or preview(head, size, view.most).kind != "picture":
        raise WrongUsage("This file is no picture that can be shown.")
    found = open_content(night, path)
    if not view.carries(found.size):
        found.file.close()
        raise WrongUsage("The picture is too large to be shown.")
    headers = {"content-length": str(found.size), "content-security-policy": f"{POLICY}; sandbox"}
    return StreamingResponse(pieces(found), media_type=kind, headers=headers)


def versus(view: View) -> Response:
    """Two versions of a file, line by line."""
    asked, snapshots = view.asked, view.place.snapshots()
    path = asked.path("path")
    old, new = sorted((asked.text("old"), asked.text("new")))
    contents = [read(chosen(snapshots, name), path, MOST_BYTES + 1)[0] for name in (old, new)]
    lines = difference(*contents)
    return view.page("versus", path=path, old=old, new=new, lines=lines, is_told=isinstance(lines, str))


def find(view: View) -> Response:
    """Names that contain a text."""
    snapshots = view.place.snapshots()
    night = chosen(snapshots, view.asked.text("night"))
    text = view.asked.text("text")
    found, fault = None, ""
    if text:
        try:
            found = search(view.place.series.path, snapshots, night.name, text)
        except WrongUsage as error:
            fault = error.message
    return view.page("find", night=str(night.name), text=text, found=found, fault=fault, parent_of=parent_of)


def past(view: View) -> Response:
    """The whole history of a path, by the changes of all nights, also of those that are gone."""
    path, notes = view.asked.path("path"), list[str]()
    snapshots = view.place.snapshots()
    known = History(view.place.series.path, {one.name: one.path for one in snapshots}, notes.append)
    found = whole_history(known, path.encode(errors="surrogateescape"))
    if not found:
        raise NothingThere("Nothing is known of this path in this series.")
    return view.page("past", path=path, found=found, notes=[*notes, *known.lineage.unknown()])


def health(view: View) -> Response:
    """Whether the series can be counted on."""
    snapshots = view.place.snapshots()
    return view.page("health", signs=signs(facts_of(view.place, snapshots)), now=view.now)


PAGES = {
    "tree": tree, "content": content, "picture": picture, "versus": versus, "find": find, "past": past,
    "health": health,
}  # fmt: skip
"""By the last part of their addresses."""
