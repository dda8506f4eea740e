"""moto behind HTTP, with a gate before it; served in as many network namespaces as there are instances."""

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

Application = Callable[..., Any]

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class QuietHandler(MotoRequestHandler):
    """Says nothing on the terminal."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name in werkzeug
        """Say nothing."""


def moto_application() -> Application:
    """All services of moto."""
    return DomainDispatcherApplication(create_backend_app)


class WebServer:
    """An application on a port, by default of the loopback interface; here, or in another process's namespace."""

    def __init__(
        self, application: Application, port: int = 0, *, address: str = "127.0.0.1", namespace_of: int | None = None
    ) -> None:
        listening = _listen(address, port, namespace_of)
        self._server: BaseWSGIServer = make_server(
            address, port, application, threaded=True, request_handler=QuietHandler, fd=listening.fileno()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.port: int = listening.getsockname()[1]
        listening.close()
        _serve(self._server)

    def close(self) -> None:
        """No request is taken any more."""
        self._server.shutdown()
        self._server.server_close()


class SmallServer:
    """A handler of http.server on an address of another process's network namespace."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], address: str, port: int, namespace_of: int) -> None:
        self._server = ThreadingHTTPServer((address, port), handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = _listen(address, port, namespace_of)
        self._server.daemon_threads = True
        _serve(self._server)

    def close(self) -> None:
        """No request is taken any more."""
        self._server.shutdown()
        self._server.server_close()


def _serve(server: Any) -> None:
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


def _listen(address: str, port: int, namespace_of: int | None) -> socket.socket:
    """A socket stays in the network namespace in which it was made; a thread of its own goes there to make it."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(_listen_here, address, port, namespace_of).result()


def _listen_here(address: str, port: int, namespace_of: int | None) -> socket.socket:
    if namespace_of is not None:
        namespace = os.open(f"/proc/{namespace_of}/ns/net", os.O_RDONLY)
        if _libc.setns(namespace, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"The network of process {namespace_of} cannot be entered")
        os.close(namespace)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(64)
    return made
