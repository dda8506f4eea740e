"""Rendering: templates with everything escaped, and what they say of numbers and times."""

import os
import stat
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from efs_backup.browse.health import age
from efs_backup.browse.links import Links
from efs_backup.browse.paths import key_of
from efs_backup.browse.place import time_of
from efs_backup.browse.strips import Look, summary
from efs_backup.domain.humanize import counted, shown, sized
from efs_backup.domain.snapshots.names import SnapshotName


class Pages:
    """The templates, read once. version: of the program, by which a browser knows files that it has."""

    def __init__(self, version: str) -> None:
        self._templates = Environment(
            loader=PackageLoader("efs_backup.browse"), autoescape=select_autoescape(default=True),
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._templates.filters.update(
            shown=shown, sized=sized, clock=clock, stamp=stamp, mtime=_mtime, mode=_mode, counted=counted, age=age,
            summary=summary,
        )  # fmt: skip
        self._templates.globals.update(
            version=version, time_of_name=time_of_name, text_of_raw=os.fsdecode, key_of=key_of
        )

    def render(self, name: str, links: Links, **model: Any) -> str:
        """A page."""
        return self._templates.get_template(f"{name}.html").render(links=links, **model)


def clock(time: datetime) -> str:
    """A time in UTC as people read it: the page's script puts the viewer's own in its place."""
    return f"{time:%-d %b %Y %H:%M}"


def stamp(time: datetime) -> str:
    """A time as programs read it."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _mtime(look: Look) -> datetime | None:
    return time_of(look.mtime_ns)


def _mode(look: Look) -> str:
    return f"{stat.filemode(look.mode)} {look.uid}:{look.gid}"


def time_of_name(name: str) -> datetime:
    """The time of a snapshot. Raises ValueError of a name that is none."""
    found = SnapshotName.parse(name)
    if found is None:
        raise ValueError(f"{name!r} is no snapshot")
    return found.time
