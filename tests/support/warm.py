"""The program in processes of their own that have imported it already: forks of one that waits for work.

Most of a short run is Python's start and the program's imports. Nothing happens at import, so a run that finds them
done differs in nothing but its time.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

_OWN = ("EFS_BACKUP_", "TMPDIR", "PATH", "PYTEST_")
"""How the names begin of what a run's environment may have of its own; Python reads much of the rest as it starts."""

_SECONDS = 120
_code = list[int]()
"""The exit code of a run that ends, once it is known."""
_END = b"\n"


class Lines:
    """Reads lines from a socket, and waits for the next one only where it has not come with the one before."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._come = b""

    def next(self, seconds: float) -> bytes:
        """The next line, without its end. Raises TimeoutError, and EOFError where the other side is gone."""
        give_up = time.monotonic() + seconds
        while b"\n" not in self._come:
            if not select.select([self._channel], [], [], max(0.0, give_up - time.monotonic()))[0]:
                raise TimeoutError
            more = self._channel.recv(64)
            if not more:
                raise EOFError
            self._come += more
        line, _, self._come = self._come.partition(b"\n")
        return line


class WarmProgram:
    """A process that has imported the program, and forks for each run of it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from tests.support.warm import serve; serve({theirs.fileno()})"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[2],
            )  # fmt: skip
        self._channel = ours
        self._answers = Lines(ours)

    def close(self) -> None:
        """End it."""
        self._channel.close()
        self._process.wait()

    @staticmethod
    def can_run(environment: Mapping[str, str]) -> bool:
        """Tell whether a run with this environment can begin after Python's own start."""
        differing = {name for name, _ in environment.items() ^ os.environ.items()}
        return all(name.startswith(_OWN) for name in differing)

    def run(self, arguments: Sequence[bytes], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[bytes]":
        """Run the program with these arguments to its end. Raises TimeoutExpired after two minutes."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            request = json.dumps([[os.fsdecode(one) for one in arguments], dict(environment), os.getcwd()])
            socket.send_fds(self._channel, [request.encode("ascii") + _END], [out.fileno(), err.fileno()])
            code = self._code(int(self._answers.next(_SECONDS)))
            said = [os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0) for file in (out, err)]
        return subprocess.CompletedProcess([*arguments], code, *said)

    def _code(self, pid: int) -> int:
        try:
            return os.waitstatus_to_exitcode(int(self._answers.next(_SECONDS)))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            self._answers.next(_SECONDS)
            raise subprocess.TimeoutExpired("efs-backup", _SECONDS) from None


def serve(descriptor: int) -> None:
    """Fork for each request until the other end is closed."""
    atexit.register(_leave)  # what is registered first is done last
    _import_all()
    gc.collect()
    gc.freeze()  # what a collection touches at the end of each fork would be copied, which took three quarters of it
    with socket.socket(fileno=descriptor) as channel:
        while request := _received(channel):
            text, outputs = request
            if (pid := os.fork()) == 0:
                channel.close()
                arguments, environment, directory = json.loads(text)
                _become(arguments, environment, directory, outputs)
            for one in outputs:
                os.close(one)
            channel.send(b"%d\n" % pid)
            channel.send(b"%d\n" % os.waitpid(pid, 0)[1])


def _received(channel: socket.socket) -> tuple[bytes, list[int]] | None:
    text, outputs = bytearray(), list[int]()
    while not text.endswith(_END):
        more, descriptors, _, _ = socket.recv_fds(channel, 2**16, 2)
        if not more:
            return None
        text += more
        outputs += descriptors
    return bytes(text), outputs


def _become(arguments: list[str], environment: dict[str, str], directory: str, outputs: list[int]) -> NoReturn:
    """Be the program, from its first line to the last that it does at its end."""
    from efs_backup.cli.app import main  # noqa: PLC0415 - nothing of it belongs to the tests' own process

    for place, descriptor in enumerate(outputs, start=1):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = arguments
    try:
        main()
    except SystemExit as ended:
        _code.append(ended.code if isinstance(ended.code, int) else int(bool(ended.code)))
        raise
    except BaseException:
        _code.append(1)
        raise
    sys.exit()


def _leave() -> None:
    """End the process behind all that it has to do at its end: to tear down its modules would copy all their pages."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(_code[-1] if _code else 0)


def _import_all() -> None:
    package = importlib.import_module("efs_backup")
    for layer in ("cli", "engine", "domain", "copy_worker"):
        for found in pkgutil.walk_packages([f"{package.__path__[0]}/{layer}"], f"efs_backup.{layer}."):
            importlib.import_module(found.name)
    importlib.import_module("rich.table")
