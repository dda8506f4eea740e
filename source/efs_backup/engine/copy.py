"""A copy by fpsync: started, watched, stopped and judged."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.backup import CopyStatistics
from efs_backup.domain.commands import (
    RSYNC_SOME_FILES_FAILED,
    Command,
    PartSizes,
    fpsync_command,
    part_command,
)
from efs_backup.domain.parts import CopyReport, PartReport
from efs_backup.domain.ports import Watcher
from efs_backup.domain.rsync_output import parse_complaints, parse_statistics
from efs_backup.domain.witness import Witness, read
from efs_backup.engine.process import Runner, Tools
from efs_backup.engine.stop import Stop
from efs_backup.engine.workspace import Workspace, read_if_there

STOP_GRACE_SECONDS = 30.0
"""How long the files under way may take to end after a request to stop."""

_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0
_ENDED = re.compile(r"^part ended with exit code (\d+)$", re.MULTILINE)
_PART = re.compile(r"part\.(\d+)")
"""The list of a part; fpsync 1.6 and newer write part.N.meta and run.meta beside it."""
_GONE = ": No such file or directory"


@dataclass(frozen=True)
class CopyOrder:
    """What to copy where, with which of rsync's options, and in parts of what size."""

    source: Path
    target: Path
    options: Command
    sizes: PartSizes


class Copy:
    """One run of fpsync."""

    def __init__(self, order: CopyOrder, runner: Runner, tools: Tools, workspace: Workspace) -> None:
        self._order = order
        self._runner = runner
        self._workspace = workspace
        self._tools = tools
        self._source = workspace.link("source", order.source)
        self._target = workspace.link("target", order.target)
        self._ended: dict[int, PartReport] = {}

    def run(self, stop: Stop, watcher: Watcher) -> CopyReport:
        """Copy until all is done, the disk is full or there is a reason to stop; `watcher` follows.

        Whatever happens, no process of this copy is left when it returns. Nothing here raises for a failed copy:
        the report knows.
        """
        try:
            self._drive(stop, watcher)
            if not stop.is_due():
                self._try_again()
        finally:
            self._runner.end_family()
        return self.report()

    def run_only(self, name: str) -> CopyReport:
        """Copy one entry of the source's root that is no directory, without fpsync."""
        listed = self._workspace.path / "only"
        listed.write_bytes(os.fsencode(f"./{name}") + b"\0")
        done = self._runner.run(self._part_command(str(listed)))
        return CopyReport(True, (), (_report(0, 1, done.stdout, done.stderr),))

    def _drive(self, stop: Stop, watcher: Watcher) -> None:
        process = self._runner.start(self._command(), self._workspace.output, self._workspace.programs)
        next_watch = time.monotonic() + _WATCH_SECONDS
        while process.poll() is None and not stop.is_due() and not self._is_over():
            time.sleep(_POLL_SECONDS)
            if time.monotonic() >= next_watch:
                self._collect()
                watcher.progress(self._progress())
                next_watch = time.monotonic() + _WATCH_SECONDS
        if process.poll() is None and not self._is_over():
            watcher.step(f"stopping, for {stop.reason()}; the files under way may end")
            _interrupt(process, stop)

    def _progress(self) -> CopyStatistics:
        """What is done, also in parts that have not ended: our copier says every second what it has done in it."""
        logs = self._workspace.log_directory
        numbers = (int(path.stem) for path in (logs.glob("*.stdout") if logs else ()))
        begun = (self._begun(number) for number in numbers if number not in self._ended)
        return sum((part.statistics for part in (*self._ended.values(), *begun)), CopyStatistics())

    def _is_over(self) -> bool:
        """Whether nothing is left to wait for: all parts have ended (fpsync notices late), or the disk is full."""
        if any(part.is_full for part in self._ended.values()):
            return True
        if self._workspace.crawl_exit_code is None:
            return False
        self._collect()
        return self._ended.keys() >= set(self._part_numbers())

    def _command(self) -> Command:
        order = self._order
        return fpsync_command(
            self._tools.fpsync, self._source, self._target, str(self._workspace.fpsync), str(self._workspace.tool),
            order.sizes, order.options,
        )  # fmt: skip

    def _part_command(self, part: str) -> Command:
        return part_command(str(self._workspace.tool), self._order.options, part, self._source, self._target)

    def _try_again(self) -> None:
        """Run the parts once more in which single files failed: an error may have passed, a file may have settled."""
        self._collect()
        failed = [
            part for part in self._ended.values()
            if part.exit_code == RSYNC_SOME_FILES_FAILED and not part.is_finished and not part.is_full
        ]  # fmt: skip
        for part in failed:
            done = self._runner.run(self._part_command(self._part(part.number)))
            again = _report(part.number, part.files, done.stdout, done.stderr)
            self._ended[part.number] = _merged(part, again)

    def report(self) -> CopyReport:
        """What is known now; a part without its closing line counts as lost, with what it has brought until then."""
        self._collect()
        parts = [self._ended.get(number) or self._begun(number) for number in self._part_numbers()]
        complaints = [line for line in self._workspace.crawl_complaints if not line.endswith(_GONE)]
        if self._workspace.crawl_exit_code is None:
            complaints += read_if_there(self._workspace.output).splitlines()
        return CopyReport(self._workspace.crawl_exit_code == 0, tuple(complaints), tuple(parts))

    def _begun(self, number: int) -> PartReport:
        logs = self._workspace.log_directory
        said = read_if_there(logs / f"{number}.stdout") if logs else ""
        return PartReport(number, 0, None, parse_statistics(said))

    def listed_directories(self) -> Iterator[str]:
        """The directories that are listed because no file of theirs is in any part; our own copy tool has made its."""
        for part in map(Path, map(self._part, self._part_numbers())):
            for entry in () if _witness_of(part).exists() else _entries(part):
                if entry.endswith("/"):
                    yield entry.removeprefix("./").rstrip("/")

    def witnesses(self, directories: Container[str]) -> dict[str, Witness]:
        """What our copy tool has put in place in each of these directories; with rsync nothing is known."""
        found = dict[str, Witness]()
        for number in self._part_numbers():
            for raw, witness in _witnessed(Path(self._part(number))):
                if (directory := os.fsdecode(raw)) in directories:
                    found[directory] = found[directory] + witness if directory in found else witness
        return found

    def _collect(self) -> None:
        logs = self._workspace.log_directory
        for path in logs.glob("*.stdout") if logs else ():
            number = int(path.stem)
            if number not in self._ended and _ENDED.search(said := read_if_there(path)):
                files = _count_files(Path(self._part(number)))
                self._ended[number] = _report(number, files, said, read_if_there(path.with_suffix(".stderr")))

    def _part_numbers(self) -> list[int]:
        parts = self._workspace.part_directory
        names = os.listdir(parts) if parts else []
        return sorted(int(found[1]) for name in names if (found := _PART.fullmatch(name)))

    def _part(self, number: int) -> str:
        return str((self._workspace.part_directory or self._workspace.path) / f"part.{number}")


