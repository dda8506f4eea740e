"""Forwarding a request to a page that a function in AWS shows: as it is sent and signed, and what an answer says."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from efs_backup.domain.errors import NothingThere

_PATH = re.compile(rb"/(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*")
_STEPS = {b".", b".."}
_OURS = "content-security-policy"
"""A header that each answer of the page has, and none of AWS."""


class Got(NamedTuple):
    """An answer: its status, its headers by their names in small letters, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_of_the_page(self) -> bool:
        """Whether the page itself has answered, and not AWS in its place."""
        return _OURS in self.headers


Fetch = Callable[[str], Got]
"""Asks for a path with its query, as `target_of` gives it. Raises EfsBackupError."""


class Refusal(NamedTuple):
    """Why there is no page, for who looks: an HTTP status, a sentence, and what to do."""

    status: int
    message: str
    next_step: str


def target_of(path: bytes, query: bytes) -> str:
    """A path and its query, as bytes of a request, in the one way of writing that AWS signs. Raises NothingThere.

    Who signs and who checks write a query anew before they compare, and do not agree on `+`; nor do they on a path with
    percent signs or dots in it. The page has no such path, for names travel as base64, so it is not asked for one.
    """
    if not _PATH.fullmatch(path) or _STEPS & {*path.split(b"/")}:
        raise NothingThere("There is no such page.")
    fields = [_field(part) for part in query.split(b"&") if part]
    return path.decode() + ("?" + "&".join(fields) if fields else "")


def _field(text: bytes) -> str:
    name, _, value = text.partition(b"=")
    return f"{_written(name)}={_written(value)}"


def _written(text: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(text.replace(b"+", b" ")), safe="")


def refusal_of(got: Got) -> Refusal | None:
    """The words for an answer that the page has not given; None for one that it has."""
    if got.is_of_the_page:
        return None
    if got.status in {401, 403}:
        return Refusal(403, "AWS does not let these credentials look at the backup.", _PERMISSIONS)
    if got.status == _TOO_MANY:
        return Refusal(503, "AWS runs as many functions of this account as it may.", "Load the page again.")
    if got.status == _NOT_FOUND:
        return Refusal(502, "There is no function at this address any more.", "Start the command again.")
    return Refusal(502, f"The function did not answer: AWS says {got.status}.", _LOOK)


_TOO_MANY, _NOT_FOUND = 429, 404
_PERMISSIONS = (
    "They need lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function of the page; whose they are says:"
    " aws sts get-caller-identity"
)
_LOOK = (
    "Load the page again: after a pause the first answer takes some seconds. If it stays so, the log group tells why."
)
