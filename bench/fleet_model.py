"""When are several instances worth it? Hours and dollars of a night by 1 to 16 instances, from measured figures.

Not a measurement: what docs/performance.md has of operations and processor time, with the latencies and limits that
Amazon documents for EFS. Each assumption is a named number below, or an option.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from efs_backup.domain.cost.prices import DEFAULT_REGION, LIST_PRICES

SLOTS = 64
"""Requests of one Linux mount at a time: its NFS 4.1 session has so many slots."""

READ_SECONDS, WRITE_SECONDS = 0.001, 0.0027
"""Of an operation: https://docs.aws.amazon.com/efs/latest/ug/performance.html, regional, elastic."""

CLIENT_MIB, FILE_SYSTEM_WRITE_MIB, FILE_SYSTEM_WRITES = 1500, 3 * 1024, 50_000
"""MiB a second of one client, and of a file system written to; its write operations a second: the lower of those that
the same page has had."""

METERED_META, METERED_DATA = 4096, 32768
BOOT_SECONDS, FENCE_SECONDS, SHARE_SECONDS, SHARES = 180, 180, 1.0, 8
"""Until the instances work; until the others are terminated; what a share costs besides; shares for each instance."""

GIB, MIB = 2**30, 2**20


@dataclass(frozen=True)
class Night:
    """The cost of one file: reads and writes of metadata on both sides, data operations, bytes, seconds of a processor.

    alone: seconds a file that the leader needs when the others are gone, for the manifest above all.
    """

    name: str
    reads: float
    writes: float
    data: float
    size: float
    processor: float
    alone: float


FIRST = Night("first backup", 1.18, 2.15, 2.0, 0, 23e-6, 2e-6)
QUIET = Night("no change", 0.25, 0.002, 0, 0, 3.7e-6, 0.3e-6)
RESTORE = Night("restore of everything", 1.18, 2.15, 2.0, 0, 23e-6, 21e-6)
"""As a first backup; but first one process of the leader compares both sides: 0.85 s for 40,000 files, measured."""

ONE_PERCENT = Night("1 % changed at random", 0.32, 0.06, 0.02, 0, 8e-6, 0.5e-6)


@dataclass(frozen=True)
class Machine:
    """An instance: processors, its network's MiB a second in each direction, dollars an hour."""

    processors: int = 4
    network_mib: float = 600
    hour: float = LIST_PRICES[DEFAULT_REGION].instance_hour


def seconds(night: Night, files: float, instances: int, machine: Machine) -> float:
    """Of a night: the slowest of what binds it, and what one instance does alone."""
    shares = max(1, instances)
    bound = max(
        files * (night.reads * READ_SECONDS + (night.writes + night.data) * WRITE_SECONDS) / (SLOTS * shares),
        files * night.processor / (machine.processors * shares),
        files * night.size / MIB / min(machine.network_mib, CLIENT_MIB) / shares,
        files * night.size / MIB / FILE_SYSTEM_WRITE_MIB,
        files * night.writes / FILE_SYSTEM_WRITES,
    )
    apart = (FENCE_SECONDS + SHARES * SHARE_SECONDS) if instances > 1 else 0
    return BOOT_SECONDS + bound + files * night.alone + apart


def dollars(night: Night, files: float, instances: int, machine: Machine) -> float:
    """Of the instances, and of what EFS meters with elastic throughput."""
    prices = LIST_PRICES[DEFAULT_REGION]
    each = max(night.size, METERED_DATA) if night.data >= 1 else night.data / 2 * METERED_DATA
    read = files * (night.reads * METERED_META + each) / GIB * prices.read
    written = files * (night.writes * METERED_META + each) / GIB * prices.written
    return seconds(night, files, instances, machine) / 3600 * instances * machine.hour + read + written


def main() -> None:
    """Print the table as JSON, hours and dollars for each number of instances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--processors", type=int, default=Machine.processors)
    parser.add_argument("--network", type=float, default=Machine.network_mib, help="MiB/s of an instance")
    asked = parser.parse_args()
    machine = Machine(asked.processors, asked.network)
    small = [(f"{night.name}, {files:,} files of 8 KiB", replace(night, size=8192 * (night.data / 2)), files)
             for files in (10**7, 10**8, 10**9) for night in (FIRST, QUIET, ONE_PERCENT, RESTORE)]  # fmt: skip
    large = [("first backup, 100 TB in files of 1 MiB", replace(FIRST, size=MIB), 10**14 // MIB)]
    told = {
        name: {
            str(number): {
                "hours": round(seconds(night, files, number, machine) / 3600, 2),
                "dollars": round(dollars(night, files, number, machine), 2),
            }
            for number in asked.instances
        }
        for name, night, files in (*small, *large)
    }
    sys.stdout.write(json.dumps({"machine": asdict(machine), **told}, indent=1) + "\n")


if __name__ == "__main__":
    main()