def _interrupt(process: subprocess.Popen[bytes], stop: Stop) -> None:
    """SIGINT to fpsync and fpart lets the running parts end; what is not done after the grace is left to be killed."""
    os.killpg(process.pid, signal.SIGINT)
    give_up = time.monotonic() + STOP_GRACE_SECONDS
    while process.poll() is None and time.monotonic() < give_up and not stop.is_urgent:
        time.sleep(_POLL_SECONDS)


def _report(number: int, files: int, stdout: str, stderr: str) -> PartReport:
    ended = _ENDED.search(stdout)
    code = int(ended[1]) if ended else None
    return PartReport(number, files, code, parse_statistics(stdout), tuple(parse_complaints(stderr)))


def _merged(first: PartReport, again: PartReport) -> PartReport:
    """The second try's verdict, with what the first had transferred already."""
    transferred = CopyStatistics(
        number_of_files_transferred=first.statistics.number_of_files_transferred,
        total_transferred_file_size=first.statistics.total_transferred_file_size,
    )
    return PartReport(again.number, again.files, again.exit_code, again.statistics + transferred, again.complaints)


def _witness_of(part: Path) -> Path:
    """What our own copy tool leaves beside a part."""
    return part.with_name(f"witness.{part.name}")


def _witnessed(part: Path) -> Iterator[tuple[bytes, Witness]]:
    path = _witness_of(part)
    return read(path.read_bytes()) if path.exists() else iter(())


def _count_files(part: Path) -> int:
    return sum(not entry.endswith("/") for entry in _entries(part))


def _entries(part: Path) -> Iterator[str]:
    return (os.fsdecode(entry) for entry in part.read_bytes().split(b"\0") if entry)
