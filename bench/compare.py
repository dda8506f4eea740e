"""Compare backup programs on one tree: their time, operations, memory, and the truth of their snapshots.

The contenders run in turn (A B C, A B C, ...), each on a fresh tree and a fresh backup area. See README.md.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine, report, simulator
from bench.area import Backend, Local, Simulated
from bench.contenders import CONTENDERS, Settings
from bench.stages import Measurement, Plan, measure

BACKENDS = {"sim": "simulated EFS", "local": "local disk"}


def main() -> None:
    """Run the contenders and report."""
    _prepare_process()
    chosen = _options()
    names = _installed(chosen.contenders) or sys.exit("none of them can run")
    settings = Settings(
        chosen.jobs, tuple(chosen.our_option), chosen.old_jobs, chosen.old_files, chosen.old_removals, chosen.keep
    )
    bench = Bench(_backend(chosen), _plan(chosen), settings, names)
    facts = {"machine": machine.facts(chosen.workdir), **bench.facts()}
    done: list[Measurement] = []
    for number in range(1, chosen.rounds + 1):
        done += bench.round(number)
        if chosen.output:
            report.write_json(chosen.output, facts, done, report.summarize(done, names))
    found = report.summarize(done, names)
    heading = chosen.title or f"{chosen.files:,} files, {BACKENDS[chosen.backend]}, rounds: {chosen.rounds}"
    report.show(found, heading)
    if chosen.markdown:
        chosen.markdown.write_text(report.markdown(facts, found, heading))


def _plan(chosen: argparse.Namespace) -> Plan:
    return Plan(chosen.files, chosen.share, chosen.seed, chosen.restore, chosen.truth)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter, description=__doc__)
    add = parser.add_argument
    add("--files", type=int, default=10_000, help="regular files in the tree")
    add("--backend", choices=BACKENDS, default="sim", help="simulated EFS, or plain local directories")
    add("--contenders", type=_names, default=",".join(CONTENDERS), help="names, by comma, in the order to run")
    add("--rounds", type=int, default=3, help="how often each contender runs; medians are reported")
    add("--output", type=Path, help="write everything to this JSON file")
    add("--markdown", type=Path, help="write the table as a Markdown section to this file")
    add("--title", help="the heading of the table; without it: files and file system")
    add("--workdir", type=Path, default=Path(tempfile.gettempdir()), help="work below this directory")
    add("--share", type=float, default=0.01, help="share of the files that change")
    add("--seed", type=int, default=1, help="seed of the tree and its changes")
    add("--keep", type=int, choices=(1, 2), default=1, help="snapshots, of three, that the prune leaves")
    add("--no-truth", action="store_false", dest="truth", help="compare no snapshot with its source")
    add("--no-restore", action="store_false", dest="restore", help="end with the prune")
    add("--latency", type=float, default=1.0, help="multiplies the simulator's latencies")
    add("--sim-option", action="append", default=[], metavar="NAME=VALUE", help="for the simulator; repeatable")
    add("--jobs", type=int, help="--jobs of ours; without it: its own choice")
    add("--our-option", action="append", default=[], metavar="ARGUMENT", help="one more for our run; repeatable")
    add("--old-jobs", type=int, default=32, help="fpsync jobs of the old solution")
    add("--old-removals", type=int, default=8, help="rm -rf at a time when the old solution prunes")
    add("--old-files", type=int, default=2000, help="files in each fpsync job of the old solution")
    return parser.parse_args()


@dataclass(frozen=True)
class Bench:
    """Who runs, on what, with which settings."""

    backend: Backend
    plan: Plan
    settings: Settings
    contenders: Sequence[str]

    def facts(self) -> dict[str, Any]:
        """The facts that belong to the results beside the machine."""
        versions = {tool: text for name in self.contenders for tool, text in CONTENDERS[name].versions().items()}
        options = dict(self.backend.options) if isinstance(self.backend, Simulated) else {}
        chosen = {"plan": asdict(self.plan), "settings": asdict(self.settings), "simulator": options}
        return {"versions": versions, "backend": self.backend.name, "caches": self.backend.caches, **chosen}

    def round(self, number: int) -> list[Measurement]:
        """All contenders, one after the other; says what each took and what was wrong."""
        done: list[Measurement] = []
        for name in self.contenders:
            measured = measure(self.backend, CONTENDERS[name], self.plan, self.settings, number)
            times = ", ".join(f"{one.stage} {one.seconds:.2f} s" for one in measured)
            print(f"round {number}, {name}: {times}", flush=True)
            for one in measured:
                print(*(f"    {one.stage}: {finding}\n" for finding in one.findings), sep="", end="", flush=True)
            done += measured
        return done


def _prepare_process() -> None:
    """Root rights are needed; a termination cleans up as Ctrl-C does."""
    if os.geteuid() != 0:
        raise SystemExit("The bench needs root rights: owners are copied, and the simulator is mounted.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such contender: {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    return names


def _installed(names: Sequence[str]) -> list[str]:
    """The contenders that can run; says which cannot."""
    lacking = {name: CONTENDERS[name].missing() for name in names}
    for name, tools in lacking.items():
        if tools:
            print(f"{name}: skipped, not installed: {', '.join(tools)}", flush=True)
    return [name for name in names if not lacking[name]]


def _backend(chosen: argparse.Namespace) -> Backend:
    if chosen.backend == "local":
        return Local(chosen.workdir)
    simulator.build()
    return Simulated(chosen.workdir, simulator.options(chosen.latency, chosen.sim_option))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; everything is cleaned up")
