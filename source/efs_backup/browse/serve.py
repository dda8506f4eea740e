"""Serving the page on this machine, until somebody stops it."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import uvicorn

from efs_backup.browse.app import create_app
from efs_backup.browse.gate import LOOPBACK, Gate
from efs_backup.browse.restoring import Restores
from efs_backup.domain.errors import EfsBackupError

_AT_ONCE = 64
_PATIENCE_SECONDS = 3


def serve(backup: Path, address: str, port: int, *, allow_restore: bool, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. tell: gets the address with the token. Raises EfsBackupError."""
    restores = Restores() if allow_restore else None
    with closing(_bound(address, port)) as bound:
        gate = Gate({*LOOPBACK, address})
        app = create_app(backup, gate, restores=restores)
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, proxy_headers=False, lifespan="off",
            http="h11", ws="none", loop="asyncio", limit_concurrency=_AT_ONCE,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )  # fmt: skip
        host = f"[{address}]" if ":" in address else address
        tell(f"http://{host}:{bound.getsockname()[1]}/enter?token={gate.token}")
        try:
            uvicorn.Server(config).run(sockets=[bound])
        except KeyboardInterrupt:
            pass
        finally:
            if restores:
                restores.close()


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        raise EfsBackupError(
            f"The page cannot be served at {address}, port {port}: {error.strerror}.", "Choose another --port."
        ) from error
    return bound
