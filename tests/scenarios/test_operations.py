"""The operations of whole nights, as the file systems count them, whatever the machine."""

import time
from pathlib import Path

import pytest

from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.simulator import Simulator

_FILES = 4000
_NAMES = 4080
"""Files and symlinks."""


def _tree(source: Path) -> None:
    """20 files in a directory, and some symlinks."""
    for number in range(_FILES):
        write(source / f"{number // 500}" / f"{number // 20}" / f"file {number}", "x")
    for number in range(0, _FILES, 50):
        (source / f"{number // 500}" / f"{number // 20}" / "symlink").symlink_to("nowhere")


def _counts(cli: Cli, simulator: Simulator, retain: int) -> tuple[dict[str, int], dict[str, int]]:
    """The operations of one night, prune included, from cold caches: (of the source, of the backup)."""
    source, backup = simulator.mount("source"), simulator.mount("backup")
    done = cli("run", source, backup, "--retain", retain, "--json").json
    assert done["files"] == _NAMES
    return simulator.counts(source), simulator.counts(backup)


@pytest.fixture
def begun(cli: Cli, simulator: Simulator) -> tuple[Cli, Simulator]:
    """A series with one snapshot."""
    _tree(simulator.mount("source"))
    _counts(cli, simulator, 2)
    return cli, simulator


@pytest.mark.root
def test_in_a_steady_night_an_unchanged_file_costs_no_write(begun: tuple[Cli, Simulator]) -> None:
    """Its directories are listed once on each side; nothing else is in proportion to the files."""
    for _ in range(2):
        _counts(*begun, 2)
    assert list(Path(begun[1].place).glob("backup.backing/**/.spare-*Z")), "there is a spare"
    source, backup = _counts(*begun, 2)
    assert backup["meta_write_ops"] / _NAMES <= 0.02
    assert backup["meta_read_ops"] / _NAMES <= 0.2
    assert source["total_ops"] / _NAMES <= 0.16
    manifest = max(Path(begun[1].place).glob("backup.backing/**/*.mtree.gz")).stat().st_size
    assert manifest < backup["bytes_read"] < 1.5 * manifest, "the manifest before is read once"


@pytest.mark.root
@pytest.mark.long
def test_without_a_spare_an_unchanged_file_costs_one_link(begun: tuple[Cli, Simulator]) -> None:
    """A directory that is listed twice would cost 0.1 more."""
    source, backup = _counts(*begun, 2)
    assert backup["total_ops"] / _NAMES <= 1.35
    assert source["total_ops"] / _NAMES <= 0.16


@pytest.mark.long
@pytest.mark.root
def test_a_whole_backup_keeps_the_throttle(cli: Cli, simulator: Simulator) -> None:
    """All its steps together, as both file systems count them, with changes and without.

    On a quiet machine the steps reach 0.94 to 1.08 of the ordered rate; what is looked up about the series itself comes
    on top of that.
    """
    source = simulator.mount("source")
    for number in range(1000):
        write(source / f"{number // 200}" / f"{number // 20}" / f"file {number}", "x")
    for number in range(4):
        write(source / f"{number}" / "large", "x" * 3_000_000)
    for _ in range(2):
        sides = simulator.mount("source"), simulator.mount("backup")
        started = time.monotonic()
        steps = cli("run", *sides, "--max-operations-per-second", 400, "--json").json["steps"]
        seconds = time.monotonic() - started
        operations = sum(simulator.counts(side)["total_ops"] for side in sides)
        assert operations / seconds <= 1.15 * 400
        assert operations / sum(steps.values()) >= 0.7 * 400
