"""Programs of a copy that are killed at any moment: what is published is whole, and nothing goes on behind it."""

import json
import os
import random
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.cli import Cli
from tests.support.processes import WORKER, processes_on, workers_on

VICTIMS = {
    "a copy worker": WORKER,
    "the copy tool": r"^/bin/sh \S+/part_rsync ",
    "an rsync": r"^rsync ",
    "fpsync": r"^bash \S+/fpsync ",
    "a shell": r"^/bin/sh (-c|\S+/work/)",
    "anything": "",
}
"""Which command lines are those of who is killed."""

_FOR_EACH_CHANGE = frozenset({"anything"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Some parts, each with files of all the ways to be copied; large enough that a kill comes in the middle."""
    source = tmp_path / "source"
    for part in range(6):
        for number in range(150):
            write(source / f"part {part}" / f"small {number}", f"content {part} {number}")
        for number in range(3):
            write(source / f"part {part}" / f"middle {number}", f"{part}{number}" * 500_000)
        with (source / f"part {part}" / "sparse").open("wb") as file:
            file.truncate(3_000_000)
            file.write(b"begin")
        os.utime(source / f"part {part}" / "sparse", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    for number in range(3):
        write(source / "large" / f"file {number}", f"{number}" * 20_000_000)
    return source


def _programs(cli: Cli) -> dict[int, str]:
    temporary = Path(cli.environment["TMPDIR"])
    return {**processes_on(temporary), **workers_on(temporary.parent)}


def _kill_some(cli: Cli, pattern: str, chance: random.Random, running: int) -> bool:
    """Kill one that is there at this moment, but never the command itself."""
    found = [number for number, line in sorted(_programs(cli).items()) if re.search(pattern, line)]
    victims = [number for number in found if number != running]
    with suppress(ProcessLookupError):
        if victims:
            os.kill(chance.choice(victims), signal.SIGKILL)
            return True
    return False


def _night(cli: Cli, tree: Path, backup: Path, victim: str, chance: random.Random, kills: int) -> int:
    """A backup in which so many are killed, each after a moment; how many were."""
    files = 160 if cli.copier is Copier.RSYNC else 3  # fpsync gets all, or only what the workers leave to others
    running = cli.start("run", tree, backup, "--jobs", 2, "--files-per-part", files, "--json")
    done, next_one = 0, time.monotonic() + chance.uniform(0, 0.5)
    while running.poll() is None and done < kills:
        if time.monotonic() >= next_one:
            done += _kill_some(cli, VICTIMS[victim], chance, running.pid)
            next_one = time.monotonic() + chance.uniform(0, 0.2)
        time.sleep(0.002)
    stdout, stderr = running.communicate(timeout=120)
    result = json.loads(stdout)
    if result["status"] == "Success":
        assert account(Path(result["path"])) == account(tree)
        assert result["warnings"] == []
    else:
        assert (result["status"], result["failure_reason"]) == ("Failed", "CopyFailed"), (result, stderr)
    assert _programs(cli) == {}
    return done


@pytest.mark.long
@pytest.mark.parametrize("copier", [Copier.LINKS, pytest.param(Copier.RSYNC, marks=pytest.mark.former)])
@pytest.mark.parametrize(
    "victim", [pytest.param(one, marks=() if one in _FOR_EACH_CHANGE else pytest.mark.long) for one in VICTIMS]
)
def test_whoever_is_killed_what_is_published_is_whole(
    cli: Cli, tree: Path, backup: Path, victim: str, copier: Copier
) -> None:
    """Once and several times in a night, and the next night after it: a first backup, and one with many changes."""
    chance = random.Random(f"{victim} {copier}")  # noqa: S311 - the same moments again
    cli.copier = copier
    killed = 0
    for kills in (1, 3):
        killed += _night(cli, tree, backup, victim, chance, kills)
        for path in tree.glob(f"*/*{kills}"):
            write(path, path.read_text()[::-1], A_DAY_AGO_NS + kills)
    assert killed, "somebody was killed"
    result = cli("run", tree, backup, "--json").json
    assert account(Path(result["path"])) == account(tree)
    assert not list(backup.glob("efs-backup/daily/.unfinished/*"))
    for row in cli("list", backup, "--json").json["snapshots"]:
        assert not [path for path in account(Path(row["path"])) if ".efs-backup-" in path], "nothing is left beside"
