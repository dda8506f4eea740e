"""Is the estimate right? Nights of `efs-backup` on the simulator, without latencies, beside what was foretold of them.

Prints for each kind of night the metered bytes of each side, read and written, as `efs-backup estimate` says them and
as the simulator counts them, as JSON.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine, simulator
from bench.area import Area, Simulated
from bench.contenders.base import command
from bench.contenders.ours import PROGRAM
from bench.process import Command, CommandError, run
from bench.tree import change_tree, make_tree

COPIED = 0.9
"""Of the changes in the tree: a tenth are removals, of which nothing is copied (bench/tree.py)."""

FIRST, LINKED, STEADY, QUIET = range(4)
"""The places of these nights in the answer."""


def main() -> None:
    """Make the tree, ask, back up, and print both."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    simulator.build()
    backend = Simulated(Path(options.workdir), simulator.options(0, options.sim_option))
    try:
        with backend.area() as area:
            make_tree(area.stored(area.source), options.files, 1)
            found = {name: _compared(*both) for name, both in _nights(backend, area, options)}
            print(json.dumps({"machine": machine.facts(area.scratch), "files": options.files, **found}, indent=1))
    except CommandError as failure:
        raise SystemExit(str(failure)) from failure


Sides = dict[str, dict[str, float]]
_METERED = ("metered_bytes_read", "metered_bytes_written")


def _nights(backend: Simulated, area: Area, options: argparse.Namespace) -> Iterator[tuple[str, tuple[Sides, Sides]]]:
    """(what a night is called, (what is foretold of it, what is counted)); each before the nights after it are made."""
    told = _told(area, options)
    yield "first backup", (told[FIRST], _counted(backend, area, options.retain))
    for number in range(options.retain):
        change_tree(area.stored(area.source), options.share, number)
        counted = _counted(backend, area, options.retain)
    yield "before the first spare", (told[LINKED], counted)
    for number in range(options.retain + 1):
        change_tree(area.stored(area.source), options.share, 100 + number)
        counted = _counted(backend, area, options.retain)
    yield "once the series is full", (told[STEADY], counted)
    for _ in range(options.retain + 1):
        counted = _counted(backend, area, options.retain)
    yield "a night without changes", (told[QUIET], counted)


def _told(area: Area, options: argparse.Namespace) -> list[Sides]:
    """Ask the estimate about each kind of night."""
    source, backup = area.stored(area.source), area.stored(area.backup_side)
    asked = command(
        PROGRAM, "estimate", source, backup, "--json", "--scrub-days", "0", "--retain", str(options.retain),
        "--change", f"{options.share * COPIED:%}", "--days", str(3 * options.retain + 3),
    )  # fmt: skip
    answer = json.loads(run(asked).output)
    return [{side: one[side] for side in ("source", "backup")} for one in answer["backups"]]


def _counted(backend: Simulated, area: Area, retain: int) -> Sides:
    """One night, as the simulator counts it."""
    with backend.stage(area) as read_counts:
        run(_backup(area, retain))
        counts = read_counts()
    if counts is None:
        raise CommandError("the simulator has counted nothing")
    return {"source": _metered(counts.source), "backup": _metered(counts.backup)}


def _backup(area: Area, retain: int) -> Command:
    return command(
        PROGRAM, "run", area.source, area.backup_side, "--init", "--retain", str(retain), "--scrub-days", "0"
    )


def _metered(side: simulator.Counters) -> dict[str, float]:
    read = side["metered_bytes_read"]
    return dict(zip(_METERED, (read, side["metered_bytes"] - read), strict=True))


def _compared(told: Sides, counted: Sides) -> dict[str, object]:
    """Both, and by how much what is foretold of all is too high."""
    off = {name: _sum(told, name) / max(1.0, _sum(counted, name)) - 1 for name in _METERED}
    return {"told": told, "counted": counted, "off": {name: f"{one:+.1%}" for name, one in off.items()}}


def _sum(sides: Sides, name: str) -> float:
    return sum(side[name] for side in sides.values())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--retain", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.01, help="share of the files that change each night")
    parser.add_argument("--workdir", required=True, help="a directory in memory with room for all files twice")
    parser.add_argument("--sim-option", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; everything is cleaned up")
