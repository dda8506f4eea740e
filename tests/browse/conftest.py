"""A backup of three nights with all that a hostile user may leave in a tree, and the page about it."""

import os
from pathlib import Path

import pytest

from tests.browse.nights import ATTACK, HOSTILE, NS, Backup, Visitor, png
from tests.support.builders import A_DAY_AGO_NS, write
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.support.warm import WarmProgram


def _hostile_tree(source: Path) -> None:
    write(source / "docs" / "thesis.txt", "one\ntwo\nthree\n")
    write(source / "docs" / "lost.txt", "what everybody wants back\n")
    write(source / "docs" / "same.txt")
    for raw in HOSTILE:
        path = source / "hostile" / os.fsdecode(raw)
        write(path, "a hostile name\n")
    write(source / "attacks" / "page.html", ATTACK)
    write(source / "attacks" / "page.png", ATTACK)
    write(source / "attacks" / "page.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{ATTACK}</svg>')
    write(source / "attacks" / "turned.txt", "user \u202e nimda \x1b[31mred\x1b[0m\n")
    (source / "attacks" / "dot.bin").write_bytes(png())
    (source / "attacks" / "zeros").write_bytes(bytes(1000))
    os.mkfifo(source / "attacks" / "fifo")
    (source / "attacks" / "secret").symlink_to("/etc/passwd")
    (source / "attacks" / "elsewhere").symlink_to("/etc")


@pytest.fixture(scope="session")
def three_nights(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Backup:
    """Three real nights: a text changes each night, another one goes in the last."""
    root = tmp_path_factory.mktemp("browse")
    source, backup, temporary = (root / name for name in ("source", "backup", "tmp"))
    temporary.mkdir()
    cli = Cli({**os.environ, "TMPDIR": str(temporary), **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}, warm_program)
    _hostile_tree(source)
    nights = list[str]()
    for night in range(3):
        if night:
            write(
                source / "docs" / "thesis.txt",
                f"one\ntwo, for the {night}. time\nthree\n",
                A_DAY_AGO_NS + night * 3600 * NS,
            )
        if night == 2:
            (source / "docs" / "lost.txt").unlink()
        nights.append(cli("run", source, backup, "--label", "home", "--json").json["snapshot"])
    return Backup(backup, "home", nights)


@pytest.fixture
def visitor(three_nights: Backup) -> Visitor:
    """One who is in."""
    return Visitor(three_nights.path).enter()
