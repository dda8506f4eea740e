"""How much memory does a backup of very many files take? Some nights of `efs-backup` on the local disk.

The peak is the resident size of the `efs-backup` process itself, as the kernel keeps it (VmHWM): what `wait4` tells
would also cover the children it waited for. The sum over all of its processes is given beside it.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine
from bench.contenders.ours import PROGRAM, SERIES
from bench.process import Command, CommandError, Outcome, run

FILES_PER_DIRECTORY = 1000
NIGHTS = ("first backup", "no change", "no change, one dropped", "no change, with a spare")


def main() -> None:
    """Make the tree, back it up night after night, print the figures as JSON."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    if not PROGRAM.exists():
        sys.exit(f"not installed: {PROGRAM}")
    home = Path(tempfile.mkdtemp(prefix="efs-memory-", dir=options.workdir))
    try:
        make_files(home / "source", options.files)
        (home / "backup").mkdir()
        runs = {name: _figures(_backup(home, options.run_option)) for name in NIGHTS}
        found = sum(1 for _ in (home / "backup" / SERIES).glob("2*"))
        result = {"machine": machine.facts(home), "files": options.files, "snapshots": found, **runs}
        print(json.dumps(result, indent=1))
    except CommandError as failure:
        raise SystemExit(str(failure)) from failure
    finally:
        shutil.rmtree(home, ignore_errors=True)


def make_files(root: Path, files: int, in_each: int = FILES_PER_DIRECTORY) -> None:
    """Make so many files of a few bytes each, so many in each directory."""
    for number in range(files):
        directory = root / f"dir-{number // in_each:06d}"
        if number % in_each == 0:
            directory.mkdir(parents=True)
        (directory / f"file-{number:09d}").write_text(str(number))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--workdir", help="a directory with room for all files twice (default: the temporary one)")
    parser.add_argument("--run-option", action="append", default=[], help="one more argument of `run`; repeatable")
    return parser.parse_args()


def _backup(home: Path, more: list[str]) -> Outcome:
    return run(
        Command(
            (
                str(PROGRAM),
                "run",
                str(home / "source"),
                str(home / "backup"),
                "--init",
                "--retain",
                "2",
                "--json",
                *more,
            )
        )
    )


def _figures(outcome: Outcome) -> dict[str, float]:
    return {
        "seconds": round(outcome.seconds, 1),
        "peak_mib": round(outcome.main_peak_mib, 1),
        "peak_mib_of_all_processes": round(outcome.family_peak_mib, 1),
    }


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; everything is cleaned up")
