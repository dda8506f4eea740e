"""How much faster are several instances than one? Each is a namespace with mounts of its own of one simulated EFS.

A first backup, a night in which 1 % of the files have changed, and a restore of everything, by one instance and by
several, in turn.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine, simulator
from bench.tree import change_tree, make_tree
from efs_backup.domain.requests.requests import RestoreMode
from tests.support.builders import account
from tests.support.fleet import Fleets

_DIRECTORY = "web/daily"


def main() -> None:
    """Measure, compare every file, and print the medians."""
    asked = _asked()
    simulator.build()
    figures = dict[str, list[float]]()
    for turn in range(asked.rounds):
        for number in (1, asked.instances):
            place = Path(tempfile.mkdtemp(dir=asked.workdir))
            try:
                for stage, seconds in _round(place, number, asked, turn).items():
                    figures.setdefault(f"{stage}, {number}", []).append(seconds)
            finally:
                shutil.rmtree(place)
    sys.stdout.write(json.dumps({"facts": machine.facts(asked.workdir), **_told(figures, asked.instances)}, indent=1))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=6000)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=8, help="times those of Amazon EFS")
    parser.add_argument("--slots", type=int, default=64, help="requests of one mount at a time")
    parser.add_argument("--jobs", type=int, default=2, help="workers in each instance")
    parser.add_argument("--threads", type=int, default=32, help="in each worker")
    parser.add_argument("--workdir", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_args()


def _round(place: Path, instances: int, asked: argparse.Namespace, turn: int) -> dict[str, float]:
    """Seconds of the copy of each stage."""
    source, backup = place / "source", place / "backup"
    backup.mkdir()
    make_tree(source, asked.files, turn)
    seconds = dict[str, float]()
    for stage in ("first", "night"):
        if stage == "night":
            change_tree(source, 0.01, turn)
        seconds[stage] = _done(place, source, backup, instances, asked)["copy"]
    seconds["restore"] = _done(place, source, backup, instances, asked, place / "target")["restore"]
    return seconds


def _done(
    place: Path, source: Path, backup: Path, instances: int, asked: argparse.Namespace, target: Path | None = None
) -> dict[str, float]:
    """Seconds of each step of a backup, or of a restore into a target."""
    what = "restore" if target else "lead"
    if target:
        target.mkdir()
    names = ["leader", *(f"helper-{number}" for number in range(1, instances))]
    with ExitStack() as stack:
        sides = (source, backup, *filter(None, [target]))
        mounts = {(name, side.name): _mounted(stack, place, name, side, asked) for name in names for side in sides}
        fleets = stack.enter_context(Fleets(
            place / "fleet", source, backup, workers=instances, hidden_seconds=30, silent_seconds=30, jobs=asked.jobs,
            threads=asked.threads, sources={name: mounts[name, "source"] for name in names},
            backups={name: mounts[name, "backup"] for name in names}, target=target, mode=RestoreMode.MIRROR,
            targets={name: mounts[name, "target"] for name in names} if target else {},
        ))  # fmt: skip
        for name in names[1:]:
            fleets.start(name, "help-restore" if target else "help")
        time.sleep(3 if instances > 1 else 0)  # they boot before the leader begins; that is not measured
        fleets.start("leader", what if instances > 1 else "restore-alone" if target else "alone")
        result = fleets.result()
    _check(result, source, target or max((backup / _DIRECTORY).glob("2*Z")))
    steps: dict[str, float] = result["steps"]
    return steps


def _mounted(stack: ExitStack, place: Path, name: str, side: Path, asked: argparse.Namespace) -> Path:
    point = place / "mounts" / name / side.name
    point.mkdir(parents=True, exist_ok=True)
    options = simulator.options(asked.latency, [f"threads={asked.slots}"])
    stack.enter_context(simulator.mounted(side, point, options))
    return point


def _check(result: dict[str, Any], source: Path, made: Path) -> None:
    """Compare every file, behind the simulator."""
    if result["status"] != "Success":
        raise SystemExit(f"It ended as {result}")
    if account(made) != account(source):
        raise SystemExit(f"{made} is not what the source is")


def _told(figures: dict[str, list[float]], instances: int) -> dict[str, Any]:
    medians = {name: round(statistics.median(several), 2) for name, several in figures.items()}
    stages = ("first", "night", "restore")
    times = {stage: round(medians[f"{stage}, 1"] / medians[f"{stage}, {instances}"], 2) for stage in stages}
    return {"seconds": medians, "times as fast": times}


if __name__ == "__main__":
    main()
