"""One backup on several instances: whatever becomes of them, a snapshot is true."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import A_DAY_AGO_NS, account, small_tree, write
from tests.fleet import Fleets
from tests.proved import assert_proved, check_by_mtree


def grow(root: Path, directories: int = 40) -> None:
    """A tree of more directories than there are shares, with files of several names here and there."""
    small_tree(root / "a" / "odd")
    for number in range(directories):
        for file in range(6):
            write(root / f"d{number % 7}/{number}/deep/file-{file}", f"{number} {file}")
        (root / f"d{number % 7}/{number}/link").symlink_to("deep/file-1")
    os.link(root / "d1/1/deep/file-1", root / "d2/2/deep/other-name")
    os.link(root / "d1/1/deep/file-1", root / "top-name")
    write(root / "d3/3/new\nline", "odd")


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[Fleets]:
    """A source with many directories."""
    source, backup = tmp_path / "source", tmp_path / "backup"
    backup.mkdir()
    grow(source)
    with Fleets(tmp_path / "fleet", source, backup, workers=2) as fleets:
        yield fleets


def is_true(fleets: Fleets, path: str) -> None:
    """A snapshot holds what the source holds, and its manifest says so."""
    assert account(Path(path)) == account(fleets.source)
    assert_proved(Path(path))
    assert check_by_mtree(Path(path)) == ""
    assert not [*(Path(path).parent / ".shares").iterdir()]


def test_two_instances_make_one_backup(fleets: Fleets) -> None:
    """Each does some of the shares; the helper is gone before anything is published."""
    fleets.start("helper", "help")
    fleets.start("leader", "lead")
    result = fleets.result()
    assert result["status"] == "Success", fleets.log("leader")
    is_true(fleets, result["path"])
    assert fleets.closed == ["helper"]
    assert "Share " in fleets.log("helper")
    write(fleets.source / "d4/4/deep/file-1", "changed")
    os.utime(fleets.source / "d4/4/deep/file-1", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS + 5))
    fleets.start("leader", "lead")
    again = fleets.result()
    assert (again["status"], again["copied"]) == ("Success", 1), again
    is_true(fleets, again["path"])
