"""The cost of a series, as it is foretold and as the file systems count it."""

from itertools import count
from pathlib import Path

import pytest

from bench.tree import change_tree, make_tree
from tests.support.cli import Cli
from tests.support.simulator import Simulator

_FILES = 2000
_SHARE = 0.02
"""Of the files that are changed each night; a tenth of them are removed, so that nothing is copied."""


def _told(cli: Cli, source: Path, backup: Path) -> dict[str, tuple[float, float]]:
    """The metered bytes of each kind of night, read and written, of both sides together."""
    options = ("--scrub-days", 0, "--retain", 1, "--change", f"{0.9 * _SHARE:%}", "--days", 5, "--scan")
    told = cli("estimate", source, backup, *options, "--json").json
    return {
        one["name"]: (
            sum(one[side]["metered_bytes_read"] for side in ("source", "backup")),
            sum(one[side]["metered_bytes_written"] for side in ("source", "backup")),
        )
        for one in told["backups"]
    }


def _counted(cli: Cli, simulator: Simulator) -> tuple[float, float]:
    source, backup = simulator.mount("source"), simulator.mount("backup")
    cli("run", source, backup, "--retain", 1)
    counts = [simulator.counts(side) for side in (source, backup)]
    read = sum(one["metered_bytes_read"] for one in counts)
    return read, sum(one["metered_bytes"] for one in counts) - read


@pytest.mark.root
@pytest.mark.long
def test_an_estimate_is_within_a_tenth_of_what_is_counted(cli: Cli, simulator: Simulator) -> None:
    """A first night, one before the first spare, one of a full series, and one in which nothing has changed."""
    source, backup, seeds = simulator.mount("source"), simulator.mount("backup"), count()
    store = simulator.place / "source.backing"
    make_tree(store, _FILES, 1)
    told, counted = _told(cli, source, backup), {"first backup": _counted(cli, simulator)}
    for name in ("before the first spare", "once the series is full"):
        change_tree(store, _SHARE, next(seeds))
        counted[name] = _counted(cli, simulator)
    for _ in range(2):
        counted["a night without changes"] = _counted(cli, simulator)
    assert told.keys() == counted.keys()
    for name, figures in counted.items():
        assert told[name] == pytest.approx(figures, rel=0.1), name
