"""The gate of a page that is served on this machine: who has the printed address gets in, and nobody else."""

import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

_OWN_SITES = ("", "same-origin")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Gate:
    """A token that lets in once, a session after that, and another token that each form carries.

    hosts: the names by which the page may be asked for, so that a name of somebody else's which leads to this machine
    (DNS rebinding) opens nothing.
    """

    def __init__(self, hosts: Iterable[str] = LOOPBACK) -> None:
        self.token = secrets.token_urlsafe(32)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._session = secrets.token_urlsafe(32)
        self._form = secrets.token_urlsafe(32)
        self._is_used = False
        self.cookie = f"efs_backup_{secrets.token_hex(4)}"

    @property
    def form_token(self) -> str:
        """The token that a form of this session carries."""
        return self._form

    def enter(self, token: str) -> str | None:
        """The session, for who has the token, once; None for all others."""
        if self._is_used or not _same(token, self.token):
            return None
        self._is_used = True
        return self._session

    def knows(self, cookies: str) -> bool:
        """Whether a header of cookies has the session."""
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and _same(found.value, self._session)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this page, by any port: a tunnel may have another one."""
        try:
            return urlsplit(f"//{host}").hostname in self._hosts
        except ValueError:
            return False

    def may_write(self, form_token: str, site: str) -> bool:
        """Whether a form was sent by a page of ours. site: the Sec-Fetch-Site header, "" of a browser that has none.

        The Origin header tells nothing, for it is `null` where no page tells where it was.
        """
        return site in _OWN_SITES and _same(form_token, self._form)

    def set_cookie(self, session: str, path: str) -> str:
        """The header that gives somebody the session: no script reads it, and no other site's page sends it."""
        return f"{self.cookie}={session}; Path={path}; HttpOnly; SameSite=Strict"


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(errors="replace"), other.encode())
