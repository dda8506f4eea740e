"""A view: one request, with all that a page needs to answer it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from efs_backup.browse.asked import Asked
from efs_backup.browse.gate import Gate
from efs_backup.browse.links import Links
from efs_backup.browse.place import Place
from efs_backup.browse.render import Pages
from efs_backup.browse.restoring import Restores
from efs_backup.domain.errors import NothingThere


@dataclass(frozen=True)
class View:
    """now: the time of the request, aware. series: None of a page that is about none.

    most: bytes of a file that one answer can carry; None: any.
    """

    backup: Path
    pages: Pages
    links: Links
    asked: Asked
    now: datetime
    series: Place | None
    gate: Gate | None
    restores: Restores | None
    most: int | None = None

    @property
    def place(self) -> Place:
        """The series that the page is about. Raises NothingThere."""
        if self.series is None:
            raise NothingThere("There is no such page.")
        return self.series

    def carries(self, size: int) -> bool:
        """Whether an answer can carry a file of so many bytes."""
        return self.most is None or size <= self.most

    def page(self, name: str, status: int = 200, **model: Any) -> HTMLResponse:
        """A page, rendered."""
        about = {"place": self.series, "backup": str(self.backup), "may_restore": self.restores is not None}
        return HTMLResponse(self.pages.render(name, self.links, **about, **model), status)
