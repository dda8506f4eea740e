"""The bill of a night on Amazon EFS: nights of `efs-backup` on the simulator, without latencies, and its meter.

The prices are those of `efs-backup estimate`.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine, simulator
from bench.area import Area, Counts, Simulated
from bench.contenders.base import command
from bench.contenders.ours import PROGRAM
from bench.memory import make_files
from bench.process import CommandError, run
from efs_backup.domain.cost.metering import GIB
from efs_backup.domain.cost.prices import DEFAULT_REGION, prices_of

FILES_PER_DIRECTORY = 20
NIGHTS = ("first backup", "links", "links, one dropped", "with a spare", "the night after", "quiet night")


def main() -> None:
    """Make the tree, back it up night after night, print operations and dollars as JSON."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    simulator.build()
    backend = Simulated(Path(options.workdir), simulator.options(0, options.sim_option))
    try:
        with backend.area() as area:
            make_files(area.stored(area.source), options.files, FILES_PER_DIRECTORY)
            nights = {night: _night(backend, area, options.files) for night in NIGHTS}
            print(json.dumps({"machine": machine.facts(area.scratch), "files": options.files, **nights}, indent=1))
    except CommandError as failure:
        raise SystemExit(str(failure)) from failure


def _night(backend: Simulated, area: Area, files: int) -> dict[str, object]:
    with backend.stage(area) as read_counts:
        run(command(PROGRAM, "run", area.source, area.backup_side, "--init", "--retain", "2"))
        counts = read_counts()
    if counts is None:
        raise CommandError("the simulator has counted nothing")
    return {
        "source": simulator.per_file(counts.source, files),
        "backup": simulator.per_file(counts.backup, files),
        "metered_gigabytes": sum(side["metered_bytes"] for side in (counts.source, counts.backup)) / GIB,
        "dollars": round(_dollars(counts), 4),
    }


def _dollars(counts: Counts) -> float:
    prices = prices_of(DEFAULT_REGION)
    dollars: float = sum(
        side["metered_bytes_read"] / GIB * prices.read
        + (side["metered_bytes"] - side["metered_bytes_read"]) / GIB * prices.written
        for side in (counts.source, counts.backup)
    )
    return dollars


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--workdir", required=True, help="a directory in memory with room for all files twice")
    parser.add_argument("--sim-option", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; everything is cleaned up")
