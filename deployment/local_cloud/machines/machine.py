"""An instance: namespaces of its own on this machine, in which the template's user data runs unchanged."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deployment.local_cloud.aws.server import Application, SmallServer, WebServer
from deployment.local_cloud.machines.metadata import ADDRESS, PORT, Metadata, handler_of

_PROGRAMS = Path(__file__).parents[1] / "instance"
_EMPTY_THERE = ("/tmp", "/run")  # noqa: S108 - where boot.sh mounts a file system of the instance's own
_PATH = "/opt/local-cloud/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Order:
    """The order for a machine: user data, what the instance is told about itself, and what only the emulation needs."""

    instance_id: str
    user_data: bytes
    metadata: Metadata
    environment: Mapping[str, str]
    file_systems: Path


class Instance(Protocol):
    """A running instance, of whatever it is made."""

    @property
    def log(self) -> Path:
        """The directory /var/log, which stays."""

    @property
    def is_running(self) -> bool:
        """Whether it has power."""

    def start(self, line: str) -> "subprocess.Popen[bytes]":
        """Run a shell line in it, as root."""

    def stop(self) -> None:
        """Take its power away."""


class Machine:
    """An instance made of namespaces. `place` holds its logs, which stay; its disk is gone with it."""

    def __init__(self, order: Order, place: Path, application: Application, port: int) -> None:
        self.order = order
        self.place = place
        self._write(port)
        self._process = self._boot()
        inside = self._process.pid
        self._aws = WebServer(application, port, namespace_of=inside)
        self._metadata = SmallServer(handler_of(lambda _: order.metadata), ADDRESS, PORT, inside)
        self._tell("somebody answers")

    @property
    def log(self) -> Path:
        """The directory /var/log."""
        return self.place / "log"

    @property
    def is_running(self) -> bool:
        """Whether it has power."""
        return self._process.poll() is None

    def start(self, line: str) -> "subprocess.Popen[bytes]":
        """Run a shell line in it, as root."""
        init = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        enter = ("nsenter", "--target", init, "--mount", "--net", "--pid", "--root", "--wd")
        return subprocess.Popen(
            (*enter, "/opt/local-cloud/run", "/bin/sh", "-c", line),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def stop(self) -> None:
        """Take its power away: every process in it dies, and its mounts with them."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for server in (self._aws, self._metadata):
            server.close()

    def _write(self, port: int) -> None:
        for name in ("log", "disk"):
            (self.place / name).mkdir(parents=True)
        environment = {
            "PATH": _PATH, "LOCAL_CLOUD_VENV": sys.prefix, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            **self.order.environment,
        }  # fmt: skip
        (self.place / "environment").write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        (self.place / "user-data").write_bytes(self.order.user_data)

    def _boot(self) -> "subprocess.Popen[bytes]":
        """Whoever starts it takes it along when he dies, in whatever way."""
        namespaces = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
        needed = (_PROGRAMS.parents[2], Path(sys.prefix), Path(sys.base_prefix))
        command: tuple[str | Path, ...] = (
            "/usr/bin/setpriv", "--pdeathsig", "KILL", *namespaces, _PROGRAMS / "boot.sh", self.place,
            self.order.file_systems, _PROGRAMS, *_unseen(needed),
        )  # fmt: skip
        with open(self.log / "boot.log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        if process.stdout is None or process.stdout.readline() != b"network\n":
            raise RuntimeError(f"The instance does not start: {(self.log / 'boot.log').read_text()}")
        return process

    def _tell(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.close()


def _unseen(directories: tuple[Path, ...]) -> list[Path]:
    """Those that the instance would not see: on other file systems than the root's, or where it has its own."""
    root = os.stat("/").st_dev
    return [
        directory for directory in directories
        if os.stat(directory).st_dev != root or any(directory.is_relative_to(own) for own in _EMPTY_THERE)
    ]  # fmt: skip
