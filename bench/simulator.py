"""The simulated Amazon EFS (`efs_sim/`): build it, mount it, read what was asked of it."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "efs_sim"
BINARY = FOLDER / "efs_sim"
STATISTICS = ".efs_sim_stats"
START_SECONDS = 10.0
STOP_SECONDS = 10.0
PAUSE_SECONDS = 0.02
LATENCIES_US = {"meta_read_us": 500, "meta_write_us": 2500, "read_us": 600, "write_us": 2700}
OPERATIONS = {"meta_read": ("meta_read_ops",), "meta_write": ("meta_write_ops",), "data": ("read_ops", "write_ops")}

Counters = dict[str, Any]  # the simulator's statistics, as its README describes them


def build() -> None:
    """Compile the simulator where its source is newer than its binary."""
    made = subprocess.run(["/usr/bin/make", "-C", str(FOLDER)], capture_output=True, text=True, check=False)
    if made.returncode:
        needs = "apt-get install gcc make pkg-config libfuse3-dev fuse3"
        raise SystemExit(f"The simulator cannot be built; it needs: {needs}\n{made.stderr}")


def options(latency: float, given: list[str]) -> dict[str, str]:
    """The mount options: the default latencies (microseconds) times `latency`, then NAME=VALUE pairs as given."""
    scaled = {name: str(round(microseconds * latency)) for name, microseconds in LATENCIES_US.items()}
    return {**scaled, "max_links": "177", **dict(pair.split("=", 1) for pair in given)}


@contextlib.contextmanager
def mounted(store: Path, point: Path, chosen: Mapping[str, str]) -> Iterator[None]:
    """Show the directory `store` at `point` through a simulator of its own, with cold caches and counters at zero."""
    settings = ",".join(f"{name}={value}" for name, value in chosen.items())
    process = subprocess.Popen([BINARY, store, point, "-f", "-o", settings], start_new_session=True)
    try:
        _wait_for_mount(process, point)
        (point / STATISTICS).write_text("0")
        yield
    finally:
        unmount(point)
        _end(process)


def counters(point: Path) -> Counters:
    """The operations on the file system at `point` since it was mounted."""
    found: Counters = json.loads((point / STATISTICS).read_text())
    return found


def per_file(found: Counters, files: int) -> dict[str, float]:
    """Operations for each of `files` files, by kind: metadata reads, metadata writes, data."""
    return {kind: sum(found[name] for name in names) / max(1, files) for kind, names in OPERATIONS.items()}


def unmount(point: Path) -> None:
    """Unmount `point`; if it stays busy, detach it, so that it never outlives the bench."""
    deadline = time.monotonic() + STOP_SECONDS
    while os.path.ismount(point):
        late = time.monotonic() > deadline
        command = ["umount", "-l", str(point)] if late else ["fusermount3", "-u", str(point)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            time.sleep(PAUSE_SECONDS * 10)
        if late:
            return


def _wait_for_mount(process: "subprocess.Popen[bytes]", point: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not os.path.ismount(point):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The simulator did not mount {point}: it needs root rights and /dev/fuse")
        time.sleep(PAUSE_SECONDS)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
