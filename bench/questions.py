"""How long do `versions`, `vanished` and `growth` take? A synthetic series: manifests and changes, without the files.

By default 1,000,000 files, and 30 nights of 10,000 lines of changes each, of which the newest seven snapshots are kept.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it is run by its path, from anywhere

from bench import machine
from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.blocks import Block, Entry, digest_of_block, packed, path_key
from efs_backup.copy_worker.mtree import line_of
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.changes_file import write_changes
from efs_backup.engine.proof.index import Index, Row
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST, Manifests
from efs_backup.engine.proof.merge import head_of

FILES_PER_DIRECTORY = 20
DIRECTORIES_IN_ONE = 100
START = datetime(2026, 11, 1, 2, tzinfo=UTC)
_MEASURED = """
import json, resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True)
wall, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
figures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}
sys.stderr.write(json.dumps({name: round(value, 2) for name, value in figures.items()}))
"""
"""A small process between, for the peak of a child is never less than that of its parent."""

COMMAND = Path(sys.executable).with_name("efs-backup")


def main() -> None:
    """Make the series, ask, print seconds as JSON."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.workdir) as place:
        series = Path(place) / "efs-backup" / "daily"
        paths = [*_paths(options.files)]
        names = [str(SnapshotName.of(START + timedelta(days=number))) for number in range(options.nights + 1)]
        _make(series, names, paths, options)
        some = paths[len(paths) // 2]
        asked = {
            "versions": ("versions", place, some),
            "vanished": ("vanished", place),
            "vanished --json": ("vanished", place, "--json"),
            "growth": ("growth", place),
            "growth --since": ("growth", place, "--since", names[0]),
            "manifest": ("manifest", place),
        }
        seconds = {what: _seconds(arguments) for what, arguments in asked.items()}
        print(json.dumps({"machine": machine.facts(Path(place)), **vars(options), "seconds": seconds}, indent=1))


def _seconds(arguments: tuple[str, ...]) -> dict[str, float]:
    """Wall and CPU time, the peak of memory, and the lines that were printed."""
    line = [sys.executable, "-c", _MEASURED, str(COMMAND), *arguments]
    done = subprocess.run(line, capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return {**figures, "lines": done.stdout.count(b"\n")}


def _paths(files: int) -> Iterator[str]:
    for number in range(files):
        directory = number // FILES_PER_DIRECTORY
        above = f"home/user{directory // DIRECTORIES_IN_ONE:05d}/project/directory{directory:06d}"
        yield f"{above}/file number {number:08d}.dat"


def _make(series: Path, names: list[str], paths: list[str], options: argparse.Namespace) -> None:
    manifests, chance = Manifests(series), random.Random(1)
    for name in names[-options.kept :]:
        (series / name).mkdir(parents=True)
    manifests.make()
    _write_manifest(manifests, names[-1], paths)
    for name in names[-options.kept : -1]:
        for ending in (MANIFEST, INDEX):
            manifests.file(name, ending).hardlink_to(manifests.file(names[-1], ending))
    for before, name in zip([None, *names], names, strict=False):
        lines = _lines(chance, paths, options.lines) if before else []
        with manifests.written(f"{name}{CHANGES}") as write:
            write_changes(name, before, lines, write)


def _attributes(text: str) -> Attributes:
    mtime_ns = 1_760_000_000 * 10**9 + hash(text) % 10**15
    return Attributes(
        0o100644, 1001, 1001, mtime_ns, hash(text) % 100_000, sha256=hashlib.sha256(text.encode()).digest()
    )


def _write_manifest(manifests: Manifests, name: str, paths: list[str]) -> None:
    index, known = Index(len(head_of(name, None))), list[bytes]()
    with manifests.written(f"{name}{MANIFEST}") as write:
        write(head_of(name, None))
        for start in range(0, len(paths), FILES_PER_DIRECTORY):
            files = paths[start : start + FILES_PER_DIRECTORY]
            block = Block(files[0].rpartition("/")[0].encode())
            block.directory = Attributes(0o40755, 1001, 1001, 0)
            block.entries = [
                Entry(path.rpartition("/")[2].encode(), _attributes(path), start, (start, start)) for path in files
            ]
            block.digest = digest_of_block(block, (0o40755, 1001, 1001, 0))
            member = packed(block)
            write(member)
            index.append(Row(path_key(block.path), block.digest, len(member), block.counts()))
            known.append(block.path)
    index.finish(known)
    with manifests.written(f"{name}{INDEX}") as write:
        write(index.packed())


def _lines(chance: random.Random, paths: list[str], lines: int) -> Iterator[bytes]:
    """Half of what changes was rewritten, a quarter is new, a quarter gone."""
    for number in range(lines // 3):
        path = chance.choice(paths)
        if number % 2:
            yield b"~ " + _line(path, "new") + b"\n< " + _line(path, "old") + b"\n"
        else:
            yield b"+ " + _line(f"{path}.{number}", "new") + b"\n- " + _line(path, "old") + b"\n"
            yield (b"+ " if number % 4 else b"- ") + _line(f"{path}~", "other") + b"\n"


def _line(path: str, version: str) -> bytes:
    place = b"./" + path.replace(" ", "\\040").encode()
    return line_of(place, _attributes(path + version)) + b" inode=123456789"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--lines", type=int, default=10_000, help="of changes, each night")
    parser.add_argument("--kept", type=int, default=7, help="snapshots that are there")
    parser.add_argument("--workdir", help="where the series is made; the directory for temporary files by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
