"""A copy by fpsync: started, watched, stopped and judged."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.copying.commands import Command, PartSizes, fpsync_command, part_command
from efs_backup.domain.copying.parts import CopyReport, PartReport
from efs_backup.domain.copying.rsync_output import parse_complaints, parse_statistics
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.ports import Watcher
from efs_backup.engine.machine.process import Runner, Tools, end_session
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.rest.arrivals import Arrivals
from efs_backup.engine.rest.fpsync_run import FpsyncRun, RunInfo
from efs_backup.engine.rest.part_lists import PartLists
from efs_backup.engine.rest.watchdog import Moving, Watchdog
from efs_backup.engine.rest.workspace import Workspace, read_if_there
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

STOP_GRACE_SECONDS = 30.0
"""How long the files under way may take to end after a request to stop."""

_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0
_ENDED = re.compile(r"^part ended with exit code (\d+)$", re.MULTILINE)
_PART = re.compile(r"part\.(\d+)")
"""The list of a part; fpsync 1.6 and newer write part.N.meta and run.meta beside it."""
_GONE = ": No such file or directory"


@dataclass(frozen=True)
class CopySpec:
    """The order for a copy: what to copy where, with which of rsync's options, in parts of what size, and how exactly.

    into_live: the target has what somebody uses; nothing that it has is removed but by what replaces it.
    """

    source: Tree
    target: Tree
    options: Command
    sizes: PartSizes
    fidelity: Fidelity
    into_live: bool = False


class Copy:
    """One run of fpsync, and a look at all that other programs were asked to bring.

    lists: of the parts, from which a run is prepared; without them fpart crawls.
    """

    def __init__(
        self, spec: CopySpec, runner: Runner, tools: Tools, workspace: Workspace, lists: PartLists | None = None
    ) -> None:
        self._spec = spec
        self._run = FpsyncRun(workspace.fpsync) if lists else None
        self._lists = lists
        self._runner = runner
        self._workspace = workspace
        self._tools = tools
        self._source, self._target = (
            tree.by_descriptor if spec.into_live else workspace.link(name, Path(tree.root))
            for name, tree in (("source", spec.source), ("target", spec.target))
        )
        self._ended: dict[int, PartReport] = {}
        self._lost = set[int]()
        self._notes: list[str] = []
        self._sessions: list[int] = []

    def run(self, stop: Stop, watcher: Watcher, pulse: Callable[[], None] = lambda: None) -> CopyReport:
        """Copy until all is done, the disk is full or there is a reason to stop; `watcher` follows.

        pulse: is called each second.

        Whatever happens, no process of this copy is left when it returns. Nothing here raises for a failed copy:
        the report knows.
        """
        try:
            self._drive(stop, watcher, pulse)
            if not stop.is_due() and not self._is_full():
                self._run_lost_parts_again(stop)
        finally:
            self._end_sessions()
        return self._settle(stop)

    def _end_sessions(self) -> None:
        for session in self._sessions:
            end_session(session)

    def _drive(self, stop: Stop, watcher: Watcher, pulse: Callable[[], None]) -> None:
        process = self._start(self._command(), self._workspace.output)
        watchdog = Watchdog(process.pid, root=self._spec.source.root)
        next_watch = time.monotonic() + _WATCH_SECONDS
        moving = Moving(self._spec.source.throttle.beat)
        while process.poll() is None and not stop.is_due() and not self._is_over():
            time.sleep(_POLL_SECONDS)
            if time.monotonic() >= next_watch:
                self._collect()
                watcher.progress(self._progress())
                self._notes += watchdog.look()
                moving.see((watchdog.activity, len(self._ended), len(self._part_numbers())))
                pulse()
                next_watch = time.monotonic() + _WATCH_SECONDS
        if process.poll() is None and not self._is_over():
            watcher.step(f"stopping, for {stop.reason()}; the files under way may end")
            self._interrupt(process, stop)
            self._note_cut_off(watchdog)

    def _interrupt(self, process: subprocess.Popen[bytes], stop: Stop) -> None:
        """Let the running parts end, by a SIGINT; what is not done after the grace is left to be killed.

        A crawling fpart needs a signal of its own. Else fpsync alone gets one: what it asks for a part by, hit too,
        would be taken for the part's end. And it has a mark, for while it begins it forgets a signal.
        """
        process.send_signal(signal.SIGINT) if self._run else os.killpg(process.pid, signal.SIGINT)
        give_up = time.monotonic() + STOP_GRACE_SECONDS
        while process.poll() is None and time.monotonic() < give_up and not stop.is_urgent:
            if self._run:
                self._run.stop()
            time.sleep(_POLL_SECONDS)

    def _start(self, command: Command, output: Path, errors: Path | None = None) -> subprocess.Popen[bytes]:
        process = self._runner.start(command, output, self._workspace.programs, errors)
        self._sessions.append(process.pid)
        return process

    def _note_cut_off(self, watchdog: Watchdog) -> None:
        """A file that takes longer than the window has a name, also where rsync begins anew with it each night."""
        for path in watchdog.read_now():
            self._notes.append(f"{path!r} was cut off while it was copied; it may be too large for the window.")

    def _progress(self) -> CopyStatistics:
        """The figures of what is done, also in parts that have not ended."""
        logs = self._log_directory
        numbers = (int(path.stem) for path in (logs.glob("*.stdout") if logs else ()))
        begun = (self._begun(number) for number in numbers if number not in self._ended)
        return sum((part.statistics for part in (*self._ended.values(), *begun)), CopyStatistics())

    def _is_full(self) -> bool:
        return any(part.is_full for part in self._ended.values())

    def _is_over(self) -> bool:
        """Whether nothing is left to wait for: all parts have ended (fpsync notices late), or the disk is full."""
        if self._is_full():
            return True
        if not self._is_listed:
            return False
        self._collect()
        return self._ended.keys() >= set(self._part_numbers())

    @property
    def _is_listed(self) -> bool:
        """Whether it is known of which parts the copy is made."""
        return self._run is not None or self._workspace.crawl_exit_code is not None

    @property
    def _log_directory(self) -> Path | None:
        return self._run.log_directory if self._run else self._workspace.log_directory

    @property
    def _part_directory(self) -> Path | None:
        return self._run.part_directory if self._run else self._workspace.part_directory

    def _prepared(self, run: FpsyncRun, lists: PartLists) -> Command:
        tool, jobs = str(self._workspace.tool), self._spec.sizes.jobs
        pieces = lists.gather(self._spec.sizes, run.part)
        run.prepare(pieces, self._job, RunInfo(jobs, self._source, self._target, tool))
        return run.command(self._tools.fpsync, jobs)

    def _job(self, number: int) -> Command:
        return part_command(
            str(self._workspace.tool), self._spec.options, self._part(number), self._source, self._target
        )

    def _command(self) -> Command:
        spec = self._spec
        if self._run and self._lists:
            return self._prepared(self._run, self._lists)
        return fpsync_command(
            self._tools.fpsync, self._source, self._target, str(self._workspace.fpsync), str(self._workspace.tool),
            spec.sizes, spec.options,
        )  # fmt: skip

    def _run_lost_parts_again(self, stop: Stop) -> None:
        """Run again what was killed; what it has brought already is compared, and stays where it is whole.

        Whoever has lost its master may still be at work: never are two at a time on one part.
        """
        self._collect()
        self._lost = set(self._part_numbers()) - self._ended.keys()
        if self._lost:
            self._end_sessions()
        for number in self._lost:
            said, complained = (self._workspace.path / f"again.{number}.{name}" for name in ("stdout", "stderr"))
            process = self._start(self._job(number), said, complained)
            watchdog = Watchdog(process.pid, root=self._spec.source.root)
            moving = Moving(self._spec.source.throttle.beat)
            while process.poll() is None and not stop.is_due():
                time.sleep(_POLL_SECONDS)
                self._notes += watchdog.look()
                moving.see(watchdog.activity)
            if _ENDED.search(read_if_there(said)):
                self._ended[number] = self._report(number, read_if_there(said), read_if_there(complained))

    def _settle(self, stop: Stop) -> CopyReport:
        """Look at every name that somebody else was asked to bring, and bring what is not there."""
        report = self._known()
        if stop.is_due() or report.is_full or not report.crawl_finished:
            return report
        spec = self._spec
        bringer = Bringer(spec.source, spec.target, spec.fidelity, stop.is_due)
        arrivals = Arrivals(spec.source, spec.target, bringer, spec.fidelity, keeps_remains=spec.into_live)
        try:
            for part in report.parts:
                if not spec.into_live and (part.number in self._lost or not part.is_finished):
                    arrivals.clear_remains(self._listed(part))
                arrivals.settle(self._listed(part), trusted=part.is_finished)
        except Stopped:
            return report
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            return replace(report, is_full=True)
        settled = arrivals.settled
        return replace(
            report, is_settled=True, vanished=settled.vanished, brought=settled.brought,
            brought_size=settled.brought_size, troubles=tuple(settled.troubles),
        )  # fmt: skip

    def _listed(self, part: PartReport) -> Iterator[str]:
        """The names that the part's rsync was asked to bring."""
        for entry in _entries(Path(self._part(part.number))):
            if not entry.endswith("/"):
                yield entry.removeprefix("./")

    def _known(self) -> CopyReport:
        """The report so far; a part without its closing line counts as lost, with what it has brought until then."""
        self._collect()
        parts = [self._ended.get(number) or self._begun(number) for number in self._part_numbers()]
        complaints = [line for line in self._workspace.crawl_complaints if not line.endswith(_GONE)]
        if not self._is_listed:
            complaints += read_if_there(self._workspace.output).splitlines()
        is_full = any(part.is_full for part in parts)
        is_whole = self._run is not None or self._workspace.crawl_exit_code == 0
        return CopyReport(is_whole, tuple(complaints), tuple(parts), is_full=is_full, notes=tuple(self._notes))

    def _begun(self, number: int) -> PartReport:
        logs = self._log_directory
        said = read_if_there(logs / f"{number}.stdout") if logs else ""
        return PartReport(number, None, parse_statistics(said))

    def _collect(self) -> None:
        logs = self._log_directory
        for path in logs.glob("*.stdout") if logs else ():
            number = int(path.stem)
            if number not in self._ended and _ENDED.search(said := read_if_there(path)):
                self._ended[number] = self._report(number, said, read_if_there(path.with_suffix(".stderr")))

    def _report(self, number: int, stdout: str, stderr: str) -> PartReport:
        ended = _ENDED.search(stdout)
        code = int(ended[1]) if ended else None
        return PartReport(number, code, parse_statistics(stdout), tuple(parse_complaints(stderr)))

    def _part_numbers(self) -> list[int]:
        parts = self._part_directory
        names = os.listdir(parts) if parts else []
        return sorted(int(found[1]) for name in names if (found := _PART.fullmatch(name)))

    def _part(self, number: int) -> str:
        return str((self._part_directory or self._workspace.path) / f"part.{number}")


def _entries(part: Path) -> Iterator[str]:
    return (os.fsdecode(entry) for entry in part.read_bytes().split(b"\0") if entry)
