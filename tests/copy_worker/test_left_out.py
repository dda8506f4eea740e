"""Names that a worker leaves out, as the main process has described them."""

from pathlib import Path

import pytest

from efs_backup.copy_worker.left_out import CLOSED, SUSPECT, LeftOut
from tests.copy_worker.pair import Pair
from tests.support.builders import write
from tests.support.mounts import Mounts

PATTERNS = ("*.tmp", "cache/", "/only here", "deep/**/log")


def _left(pair: Pair, *left_out: object) -> tuple[set[str], list[int]]:
    """The names that were left out of the tree, and the numbers of the patterns that were met."""
    pair.setup.left_out = left_out
    pair.walk()
    here, there = ({str(path.relative_to(root)) for path in root.rglob("*")} for root in (pair.source, pair.target))
    assert there <= here
    met = [number for receipts in pair.receipts.values() for one in receipts for number in one.met]
    return here - there, met


@pytest.fixture
def filled(pair: Pair) -> Pair:
    """Names that patterns match, and others that they nearly match."""
    for path in ("a.tmp", "a.tmp.not", "x/b.tmp", "x/cache/file", "y/cache", "only here", "x/only here", "deep/a/b/log",
                 "deep/log", "log"):  # fmt: skip
        write(pair.source / path)
    return pair


def test_patterns_leave_out_what_they_match_and_all_below_it(filled: Pair) -> None:
    """By name or by path; one for directories leaves a file of that name where it is; each says that it was met."""
    left, met = _left(filled, PATTERNS)
    assert left == {"a.tmp", "x/b.tmp", "x/cache", "x/cache/file", "only here", "deep/a/b/log", "deep/log"}
    assert sorted(met) == [0, 0, 1, 2, 3, 3]


def test_what_is_left_out_goes_from_the_target(filled: Pair) -> None:
    """A snapshot has what a new one would have, whatever it was made of."""
    filled.walk()
    left, _ = _left(filled, PATTERNS)
    assert "x/cache/file" in left
    assert [path.name for path in filled.trash.iterdir()] != []


def test_paths_are_left_out_altogether(filled: Pair) -> None:
    """And no other that has the same name."""
    left, _ = _left(filled, (), ("x/cache", "only here"))
    assert left == {"x/cache", "x/cache/file", "only here"}


def test_of_a_mount_point_a_closed_directory_stays(filled: Pair) -> None:
    """Nothing in it is looked at; a file that is a mount point is left out, and told."""
    left, _ = _left(filled, (), (), ("x", "only here"))
    assert left == {"x/b.tmp", "x/cache", "x/cache/file", "x/only here", "only here"}
    (root,) = filled.receipts[""]
    assert root.gone == ["only here"]
    assert {name: flags for name, _, _, flags in root.below} == {"x": CLOSED, "y": 0, "deep": 0}


def test_a_mount_point_that_root_may_not_see_is_left_out_altogether(filled: Pair, mounts: Mounts) -> None:
    """A user has mounted something of their own there: it is told, and no trouble."""
    mounts.of_somebody(filled.source / "mine")
    filled.setup.left_out = ((), (), ("mine",))
    root = filled.walk()
    assert (root.gone, root.troubles) == (["mine"], [])
    assert not (filled.target / "mine").exists()
    filled.setup.left_out = ()
    assert [name for name, *_ in filled.walk().troubles] == ["mine"]


def test_a_directory_of_another_device_is_closed_and_one_of_ours_is_suspect(tmp_path: Path) -> None:
    """The main process looks at the latter, for inodes are unique on one device only."""
    found = tmp_path.stat()
    assert LeftOut().flags("any", found) == 0
    assert LeftOut(device=found.st_dev).flags("any", found) == 0
    assert LeftOut(device=found.st_dev + 1).flags("any", found) == CLOSED
    assert LeftOut(own=[found.st_ino]).flags("any", found) == SUSPECT
    assert LeftOut(mounts=["any"], own=[found.st_ino]).flags("any", found) == CLOSED | SUSPECT
