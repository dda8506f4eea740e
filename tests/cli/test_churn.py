"""Files that are changed, replaced and removed while they are copied: the night ends, and is true for all others."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import Fact, account, write
from tests.support.cli import Cli, both_copiers
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator

_CHURN = """
import os, random, shutil, sys
from pathlib import Path

place, seed = Path(sys.argv[1]), sys.argv[2]
chance = random.Random(seed)


def away(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


def fill(path):
    with path.open("wb") as file:
        for _ in range(chance.choice((1, 30, 300))):
            file.write(bytes((chance.randrange(1, 256),)) * 65536)


def shrink(path):
    fill(path)
    os.truncate(path, chance.randrange(path.stat().st_size))


def grow(path):
    with path.open("ab") as file:
        for _ in range(20):
            file.write(b"grown" * 10000)


def become_fifo(path):
    away(path)
    os.mkfifo(path)


def become_directory(path):
    away(path)
    path.mkdir()
    fill(path / "inside")


def become_symlink(path):
    away(path)
    path.symlink_to(chance.choice(("..", "nowhere", path.name, "../theirs/file 1")))


def become_another(path):
    away(path)
    fill(path)


ways = (shrink, grow, become_fifo, become_directory, become_symlink, become_another, away)
print("begun", flush=True)
while place.is_dir():
    path = place / f"name {chance.randrange(12)}"
    way = chance.choice(ways)
    if way in (shrink, grow) and not (path.is_file() and not path.is_symlink()):
        away(path)
        fill(path)
    try:
        way(path)
    except OSError:
        away(path)
"""


@pytest.fixture
def churned(source: Path) -> Iterator[Path]:
    """A directory of the source in which nothing stays as it is, until the test ends."""
    place = source / "churned"
    place.mkdir()
    for number in range(12):
        write(place / f"name {number}", f"{number}" * 2_000_000)
    process = subprocess.Popen([sys.executable, "-c", _CHURN, place, "seed"], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"begun\n"
    yield place
    process.kill()
    process.communicate()
    shutil.rmtree(place)


@pytest.fixture
def theirs(source: Path) -> Path:
    """The trees of other users, before and behind it in every order."""
    for place in ("a before", "theirs", "z behind"):
        for number in range(30):
            write(source / place / f"file {number}", f"content {number}")
        write(source / place / "middle", "x" * 400_000)
        write(source / place / "large", "x" * 17_000_000)
    return source


def _others(root: Path) -> dict[str, dict[str, Fact]]:
    return {name: account(root / name) for name in ("a before", "directory 0", "theirs", "z behind")}


@both_copiers
def test_what_one_user_does_to_files_costs_nobody_else_the_night(
    cli: Cli, theirs: Path, churned: Path, backup: Path
) -> None:
    """In several nights: success, all other files are whole, and what is left out is named."""
    others = _others(theirs)
    for _ in range(3):
        result = cli("run", theirs, backup, "--json").json
        assert result["status"] == "Success"
        assert _others(Path(result["path"])) == others
        for warned in result["warnings"]:
            assert warned["kind"] == "LeftOut"
            assert all(path.startswith("churned/name ") for path in warned["paths"])


@both_copiers
@pytest.mark.long
def test_a_file_that_is_never_the_same_is_left_out_by_name(
    cli: Cli, source: Path, backup: Path, simulator: Simulator
) -> None:
    """Each time that it is read it is shorter by then; all others are there."""
    efs = simulator.mount("source", "read_us=10000", "attr_s=0")
    shutil.copytree(source, efs / "tree", symlinks=True)
    place = efs / "tree" / "shrinking"
    place.write_bytes(b"x" * 8_000_000)
    program = "import os, sys\nfor size in range(7999999, 0, -1):\n os.truncate(sys.argv[1], size)"
    line = ["nice", "-n", "-20", sys.executable, "-c", program, str(place)]  # a busy machine lets another one rest
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    try:
        result = cli("run", efs / "tree", backup, "--json").json
        assert process.poll() is None, "it shrinks to the end"
    finally:
        process.kill()
        process.wait()
    published = Path(result["path"])
    assert (published / "directory 0" / "file 0").read_text() == "content 0"
    assert [(warned["kind"], warned["paths"]) for warned in result["warnings"]] == [("LeftOut", ["shrinking"])]
    assert not (published / "shrinking").exists()


@pytest.mark.parametrize("kind", mostly_nightly(["FIFO", "nothing", "directory", "symlink", "socket", "loop"]))
@both_copiers
def test_a_name_that_became_something_else_after_it_was_listed_hinders_nobody(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, kind: str
) -> None:
    """A name is swapped when the first rsync is to read it; the snapshot has what is there at that moment.

    Our walk has been in the directory by then; the one that looks at what rsync did meets what has come.
    """
    victim = write(source / "directory 1" / "victim", "x" * 500_000)
    os.mkfifo(source / "fifo")
    script = {
        "FIFO": f"mkfifo '{victim}'",
        "directory": f"mkdir '{victim}'; echo inside >'{victim}/inside'",
        "symlink": f"ln -s 'file 1' '{victim}'",
        "socket": f"{sys.executable} -c 'import socket, sys; socket.socket(1).bind(sys.argv[1])' '{victim}'",
        "nothing": ":",
        "loop": f"ln -s victim '{victim}'",
    }[kind]
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "rsync").write_text(
        f"#!/bin/sh\ncase \"$*\" in *--files-from*) [ -e '{programs}/done' ] || {{ rm '{victim}'; {script}; "
        f"touch '{programs}/done'; }};; esac\nexec /usr/bin/rsync \"$@\"\n"
    )
    (programs / "rsync").chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    result = cli("run", source, backup, "--files-per-part", 1, "--json").json
    assert (programs / "done").exists(), "it was swapped"
    published, wanted = account(Path(result["path"])), account(source)
    assert published == wanted
    assert result["warnings"] == []
    assert account(Path(cli("run", source, backup, "--json").json["path"])) == wanted
