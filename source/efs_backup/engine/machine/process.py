"""The one runner of other programs."""

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from efs_backup.domain.copying.commands import RSYNC_OLDEST, Command
from efs_backup.domain.copying.environment import environment_of_programs
from efs_backup.domain.copying.rsync_output import parse_version
from efs_backup.domain.errors import ToolMissing

MARK = "EFS_BACKUP_FAMILY"
"""The environment variable that all processes of one backup carry, to be found again after a crash."""

_PLACE = "/"
"""Where programs start: a directory that is there, and that nobody wants to unmount."""

_KILL_PATIENCE_SECONDS = 10.0
_WAIT_SECONDS = 1.0
PACKAGES = {
    "rsync": "rsync",
    "fpsync": "fpart",
    "fpart": "fpart",
    "bash": "bash",
    "setpriv": "util-linux",
    "sync": "coreutils",
}
"""The programs that the engine starts, and the packages of Debian that have them."""


@dataclass(frozen=True)
class Completed:
    """A command that has ended: its exit code (negative: the signal that killed it) and its output."""

    code: int
    stdout: str
    stderr: str


class Runner:
    """Starts commands that carry the family's mark, and ends them all.

    They start in `/`, with nothing else in their environment than what is given, the mark, and C for their language.
    """

    def __init__(self, environment: Mapping[str, str], family: str) -> None:
        self.family = family
        self._environment = {"PATH": os.defpath, **environment, "LC_ALL": "C", MARK: family}

    @classmethod
    def with_new_family(cls) -> "Runner":
        """A runner with what of this process's environment concerns programs, with a family of its own."""
        return cls(environment_of_programs(os.environ), uuid.uuid4().hex)

    @property
    def path(self) -> str:
        """Where programs are looked for."""
        return self._environment["PATH"]

    def run(self, command: Command) -> Completed:
        """Run a short command to its end."""
        done = subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=_PLACE
        )
        return Completed(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))

    def run_within(
        self, command: Command, seconds: float, beat: Callable[[], None] = lambda: None, *, undisturbed: bool = False
    ) -> Completed | None:
        """Run a command that may hang in the kernel; None where it has not ended in time: killed, not waited for.

        beat: is called now and then while it runs. undisturbed: also where a terminal interrupts us, and all around us.
        """
        with in_memory() as out, in_memory() as err:
            process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=_PLACE, start_new_session=undisturbed,
            )  # fmt: skip
            give_up = time.monotonic() + seconds
            while process.poll() is None:
                if time.monotonic() > give_up:
                    process.kill()
                    return None
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_WAIT_SECONDS)
                beat()
            return Completed(process.returncode, *(read_back(file) for file in (out, err)))

    def begin(self, command: Command) -> subprocess.Popen[bytes]:
        """Begin a command whose output nobody needs."""
        return subprocess.Popen(
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=_PLACE,
        )  # fmt: skip

    def start(
        self, command: Command, output: Path, programs: Path, errors: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a long command in a session of its own, all that it prints into one file, or its errors into another.

        programs: a directory that comes first in its PATH.
        """
        place = {"PATH": f"{programs}:{self.path}", "TMPDIR": str(output.parent)}
        with output.open("wb") as said, (errors or output).open("ab") as complained:
            return subprocess.Popen(
                command, env={**self._environment, **place}, stdin=subprocess.DEVNULL, stdout=said, stderr=complained,
                cwd=_PLACE, start_new_session=True, umask=0o077,
            )  # fmt: skip

    def serve(self, command: Command, descriptors: Sequence[int], errors: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program that lives as long as we want it to, with these descriptors; it complains into a file."""
        return subprocess.Popen(
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            cwd=_PLACE, start_new_session=True, pass_fds=descriptors,
        )  # fmt: skip

    def attended(self, command: Sequence[str], more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a command of the operator in a session of its own, with these variables too; it prints into one pipe.

        It carries no mark of the family: what it leaves behind on purpose, as a session that holds a lock, is not ours
        to end. Raises OSError.
        """
        environment = {name: value for name, value in self._environment.items() if name != MARK}
        return subprocess.Popen(
            command, env={**environment, **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=_PLACE, start_new_session=True,
        )  # fmt: skip

    def end_family(self) -> bool:
        """Kill whatever this runner started and still runs; False if something would not die."""
        return end_family(self.family)


def in_memory() -> IO[bytes]:
    """Make a file that lies on no disk."""
    return os.fdopen(os.memfd_create("output"), "w+b")


def read_back(file: IO[bytes]) -> str:
    """Read a file from its beginning."""
    file.seek(0)
    return os.fsdecode(file.read())


def end_family(family: str) -> bool:
    """Kill every process that carries this mark, whoever started it; False if something would not die.

    A process stuck in the kernel (a hard NFS mount whose server is gone) outlives SIGKILL.
    """
    return _end_all(lambda: _members(family))


def _end_all(alive: Callable[[], list[int]]) -> bool:
    give_up = time.monotonic() + _KILL_PATIENCE_SECONDS
    while members := alive():
        if time.monotonic() > give_up:
            return False
        for process in members:
            _kill(process)
        time.sleep(0.05)
    return True


def end_session(session: int) -> bool:
    """Kill every process of a session, whose first process has this number; False if something would not die."""
    return _end_all(lambda: _of_session(session))


def _of_session(session: int) -> list[int]:
    """Those that still run: who has ended, and is only not waited for yet, can do no harm and cannot be killed."""
    numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [number for number in numbers if _session_of(number) == session and not _has_ended(number)]


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return None


def _has_ended(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in {"Z", "X"}


def _members(family: str) -> list[int]:
    wanted = f"{MARK}={family}".encode()
    numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [number for number in numbers if number != os.getpid() and wanted in _environment_of(number)]


def _environment_of(process: int) -> list[bytes]:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return []  # gone in the meantime, or not ours


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass(frozen=True)
class Tools:
    """Where fpsync and fpart are, and which rsync will be called."""

    fpsync: str
    fpart: str
    rsync_version: tuple[int, int, int]

    @classmethod
    def find(cls, runner: Runner) -> "Tools":
        """Look them up in PATH. Raises ToolMissing, which says how to get them."""
        found = {name: shutil.which(name, path=runner.path) for name in PACKAGES}
        missing = [name for name, path in found.items() if path is None]
        if missing:
            packages = " ".join(sorted({PACKAGES[name] for name in missing}))
            raise ToolMissing(f"Not installed: {', '.join(missing)}.", f"Install with: apt-get install {packages}")
        rsync = str(found["rsync"])
        version = parse_version(runner.run((rsync, "--version")).stdout)
        if version is None or version < RSYNC_OLDEST:
            oldest = ".".join(map(str, RSYNC_OLDEST))
            raise ToolMissing(f"{rsync} is older than {oldest}, or no rsync.", "Install with: apt-get install rsync")
        return cls(str(found["fpsync"]), str(found["fpart"]), version)
