"""A fleet on one machine: instances are namespaces of processes, their queue is a directory, their fence a kill.

Also run as a program, which is one of the instances: `python -m tests.support.fleet PLACE NAME lead|help|alone`, and
for a restore `restore|help-restore|restore-alone`.
"""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.requests.requests import Asked, BackupRequest, RestoreMode, RestoreRequest
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.sharing import attempts
from efs_backup.domain.sharing.fleet import Delivery, Fleet, NotFenced, QueueFailed
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.sharing import attempting, helping, leading
from efs_backup.engine.runs.sharing.helping import Helping, HelpRequest
from efs_backup.engine.runs.sharing.restore_helping import RestoreHelping, RestoreHelpRequest
from efs_backup.engine.trees.tree_walk import Stopped
from tests.support.traced import tracer

LABEL = FolderLabel("web")
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0


class DirectoryQueue:
    """Hands messages over at least once; see `efs_backup.domain.sharing.fleet.ShareQueue`.

    Who is named in its directory `cut` does not reach it.
    """

    def __init__(self, place: Path, name: str, hidden_seconds: float = 3.0, most: int = 3) -> None:
        self.place, self._name, self._most = place, name, most
        self._hidden = hidden_seconds
        for directory in ("messages", "dead", "cut"):
            (place / directory).mkdir(parents=True, exist_ok=True)

    @property
    def hidden_seconds(self) -> float:
        """See ShareQueue."""
        return self._hidden

    def send(self, order: str, shares: Sequence[int]) -> None:
        """See ShareQueue."""
        with self.alone():
            for share in shares:
                said = {"order": order, "share": share, "times": 0, "visible": 0.0, "handle": ""}
                self._write(uuid.uuid4().hex, said)

    def receive(self, seconds: float) -> Delivery | None:
        """See ShareQueue."""
        give_up = time.monotonic() + seconds
        while True:
            with self.alone():
                delivery = self._next()
            if delivery or time.monotonic() >= give_up:
                return delivery
            time.sleep(_LOOK_SECONDS)

    def extend(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        self._change(delivery, time.time() + self._hidden)

    def give_back(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        self._change(delivery, 0.0)

    def done(self, delivery: Delivery) -> None:
        """See ShareQueue."""
        with self.alone():
            (self.place / "messages" / delivery.handle.partition("/")[0]).unlink(missing_ok=True)

    def dead(self) -> list[Delivery]:
        """See ShareQueue."""
        with self.alone():
            found = []
            for path in sorted((self.place / "dead").iterdir()):
                said = json.loads(path.read_text())
                found.append(Delivery(said["order"], said["share"], said["times"], ""))
                path.unlink()
            return found

    def _next(self) -> Delivery | None:
        """The messages are in no order at all."""
        for path in sorted((self.place / "messages").iterdir(), key=lambda path: path.name[::-1]):
            said = json.loads(path.read_text())
            if said["visible"] > time.time():
                continue
            if said["times"] >= self._most:
                path.rename(self.place / "dead" / path.name)
                continue
            handle = f"{path.name}/{uuid.uuid4().hex}"
            self._write(
                path.name,
                {**said, "times": said["times"] + 1, "visible": time.time() + self._hidden, "handle": handle},
            )
            return Delivery(said["order"], said["share"], said["times"] + 1, handle)
        return None

    def _change(self, delivery: Delivery, visible: float) -> None:
        """An old handle changes nothing."""
        name = delivery.handle.partition("/")[0]
        with self.alone(), suppress(FileNotFoundError):
            said = json.loads((self.place / "messages" / name).read_text())
            if said["handle"] == delivery.handle:
                self._write(name, {**said, "visible": visible})

    def _write(self, name: str, said: Mapping[str, Any]) -> None:
        beside = self.place / f"{name}.new"
        beside.write_text(json.dumps(said))
        beside.rename(self.place / "messages" / name)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else use the queue while the block runs. Raises QueueFailed for who is cut off."""
        if (self.place / "cut" / self._name).exists():
            raise QueueFailed("the queue cannot be reached")
        with (self.place / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class AskedFence:
    """Asks whoever has started the instances to end them; see `efs_backup.domain.sharing.fleet.Fence`."""

    def __init__(self, place: Path, name: str) -> None:
        self._place, self._name = place, name

    def expel(self, names: Collection[str], beat: Callable[[], None]) -> None:
        """See Fence."""
        self._ask({"expel": sorted(names)}, beat)

    def close(self, beat: Callable[[], None]) -> None:
        """See Fence."""
        self._ask({"all but": self._name}, beat)

    def _ask(self, what: Mapping[str, Any], beat: Callable[[], None]) -> None:
        asked = self._place / f"fence-{uuid.uuid4().hex}"
        asked.with_suffix(".new").write_text(json.dumps(what))
        asked.with_suffix(".new").rename(asked.with_suffix(".asked"))
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while not asked.with_suffix(".done").exists():
            if time.monotonic() > give_up:
                raise NotFenced("Nobody has ended the others.", "Look why.")
            time.sleep(_LOOK_SECONDS)
            beat()


class NoWatcher:
    """Follows nothing."""

    def step(self, name: str) -> None:
        """See Watcher."""

    def expect(self, files: int, size: int) -> None:
        """See Watcher."""

    def progress(self, done: CopyStatistics) -> None:
        """See Watcher."""

    def note(self, text: str) -> None:
        """See Watcher."""
        sys.stderr.write(f"{text}\n")


@dataclass
class Fleets:
    """Starts, kills and freezes instances that back up `source` to `backup`; a thread does what a fence asks for.

    kills_leader: "before" or "after" the fence is closed, once. pace: operations a second of each instance. trace:
    where all that they call is written. sources, backups: where an instance finds them, if it has mounts of its own.
    target, targets: into what they restore; orders: the directory of their orders.
    """

    place: Path
    source: Path
    backup: Path
    workers: int = 3
    hidden_seconds: float = 3.0
    silent_seconds: float = 3.0
    jobs: int | None = 2
    threads: int | None = 4
    pace: float | None = None
    trace: Path | None = None
    target: Path | None = None
    targets: Mapping[str, Path] = field(default_factory=dict)
    mode: RestoreMode = RestoreMode.OVERLAY
    keeps_replaced: bool = False
    orders: str = ".shares"
    sources: Mapping[str, Path] = field(default_factory=dict)
    backups: Mapping[str, Path] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    kills_leader: str = ""
    machines: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Fleets":
        self.queue()  # its directories
        self._thread = threading.Thread(target=self._serve_fences, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self._thread.join()
        self.kill(*self.machines)

    def queue(self, name: str = "test") -> DirectoryQueue:
        """The queue, as this instance sees it."""
        return DirectoryQueue(self.place / "queue", name, self.hidden_seconds)

    def start(self, name: str, role: str, **environment: str) -> None:
        """Start an instance that leads, helps, or is alone."""
        settings = {
            "source": str(self.sources.get(name, self.source)), "backup": str(self.backups.get(name, self.backup)),
            "workers": self.workers, "hidden": self.hidden_seconds, "silent": self.silent_seconds,
            "jobs": self.jobs, "threads": self.threads,
            "pace": self.pace, "target": str(self.targets.get(name, self.target)), "mode": self.mode,
            "keeps": self.keeps_replaced, "within": str(self.targets.get(name, self.target and self.target.parent)),
        }  # fmt: skip
        (self.place / f"{name}.json").write_text(json.dumps(settings))
        (self.place / f"{name}.result").unlink(missing_ok=True)
        alone = ("unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        # Each has process numbers of its own, which may be those of another one: no two write to one file.
        traced = tracer(self.trace.with_name(f"{self.trace.name}.{name}")) if self.trace else ()
        line = [*alone, *traced, sys.executable, "-m", "tests.support.fleet"]
        with (self.place / f"{name}.log").open("ab") as log:
            self.machines[name] = subprocess.Popen(
                [*line, self.place, name, role], stdout=log, stderr=log, env={**os.environ, **environment}
            )

    def kill(self, *names: str) -> None:
        """Have no process of these instances any more."""
        machines = [machine for name in names if (machine := self.machines.pop(name, None))]
        for machine in machines:
            for process in self.processes(machine):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            machine.kill()
        for machine in machines:
            machine.wait()
            while self._inside(machine):
                time.sleep(_LOOK_SECONDS)

    def freeze(self, name: str) -> None:
        """Stop all processes of an instance where they are, none of them with the queue's lock: a real one has none."""
        with self.queue().alone():
            self._signal(name, signal.SIGSTOP)
            while machine := self.machines.get(name):
                if all(_is_still(process) for process in self.processes(machine)):
                    break
                time.sleep(_LOOK_SECONDS)

    def thaw(self, name: str) -> None:
        """Let a frozen instance go on."""
        self._signal(name, signal.SIGCONT)

    def disturb(self, name: str, fault: str, chance: random.Random) -> bool:
        """Do something to an instance that is at a share, a moment later; whether it was hit.

        fault: "killed", "frozen", "frozen for a while" or "cut off".
        """
        if not self.wait_until_begun(name):
            return False
        time.sleep(chance.random())
        if name not in self.machines or self.machines["leader"].poll() is not None:
            return False
        if fault == "killed":
            self.kill(name)
        elif fault == "cut off":
            self.cut(name)
        else:
            self.freeze(name)
        if fault == "frozen for a while":
            time.sleep(self.silent_seconds * chance.choice([0.5, 1.5]))
            self.thaw(name)
        return True

    def cut(self, name: str) -> None:
        """Keep an instance from the queue."""
        (self.place / "queue" / "cut" / name).touch()

    def join(self, name: str) -> None:
        """Let it reach the queue again."""
        (self.place / "queue" / "cut" / name).unlink(missing_ok=True)

    def has_begun(self, name: str) -> bool:
        """Whether an instance has begun a share of the order that there is."""
        begun = [*(self.backup / str(LABEL) / "daily" / self.orders).glob("*/begun.*")]
        return any(_led_to(path) == name for path in begun)

    def wait_for(self, pattern: str) -> bool:
        """Wait until something of this name is in the series; False where the leader ended before."""
        leader = self.machines["leader"]
        while leader.poll() is None:
            if [*(self.backup / str(LABEL) / "daily").glob(pattern)]:
                return True
            time.sleep(_LOOK_SECONDS / 4)
        return False

    def wait_until_begun(self, name: str) -> bool:
        """Wait for that; False where the leader ended before."""
        leader = self.machines["leader"]
        while leader.poll() is None:
            if self.has_begun(name):
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def result(self, name: str = "leader") -> dict[str, Any]:
        """Wait until an instance has ended by itself; what it says."""
        self.machines[name].wait(240)
        self.machines.pop(name)
        path = self.place / f"{name}.result"
        assert path.exists(), self.log(name)
        result: dict[str, Any] = json.loads(path.read_text())
        return result

    def log(self, name: str) -> str:
        """The log of an instance."""
        return (self.place / f"{name}.log").read_text()

    def processes(self, machine: "subprocess.Popen[bytes]") -> list[int]:
        """All processes of an instance."""
        return self._inside(machine)

    def _signal(self, name: str, number: int) -> None:
        """Nothing where the fence has ended it meanwhile."""
        machine = self.machines.get(name)
        for process in self.processes(machine) if machine else []:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _inside(self, machine: "subprocess.Popen[bytes]") -> list[int]:
        """The processes whose namespace is that of the child of `unshare`."""
        space = getattr(machine, "space", None)
        if space is None:
            space = self._space_of(machine.pid)
            machine.space = space  # type: ignore[attr-defined]
        return [] if space is None else [one for one in _numbers() if _space(one) == space]

    def _space_of(self, parent: int) -> str | None:
        own = _space(os.getpid())
        children = [one for one in _numbers() if _parent(one) == parent and _space(one) not in (own, None)]
        return _space(children[0]) if children else None

    def _kill_leader(self, when: str) -> None:
        if self.kills_leader == when:
            self.kill("leader")
            self.kills_leader = ""

    def _serve_fences(self) -> None:
        while not self.is_over.is_set():
            for asked in self.place.glob("fence-*.asked"):
                said = json.loads(asked.read_text())
                self._kill_leader("before")
                names = said.get("expel", [one for one in [*self.machines] if one != said.get("all but")])
                self.kill(*names)
                self.closed += names
                asked.rename(asked.with_suffix(".done"))
                self._kill_leader("after")
            time.sleep(_LOOK_SECONDS)


def _led_to(path: Path) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _numbers() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _space(process: int) -> str | None:
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:
        return None


def _is_still(process: int) -> bool:
    """Whether no thread of a process runs: each is stopped or gone, or in the kernel, and stops as it comes out."""
    states = set[str]()
    for task in Path(f"/proc/{process}/task").glob("*/stat"):
        with suppress(OSError):
            states.add(task.read_text().rpartition(")")[2].split()[0])
    return states <= {"T", "D", "Z", "X"}


def _parent(process: int) -> int | None:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _restore(
    said: Mapping[str, Any], role: str, fleet: Fleet, tuning: Tuning, runner: Runner, stop: Stop
) -> dict[str, Any]:
    within = said["within"]
    if role == "help-restore":
        asked = RestoreHelpRequest(said["backup"], said["target"], within, LABEL, Interval.DAILY, tuning)
        return {"shares": RestoreHelping(asked, fleet, runner=runner, stop=stop, watcher=NoWatcher()).run().shares}
    request = RestoreRequest(
        said["backup"], said["target"], LABEL, mode=RestoreMode(said["mode"]), tuning=tuning,
        keeps_replaced=said["keeps"], within=within,
    )  # fmt: skip
    run, begun = RestoreRun(request, now=datetime.now(UTC), runner=runner, stop=stop, watcher=NoWatcher()), time.time()
    try:
        result = run.run(fleet if role == "restore" else None)
    except (EfsBackupError, Stopped) as error:
        return {"status": "Failed", "message": str(error), "notes": []}
    return {
        "status": str(result.status), "message": result.message, "notes": list(result.notes),
        "quarantine": result.quarantine, "steps": {"restore": time.time() - begun},
    }  # fmt: skip


def _main(place: Path, name: str, role: str) -> None:
    said = json.loads((place / f"{name}.json").read_text())
    attempts.SILENT_SECONDS = said["silent"]
    attempting._LIFE_SECONDS = 0.2
    leading.HALT_SECONDS, leading.RECEIVE_SECONDS = 5.0, 0.2
    helping._RECEIVE_SECONDS = 0.2
    queue = DirectoryQueue(place / "queue", name, said["hidden"])
    fleet = Fleet(said["workers"], name, queue, AskedFence(place, name))
    tuning = Tuning(jobs=said["jobs"], threads=said["threads"], operations_per_second=said["pace"])
    runner, stop = Runner.with_new_family(), Stop(Window())
    with stopping_on_signals(stop):
        if "restore" in role:
            told: dict[str, Any] = _restore(said, role, fleet, tuning, runner, stop)
        elif role == "help":
            request = HelpRequest(said["source"], said["backup"], LABEL, Interval.DAILY, tuning)
            helped = Helping(request, fleet, runner=runner, stop=stop, watcher=NoWatcher()).run()
            told = {"shares": helped.shares}
        else:
            asked = Asked(Retention(7), init=True, saves=True)
            order = BackupRequest(said["source"], said["backup"], LABEL, tuning=tuning, asked=asked)
            run = BackupRun(order, now=datetime.now(UTC), runner=runner, stop=stop, watcher=NoWatcher())
            result = run.run(fleet if role == "lead" else None)
            told = {
                "status": str(result.status), "message": result.message, "path": result.path,
                "notes": list(result.notes), "warnings": [str(one) for one in result.warnings],
                "steps": {step.name: step.seconds for step in result.steps},
                "files": result.statistics.number_of_files, "copied": result.statistics.number_of_files_transferred,
            }  # fmt: skip
    beside = place / f"{name}.result.new"
    beside.write_text(json.dumps(told))
    beside.rename(place / f"{name}.result")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
