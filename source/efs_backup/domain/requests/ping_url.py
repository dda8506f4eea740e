"""The address of a service that waits for a sign of each backup, in the manner of healthchecks.io."""

from base64 import b64encode
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from efs_backup.domain.errors import WrongUsage

_SCHEMES = ("http", "https")


class Signal(StrEnum):
    """The message of a ping, as the last part of the path (healthchecks.io, "Pinging API")."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


class PingUrl:
    """An address that is a secret: who knows it can say that all is well. No text of it shows more than its host.

    Raises WrongUsage, whose sentence does not hold it either.
    """

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise WrongUsage(_WRONG) from None
        if parts.scheme not in _SCHEMES or not host or not all("!" <= letter <= "~" for letter in text):
            raise WrongUsage(_WRONG)
        self._parts = parts

    def address(self, signal: Signal) -> str:
        """The address of a signal, without a name and a password: the signal goes before a query."""
        path = self._parts.path.rstrip("/") + signal
        return SplitResult(self._parts.scheme, self._place, path, self._parts.query, "").geturl()

    def headers(self) -> dict[str, str]:
        """Headers that tell the server the name and password that the address holds, if it does."""
        if self._parts.username is None:
            return {}
        given = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
        return {"Authorization": f"Basic {b64encode(given.encode()).decode()}"}

    @property
    def _place(self) -> str:
        return self._parts.netloc.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self._parts.scheme}://{self._place}/..."

    def __repr__(self) -> str:
        return f"PingUrl({str(self)!r})"


_WRONG = "The address of the ping must begin with http:// or https:// and a host, and hold plain letters only."
