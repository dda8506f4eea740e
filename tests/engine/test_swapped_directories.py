"""A directory that becomes a symlink while we walk: whatever we do, we do nothing where the link leads."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.finalize.hard_links import LinkFacts, groups_of, make_links_true, relink, separate
from efs_backup.engine.rest.arrivals import Arrivals
from efs_backup.engine.series.quarantine import Quarantine
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.compare import Comparison
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.walk.scan import scan
from tests.support.builders import account, write


def _scan(tree: Tree, _other: Tree) -> object:
    found = scan(tree, LeftOut())
    assert found.files <= 4, "the decoy has one more"
    return found


def _compare(tree: Tree, other: Tree) -> object:
    found: list[str] = []
    Comparison(tree, other, lambda difference: found.append(difference.path)).run()
    return found


def _compare_as_new(tree: Tree, other: Tree) -> object:
    return _compare(other, tree)


def _settle(tree: Tree, other: Tree) -> object:
    fidelity = Fidelity(os.geteuid() == 0)
    arrivals = Arrivals(other, tree, Bringer(other, tree, fidelity), fidelity, keeps_remains=False)
    arrivals.settle(["a/b/file", "a/b/other", "a/b/gone"], trusted=False)
    return arrivals.settled


def _settle_from(tree: Tree, other: Tree) -> object:
    return _settle(other, tree)


def _groups(tree: Tree, _other: Tree) -> object:
    inode = tree.stat("one").st_ino
    return groups_of(tree, frozenset({inode}))


def _separate(tree: Tree, _other: Tree) -> None:
    separate(tree, ["a/b/file"])


def _relink(tree: Tree, _other: Tree) -> None:
    relink(tree, [["one", "a/b/file"]])


def _quarantine(tree: Tree, _other: Tree) -> None:
    name = SnapshotName.of(datetime(2026, 11, 22, 2, tzinfo=UTC))
    Quarantine(Path(tree.root), name).take(tree, "a/b/file")


def _make_links_true(tree: Tree, other: Tree) -> None:
    facts = LinkFacts()
    facts.meet_name((1, 1), "one", 0)
    facts.meet_name((1, 1), "a/b/other", 0)
    facts.meet(tree.stat("one").st_ino.to_bytes(8, "little") * 2)
    make_links_true(other, tree, facts)


def _bring(tree: Tree, other: Tree) -> object:
    return Bringer(other, tree, Fidelity(os.geteuid() == 0, 1)).bring("a/b/file")


ACTIONS = [
    _scan, _compare, _compare_as_new, _settle, _settle_from, _groups, _separate, _relink, _make_links_true,
    _quarantine, _bring,
]  # fmt: skip


def _fill(root: Path, text: str) -> Path:
    write(root / "a" / "b" / "file", text)
    write(root / "a" / "b" / "other")
    write(root / "one")
    os.link(root / "one", root / "a" / "b" / "link")
    return root


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A tree, another one to compare it with, and a decoy outside of both with one more name."""
    tree, other, decoy = (_fill(tmp_path / name, name) for name in ("tree", "other", "decoy"))
    write(decoy / "a" / "b" / "secret")
    (decoy / "a" / "b").chmod(0o700)
    return tree, other, decoy


@pytest.fixture
def swap(
    roots: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[], bool]:
    """Exchange the directory for a symlink when something in it, or it itself, is to be opened; at the latest if asked.

    Says whether it was done already.
    """
    tree, _, decoy = roots
    hits: list[str] = []

    def exchange() -> bool:
        was_done = bool(hits)
        if not was_done:
            hits.append(request.param)
            (tree / request.param).rename(tree / "moved")
            (tree / request.param).symlink_to(decoy / request.param, target_is_directory=True)
        return was_done

    originals = {name: getattr(Tree, name) for name in ("opened", "above")}

    def swapping(name: str) -> Callable[..., AbstractContextManager[Any]]:
        def method(self: Tree, path: str, **more: bool) -> AbstractContextManager[Any]:
            if Path(self.root) == tree and path.startswith(request.param):
                exchange()
            opened: AbstractContextManager[Any] = originals[name](self, path, **more)
            return opened

        return method

    for name in originals:
        monkeypatch.setattr(Tree, name, swapping(name))
    return exchange


@pytest.mark.parametrize("swap", ["a", "a/b"], indirect=True)
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_where_a_swapped_directory_leads(
    roots: tuple[Path, Path, Path], swap: Callable[[], bool], action: Callable[[Tree, Tree], object]
) -> None:
    """Nothing is changed there, and nothing of it is told."""
    tree, other, decoy = roots
    before = account(decoy)
    if action is _bring:
        swap()  # it opens a directory in one go
    with Tree(tree) as one, Tree(other) as two:
        try:
            told = action(one, two)
        except OSError as error:
            told = error
    assert swap()
    assert account(decoy) == before
    assert "secret" not in str(told)
    assert not list(other.rglob("secret"))
