"""One contender's way through one round: five measured stages, and the truth of every snapshot after each backup."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.area import Area, Backend, Counts, flush
from bench.contenders import Contender, Settings
from bench.process import Command, CommandError, Outcome, run
from bench.tree import change_tree, make_tree
from bench.truth import Digest, differences, digest, files_in

FIRST, INCREMENTAL, NO_CHANGE = "first backup", "incremental", "no change"
STEADY_CHANGED, SETTLING, STEADY = "steady night, changes", "the night after", "steady night, no change"
PRUNE, RESTORE = "prune", "restore"
STAGES = (FIRST, INCREMENTAL, NO_CHANGE, STEADY_CHANGED, SETTLING, STEADY, PRUNE, RESTORE)


@dataclass(frozen=True)
class Plan:
    """The plan that is the same for all contenders."""

    files: int
    share: float  # of the files that change before the incremental backup
    seed: int
    restores: bool = True  # restic needs many times as long for it as for all else together
    compares: bool = (
        True  # whether each snapshot is as the source was; who keeps no tree has to restore each again and again
    )


@dataclass
class Measurement:
    """One stage of one contender in one round."""

    contender: str
    round: int
    stage: str
    files: int  # regular files that the stage is about: in the source, or in the snapshots that a prune drops
    seconds: float = 0.0
    flush_seconds: float = 0.0  # what `sync` took afterwards (local disk only); not in `seconds`
    main_peak_mib: float = 0.0
    family_peak_mib: float = 0.0
    counts: Counts | None = None
    findings: list[str] = field(default_factory=list)


def measure(backend: Backend, kind: type[Contender], plan: Plan, settings: Settings, number: int) -> list[Measurement]:
    """Send a new contender through all stages of round `number`; a stage that fails is reported and is the last."""
    with backend.area() as area:
        make_tree(area.stored(area.source), plan.files, plan.seed)
        way = _Way(backend, area, kind(area, settings), plan, number)
        try:
            way.go()
        except CommandError as failure:
            way.fail(str(failure))
    return way.done


class _Way:
    def __init__(self, backend: Backend, area: Area, contender: Contender, plan: Plan, number: int) -> None:
        self.backend, self.area, self.contender, self.plan, self.number = backend, area, contender, plan, number
        self.done: list[Measurement] = []
        self.sources: list[Digest] = []  # what the source was at each backup
        self.snapshots: list[Digest] = []  # what each snapshot was when it was made

    def go(self) -> None:
        self.contender.prepare()
        self._backup(FIRST)
        change_tree(self.area.stored(self.area.source), self.plan.share, self.plan.seed)
        self._backup(INCREMENTAL)
        self._backup(NO_CHANGE)
        change_tree(self.area.stored(self.area.source), self.plan.share, self.plan.seed + 1)
        self._backup(STEADY_CHANGED)
        self._backup(SETTLING)
        self._backup(SETTLING)  # ours keeps two snapshots: only now the spare has all that the newest has
        self._backup(STEADY)
        self._prune()
        if self.plan.restores:
            self._restore()

    def fail(self, reason: str) -> None:
        """Note the reason at the stage that comes after those measured."""
        stage = STAGES[min(len(self.done), len(STAGES) - 1)]
        failed = Measurement(self.contender.name, self.number, stage, self.plan.files)
        failed.findings.append(f"failed: {reason}")
        self.done.append(failed)

    def _backup(self, stage: str) -> None:
        self.sources.append(digest(self.area.stored(self.area.source)))
        measurement, output = self._stage(stage, self.contender.backup(), files_in(self.sources[-1]))
        self.contender.backed_up(output)
        if not self.plan.compares:
            return
        self.snapshots.append(digest(self.contender.snapshot(len(self.snapshots))))
        self._find(measurement, "snapshot differs", differences(self.sources[-1], self.snapshots[-1]))
        self._check_older(measurement, range(len(self.snapshots) - 1))

    def _prune(self) -> None:
        dropped = self.contender.dropped()
        files = sum(files_in(self.sources[number]) for number in dropped)
        measurement, _ = self._stage(PRUNE, self.contender.prune(), files)
        left = [number for number in dropped if not self.contender.is_gone(number)]
        self._find(measurement, "not deleted", f"snapshots {left}" if left else "")
        if not self.plan.compares:
            return
        self._check_older(measurement, range(dropped.stop, len(self.snapshots)))

    def _restore(self) -> None:
        measurement, _ = self._stage(RESTORE, self.contender.restore(), files_in(self.sources[-1]))
        restored = digest(self.contender.restored())
        self._find(measurement, "restored tree differs", differences(self.sources[-1], restored))

    def _check_older(self, measurement: Measurement, numbers: range) -> None:
        for number in numbers:
            if self.contender.is_dropped(number):
                continue
            now = digest(self.contender.snapshot(number))
            self._find(measurement, "older snapshots changed", differences(self.snapshots[number], now))

    def _find(self, measurement: Measurement, what: str, details: str) -> None:
        if details:
            measurement.findings.append(f"{what}: {details}")

    def _stage(self, stage: str, commands: Sequence[Command], files: int) -> tuple[Measurement, str]:
        """Run the commands one after the other; returns what they took, and what the last of them printed."""
        measurement = Measurement(self.contender.name, self.number, stage, files)
        with self.backend.stage(self.area) as read_counts:
            outcomes = [run(command) for command in commands]
            measurement.flush_seconds = self._flush_seconds()
            measurement.counts = read_counts()
        _add(measurement, outcomes)
        self.done.append(measurement)
        return measurement, outcomes[-1].output if outcomes else ""

    def _flush_seconds(self) -> float:
        started = time.monotonic()
        if self.backend.name == "local":
            flush(self.area)
        return time.monotonic() - started


def _add(measurement: Measurement, outcomes: Sequence[Outcome]) -> None:
    measurement.seconds = sum(outcome.seconds for outcome in outcomes)
    measurement.main_peak_mib = max((outcome.main_peak_mib for outcome in outcomes), default=0.0)
    measurement.family_peak_mib = max((outcome.family_peak_mib for outcome in outcomes), default=0.0)
