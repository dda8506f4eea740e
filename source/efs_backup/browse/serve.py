"""Serving the page on this machine, until somebody stops it."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from efs_backup.browse.app import create_app
from efs_backup.browse.elsewhere import create_proxy
from efs_backup.browse.gate import LOOPBACK, Gate
from efs_backup.browse.restoring import Restores
from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.forwarding import Fetch

_AT_ONCE = 64
_PATIENCE_SECONDS = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


Tell = Callable[[str], None]
"""Gets the address with the token."""


def serve(backup: Path, address: str, port: int, *, allow_restore: bool, tell: Tell) -> None:
    """Serve the page about a backup of this machine until SIGINT or SIGTERM. Raises EfsBackupError."""
    restores = Restores() if allow_restore else None
    try:
        _serve(lambda gate: create_app(backup, gate, restores=restores), address, port, tell)
    finally:
        if restores:
            restores.close()


def serve_elsewhere(fetch: Fetch, address: str, port: int, *, tell: Tell) -> None:
    """Serve a page that a function in AWS shows, until SIGINT or SIGTERM. Raises EfsBackupError."""
    _serve(lambda gate: create_proxy(fetch, gate), address, port, tell)


def _serve(make: Callable[[Gate], ASGIApp], address: str, port: int, tell: Tell) -> None:
    with closing(_bound(address, port)) as bound:
        gate = Gate({*LOOPBACK, address})
        app = make(gate)
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, proxy_headers=False, lifespan="off",
            http="h11", ws="none", loop="asyncio", limit_concurrency=_AT_ONCE,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )  # fmt: skip
        host = f"[{address}]" if ":" in address else address
        tell(f"http://{host}:{bound.getsockname()[1]}/enter?token={gate.token}")
        _Server(config).run(sockets=[bound])


class _Server(uvicorn.Server):
    """Ends by the usual signals, in order; uvicorn's own dies by the signal, and leaves no time to stop a restore."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn.Server."""
        before = {one: signal.signal(one, self.handle_exit) for one in _SIGNALS}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(_AT_ONCE)  # at once, for a browser may ask before the server takes over
    except OSError as error:
        bound.close()
        raise EfsBackupError(
            f"The page cannot be served at {address}, port {port}: {error.strerror}.", "Choose another --port."
        ) from error
    return bound
