"""The commands that the engine runs, as tuples of arguments; never a shell string."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil

Command = tuple[str, ...]

RSYNC_EXIT_CODES = {
    0: "done",
    1: "wrong option",
    2: "protocols do not match",
    3: "a file or directory could not be selected",
    4: "action not supported",
    5: "the client-server protocol did not start",
    10: "error in socket input or output",
    11: "error in file input or output",
    12: "error in the data stream",
    13: "error in program diagnostics",
    14: "error in communication between its processes",
    15: "one of its processes crashed",
    16: "one of its processes was killed",
    19: "stopped by SIGUSR1",
    20: "stopped by a signal",
    21: "error while waiting for its processes",
    22: "out of memory",
    23: "some files were not copied",
    24: "some files vanished",
    25: "too many deletions",
    30: "timed out",
    35: "timed out waiting for a connection",
}
"""rsync(1), "EXIT VALUES"."""

RSYNC_SOME_FILES_FAILED = 23
RSYNC_SOME_FILES_VANISHED = 24

RSYNC_OLDEST = (3, 1, 3)
"""The first rsync whose --modify-window=-1 compares nanoseconds (rsync NEWS, 3.1.3)."""

RSYNC_PATCHED = (3, 5, 0)
"""The first rsync without the holes that matter when root copies a tree that others write to (rsync NEWS, 3.5.0)."""

_PRESERVE = ("-lptgoD", "-S", "--numeric-ids", "--stats")
_LEAVE_NOTHING_OUT = "-x|//"
"""The value of fpsync's -O: without one, fpsync leaves out .zfs, .snapshot* and .ckpt, silently; this never matches."""

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Comparing:
    """How a file is recognised as unchanged.

    time_step_ns: mtimes of the target's file system are multiples of it. with_content: contents are compared too.
    """

    time_step_ns: int = 1
    with_content: bool = False

    @property
    def modify_window(self) -> int:
        """How exactly rsync is to compare times: -1 to the nanosecond, else so many seconds."""
        return -1 if self.time_step_ns == 1 else max(0, ceil(self.time_step_ns / _SECOND_NS) - 1)


class Purpose(Enum):
    """The purpose of a copy: a partial, which nobody uses, or a target that somebody does."""

    BACKUP = "backup"
    RESTORE = "restore"


def rsync_options(references: Sequence[str], purpose: Purpose, comparing: Comparing = Comparing()) -> Command:
    """The options of every copy.

    references: absolute directories to link unchanged files into, the best first; at most 20 (rsync's own limit).
    For a backup, a file that is gone since it was listed is no error, and what the target has already is left alone,
    for it may be a link into an older snapshot.

    Directories get their attributes elsewhere, once, after all files are there: implied ones are made plain. No file is
    ever written under its final name (--inplace), for a killed rsync would leave a torn one.
    """
    return (
        *_PRESERVE,
        f"--modify-window={comparing.modify_window}",
        *(("--checksum",) if comparing.with_content else ()),
        *(("--ignore-missing-args", "--ignore-existing") if purpose is Purpose.BACKUP else ()),
        "--no-implied-dirs",
        *(f"--link-dest={reference}" for reference in references),
    )


@dataclass(frozen=True)
class PartSizes:
    """How fpsync splits the work: jobs at a time, and at most so many files and bytes in one part."""

    jobs: int
    files: int
    size: int


def fpsync_command(
    fpsync: str, source: str, target: str, temporary: str, tool: str, sizes: PartSizes, options: Command
) -> Command:
    """fpsync, under bash (a second SIGINT fails under dash), told to stop if we die.

    All paths must be of safe characters, for fpsync builds shell text from them. `options` are rsync's.
    """
    return (
        *("setpriv", "--pdeathsig", "INT", "--", "bash", fpsync),
        *("-n", str(sizes.jobs), "-f", str(sizes.files), "-s", str(sizes.size)),
        *("-t", temporary, "-T", tool, "-O", _LEAVE_NOTHING_OUT, "-o", " ".join(options)),
        *(f"{source}/", f"{target}/"),
    )


def prepared_run_command(fpsync: str, temporary: str, run: str, jobs: int) -> Command:
    """A run whose queue lies ready in `temporary`, done by fpsync under bash, told to stop if we die.

    Nothing is crawled (-r). The number of jobs at a time must be said (-n): else two run, for the number that is stored
    with a run says only how many parts are repeated when it is resumed.
    """
    return ("setpriv", "--pdeathsig", "INT", "--", "bash", fpsync, "-n", str(jobs), "-t", temporary, "-r", run)


def worker_command(python: str, package_place: str, socket: int) -> Command:
    """Our own copy worker, which serves the socket of this number.

    It starts without the environment's and the user's modules, which it does not need: that takes most of the time.
    """
    start = "import sys; sys.path.append(sys.argv.pop(1)); from efs_backup.copy_worker.worker import main; main()"
    return (python, "-I", "-S", "-X", "utf8", "-c", start, package_place, str(socket))


def part_command(tool: str, options: Command, part: str, source: str, target: str) -> Command:
    """The copy of one part, as fpsync starts it."""
    return (tool, *options, "-d", f"--files-from={part}", "--from0", f"{source}/", f"{target}/")


def flush_command(path: str) -> Command:
    """Write what the file system of this path still has in memory (coreutils' syncfs)."""
    return ("sync", "--file-system", path)
