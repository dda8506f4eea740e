"""How long does a page of `efs-backup browse` take? A directory in many snapshots, on simulated EFS or on the disk.

In-process, without a browser: what is measured is what the server does. The first request of a page finds cold caches
on simulated EFS, for the file system is mounted afresh.
"""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from starlette.testclient import TestClient

from bench import machine, simulator
from bench.area import Local, Simulated
from efs_backup.browse.app import create_app
from efs_backup.browse.paths import key_of
from efs_backup.domain.snapshots.names import SnapshotName

_FIRST = datetime(2026, 9, 27, 2, tzinfo=UTC)
_CHANGING = 29
"""A file changes in one night of so many."""


def main() -> None:
    """Make the series, ask for pages, print seconds as JSON."""
    options = _options()
    is_simulated = options.backend == "sim"
    if is_simulated:
        simulator.build()
    workdir = Path(options.workdir)
    backend = Simulated(workdir, simulator.options(1, [])) if is_simulated else Local(workdir)
    with backend.area() as area:
        _make(area.backup_store, options.nights, options.files)
        found = {}
        for name, page in _pages(options.files).items():
            with backend.stage(area):
                client = TestClient(create_app(area.backup_side, None))
                client.get("/static/browse.css")
                found[name] = [_seconds(client, page) for _ in range(options.rounds)]
        print(json.dumps({"machine": machine.facts(area.scratch), "seconds": found}, indent=1))


def _pages(files: int) -> dict[str, str]:
    series, docs = f"/daily/{key_of('home')}", key_of("docs")
    middle, chosen = key_of(f"file {files // 2:06}"), key_of("docs/file 000007")
    return {
        "nights and the root": f"{series}/tree",
        "a directory": f"{series}/tree?directory={docs}",
        "a page in its middle": f"{series}/tree?directory={docs}&after={middle}",
        "a directory and the versions of a file": f"{series}/tree?directory={docs}&path={chosen}",
        "health": f"{series}/health",
    }


def _seconds(client: TestClient, page: str) -> float:
    began = time.perf_counter()
    answer = client.get(page)
    if answer.is_error:
        raise SystemExit(f"{page}: {answer.status_code}")
    return round(time.perf_counter() - began, 3)


def _make(backup: Path, nights: int, files: int) -> None:
    before: Path | None = None
    for night in range(nights):
        directory = backup / "home" / "daily" / str(SnapshotName.of(_FIRST + timedelta(days=night))) / "docs"
        directory.mkdir(parents=True)
        for number in range(files):
            path = directory / f"file {number:06}"
            if before and (number * 7 + night) % _CHANGING:
                os.link(before / path.name, path)
            else:
                path.write_text(f"night {night}\n")
        before = directory


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--backend", choices=("sim", "local"), default="local")
    parser.add_argument("--workdir", required=True, help="a directory with room for all snapshots")
    return parser.parse_args()


if __name__ == "__main__":
    main()
