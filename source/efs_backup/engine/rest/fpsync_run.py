"""A run of fpsync that is prepared, so that fpart crawls nothing: the only module that knows the layout of such a run.

fpsync can resume a run whose crawl has ended; here one is laid out of which no part was begun yet. What the versions
from 1.5 to 1.7 want of it differs a little: all of that is there, and does no harm to the others.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.copying.commands import Command, prepared_run_command
from efs_backup.domain.copying.parts import Piece
from efs_backup.engine.machine.os_errors import temporary_space_named
from efs_backup.engine.machine.temporary import is_safe

_RUN = "1-1"
"""The name of the only run in its directory; fpsync takes nothing but two numbers, elsewhere a time and a process."""


@dataclass(frozen=True)
class RunInfo:
    """All that fpsync wants to know of a run beside its parts: jobs at a time, the directories, and the copy tool.

    It only looks whether they are there: what is done to each part is in the part's job.
    """

    jobs: int
    source: str
    target: str
    tool: str


class FpsyncRun:
    """One run in a directory of its own. The lists of its parts are put at `part(1)` and so on, before or after.

    log_directory: where fpsync, from 1.6 on, removes an empty log when its part has ended.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._queue = place / "queue" / _RUN
        self.part_directory = place / "parts" / _RUN
        self.log_directory = place / "log" / _RUN

    def part(self, number: int) -> Path:
        """The list of a part, the first of which is 1."""
        return self.part_directory / f"part.{number}"

    def stdout(self, number: int) -> Path:
        """The file with the tool's words about a part."""
        return self.log_directory / f"{number}.stdout"

    def stderr(self, number: int) -> Path:
        """The file with the tool's complaints about a part, and from 1.7 on also of a job that fpsync has killed."""
        return self.log_directory / f"{number}.stderr"

    def command(self, fpsync: str, jobs: int) -> Command:
        """The fpsync that does what is prepared here.

        A SIGINT to it alone lets the running parts end. One to its process group may also hit the `ps` by which it asks
        for a part, and it takes that for the end of the part.
        """
        return prepared_run_command(fpsync, str(self._place), _RUN, jobs)

    def prepare(self, parts: Sequence[Piece], job: Callable[[int], Command], info: RunInfo) -> None:
        """Lay out a run in which fpsync calls `job(number)` for each of the parts, in their order.

        Raises ValueError of paths that fpsync cannot be given, and CopyFailed where the disk refuses.
        """
        _refuse_unsafe(str(self._place), info.source, info.target, info.tool)
        with temporary_space_named(str(self._place)):
            self._make_directories()
            self._write_sizes(parts)
            for number in range(1, len(parts) + 1):
                _write(self._queue / str(number), self._job_text(number, job(number)), number)
            _write(self._queue / "info", _info_text(info))
            # Without this mark no run can be resumed, so it comes last. Taken from the queue, it ends the run.
            _write(self._queue / "fp_done", "", len(parts) + 1)

    def stop(self) -> None:
        """Have no further part begun, by fpsync's own mark of an interrupt, which it removes when it begins itself."""
        with suppress(FileNotFoundError):
            (self._queue / "sl_stop").touch()

    def _make_directories(self) -> None:
        """The last one is fpsync's from 1.7 on: for the jobs that have ended."""
        directories = (self._queue, self._place / "work" / _RUN, self._place / "done" / _RUN)
        for directory in (*directories, self.part_directory, self.log_directory):
            directory.mkdir(parents=True, exist_ok=True)

    def _job_text(self, number: int, command: Command) -> str:
        """The command must not replace its shell (`exec`), which from 1.7 on is fpsync's own and notes the end."""
        said, complained = (shlex.quote(str(place)) for place in (self.stdout(number), self.stderr(number)))
        return f"{shlex.join(command)} >{said} 2>{complained}\n"

    def _write_sizes(self, parts: Sequence[Piece]) -> None:
        """Write what fpsync reads from 1.6 on to say how far it is; where its shell is not bash it needs them."""
        for number, part in enumerate(parts, 1):
            text = f'job_size="{part.size}"\njob_files="{part.files}"\n'
            _write(self.part_directory / f"part.{number}.meta", text)
        files, size = sum(part.files for part in parts), sum(part.size for part in parts)
        text = f'total_num_parts="{len(parts)}"\ntotal_size="{size}"\ntotal_num_files="{files}"\n'
        _write(self.part_directory / "run.meta", text)


def _refuse_unsafe(*paths: str) -> None:
    """Those of our temporary directories are safe by their making; fpsync writes them into shell text of its own."""
    for path in paths:
        if not (path.startswith("/") and is_safe(path)):
            raise ValueError(f"fpsync cannot be given the path {path!r}")


def _info_text(info: RunInfo) -> str:
    """Before 1.7 the last parts of a stopped run are repeated when it is resumed: as many as ran at a time."""
    values = (("RJOBS", str(info.jobs)), ("SRCDIR", info.source), ("DSTURL", info.target))
    tool = (("TOOL_NAME", "rsync"), ("TOOL_PATH", info.tool))
    return "".join(f"OPT_{name}={shlex.quote(value)}\n" for name, value in (*values, *tool))


def _write(path: Path, text: str, rank: int | None = None) -> None:
    """The oldest file of the queue is taken first. Ranks are seconds: not every disk knows smaller differences."""
    path.write_bytes(os.fsencode(text))
    if rank is not None:
        os.utime(path, (rank, rank))
