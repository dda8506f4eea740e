"""Files that take longer than a window: each night gets further, and says how far it is."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli
from tests.support.simulator import Simulator

MEGABYTES = 24


@pytest.fixture
def tree(source: Path) -> Path:
    """Two large files of one name."""
    for place in ("one", "other"):
        write(source / place / "large", place[1] * MEGABYTES * 1_000_000)
    return source


def _unfinished(backup: Path) -> list[Path]:
    found = sorted(backup.glob("efs-backup/daily/.unfinished/*"))
    return [path for path in found if ".until" not in path.name]


def _noted(path: Path) -> int:
    note = path.with_name(f"{path.name}.until")
    return int(note.read_text()) if note.exists() and note.read_text().isdigit() else 0


def _cut_off(cli: Cli, tree: Path, backup: Path) -> dict[str, Any]:
    """A slow night that is ended, twice told, as soon as something of each file is on the disk."""
    running = cli.start("run", tree, backup, "--json", "--jobs", 1, "--threads", 16, "--max-operations-per-second", 60)
    _wait_for(lambda: len(_unfinished(backup)) == 2 and all(map(_noted, _unfinished(backup))))
    for number in (signal.SIGTERM, signal.SIGINT):
        running.send_signal(number)
    stdout, _ = running.communicate(timeout=60)
    result: dict[str, Any] = json.loads(stdout)
    assert result["status"] == "Incomplete"
    return result


def _mark(path: Path, letter: bytes) -> int:
    """Tell what is on the disk by another letter; how much it is."""
    until = _noted(path)
    with path.open("r+b") as file:
        file.write(letter * until)
    return until


@pytest.mark.root
def test_a_file_longer_than_the_window_gets_further_each_night(cli: Cli, tree: Path, backup: Path) -> None:
    """The copy goes on at what is known to be on the disk; the last night publishes all, and nothing stays beside."""
    result = _cut_off(cli, tree, backup)
    told = [note for note in result["notes"] if "was cut off after" in note]
    assert len(told) == 2
    assert all(
        "'large' was cut off after " in note and " MB; the next backup continues it there." in note for note in told
    )
    done = [_mark(path, b"!") for path in _unfinished(backup)]
    assert all(0 < size < MEGABYTES * 1_000_000 for size in done)
    result = cli("run", tree, backup, "--json").json
    published = [Path(result["path"]) / place / "large" for place in ("one", "other")]
    counts = [path.read_bytes().count(b"!") for path in published]
    assert sorted(counts) == sorted(done), "each went on at its place"
    assert [path.stat().st_size for path in published] == [MEGABYTES * 1_000_000] * 2
    assert not (backup / "efs-backup" / "daily" / ".unfinished").exists()


@pytest.mark.long
@pytest.mark.root
def test_a_large_file_that_changed_since_is_begun_anew(cli: Cli, tree: Path, backup: Path) -> None:
    """And what was begun of it goes; the other goes on. What is published is equal to the source."""
    _cut_off(cli, tree, backup)
    write(tree / "one" / "large", "N" * MEGABYTES * 1_000_000, A_DAY_AGO_NS + 1)
    result = cli("run", tree, backup, "--json").json
    assert account(Path(result["path"])) == account(tree)
    assert not (backup / "efs-backup" / "daily" / ".unfinished").exists()


@pytest.mark.root
@pytest.mark.parametrize("kind", ["symlink", "file", "full"])
def test_foreign_things_in_the_place_of_unfinished_files_hinder_nobody(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, kind: str
) -> None:
    """Nothing is written or removed where a symlink leads; what lies in our own directory goes with it."""
    write(source / "large", "x" * 17_000_000)
    decoy, place = write(tmp_path / "decoy" / "file"), backup / "efs-backup" / "daily" / ".unfinished"
    place.parent.mkdir(parents=True)
    if kind == "symlink":
        place.symlink_to(decoy.parent)
    elif kind == "file":
        place.touch()
    else:
        (place / "foreign").mkdir(parents=True)
        (place / "dangling").symlink_to("nowhere")
    result = cli("run", source, backup, "--json").json
    assert account(Path(result["path"])) == account(source)
    assert not any("Pruning failed" in note for note in result["notes"])
    assert os.listdir(decoy.parent) == ["file"]
    assert not os.path.lexists(place)


def _wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_file_that_rsync_could_not_end_is_named(cli: Cli, backup: Path, simulator: Simulator) -> None:
    """The file begins anew each night: the operator has to know which one needs a longer window."""
    source = simulator.mount("source")
    write(source / "small")
    (source / "too large").write_bytes(os.urandom(8 * 2**20))
    simulator.mount("source", "read_us=400000")
    running = cli.start("run", source, backup, "--copier", "rsync", "--json")
    give_up = time.monotonic() + 60
    while not list(backup.glob("efs-backup/daily/.partial-*/.too large.*")):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    for _ in range(2):
        running.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # two signals at once would be one
    stdout, _ = running.communicate(timeout=60)
    result = json.loads(stdout)
    assert result["status"] == "Incomplete"
    assert any(note.startswith("'too large' was cut off") for note in result["notes"]), result["notes"]
