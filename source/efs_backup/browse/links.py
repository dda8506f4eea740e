"""The addresses of pages: below whatever prefix the application is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from efs_backup.browse.paths import key_of


@dataclass(frozen=True)
class Links:
    """prefix: of all addresses, "" or as `/backups`; series: "" or as `/daily/KEY`, of the series that a page is about.

    A value that is empty is left out of an address.
    """

    prefix: str = ""
    series: str = ""

    def of(self, interval: str, label: str) -> "Links":
        """The links of a series."""
        return Links(self.prefix, f"/{interval}/{key_of(label)}")

    @property
    def home(self) -> str:
        """The list of all series."""
        return f"{self.prefix}/"

    def static(self, name: str) -> str:
        """A file of the page itself."""
        return f"{self.prefix}/static/{name}"

    def to(self, page: str, **asked: object) -> str:
        """A page about the series. path, directory: paths, which travel as keys."""
        return f"{self.prefix}{self.series}/{page}{_query(asked)}"


_PATHS = frozenset({"path", "directory", "after", "before"})


def _query(asked: Mapping[str, object]) -> str:
    told = {
        name: key_of(str(value)) if name in _PATHS else str(value)
        for name, value in asked.items()
        if value not in {"", None, False}
    }
    return f"?{urlencode(told)}" if told else ""
