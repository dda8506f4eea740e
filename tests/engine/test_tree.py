"""Paths below a root: no symlink in the middle of one is followed, and none is too long."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.copy_worker import beneath
from efs_backup.copy_worker.facts import set_directory_attributes
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import account, small_tree, write

DEPTH = 1500


def _above(tree: Tree, path: str) -> object:
    with tree.above(path) as (directory, name):
        return os.stat(name, dir_fd=directory)


def _opened(tree: Tree, path: str) -> object:
    with tree.opened(os.path.dirname(path)) as descriptor:
        return os.listdir(descriptor)


def _set_attributes(tree: Tree, path: str) -> object:
    with tree.opened(os.path.dirname(path), to_list=False) as descriptor:
        set_directory_attributes(descriptor, os.stat("/"))
    return True


def _read(tree: Tree, path: str) -> object:
    os.close(tree.open_file(path))
    return True


def _done(change: Callable[[Tree, str], None]) -> Callable[[Tree, str], object]:
    def doing(tree: Tree, path: str) -> object:
        change(tree, path)
        return True

    return doing


ACTIONS: dict[str, list[Callable[[Tree, str], object]]] = {
    "opened": [_opened, _set_attributes],
    "above": [_above],
    "batches": [lambda tree, path: [*tree.batches(os.path.dirname(path))]],
    "names": [lambda tree, path: tree.names(os.path.dirname(path))],
    "list": [lambda tree, path: tree.list(os.path.dirname(path))],
    "stat": [lambda tree, path: tree.stat(path)],
    "find": [lambda tree, path: tree.find(path)],
    "read_link": [lambda tree, path: tree.read_link(f"{os.path.dirname(path)}/link")],
    "open_file": [_read],
    "make_directories": [_done(lambda tree, path: tree.make_directories(f"{os.path.dirname(path)}/new/deep"))],
    "rename": [
        _done(lambda tree, path: tree.rename(path, f"{path}.new")),
        _done(lambda tree, path: tree.rename(path, "taken")),
        _done(lambda tree, path: tree.rename("beside", f"{path}.brought")),
    ],
    "link": [
        _done(lambda tree, path: tree.link(path, f"{path}.new")),
        _done(lambda tree, path: tree.link(path, "taken")),
        _done(lambda tree, path: tree.link("beside", f"{path}.brought")),
    ],
    "unlink": [_done(lambda tree, path: tree.unlink(path))],
    "remove_directory": [_done(lambda tree, path: tree.remove_directory(f"{os.path.dirname(path)}/empty"))],
}
"""Each method of a tree with what uses it on a file; whatever is done, something true comes back."""

EACH_ACTION = [pytest.param(action, id=name) for name, actions in ACTIONS.items() for action in actions]


@pytest.fixture(params=["at once", "name by name"])
def opener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way in which directories are opened: the kernel's own, and the one for kernels and sandboxes without it."""
    if request.param == "name by name":
        monkeypatch.setattr(beneath, "_openat2", lambda: None)
    elif beneath._openat2() is None:
        pytest.skip("this kernel or sandbox has no openat2")
    return str(request.param)


def _branch(root: Path) -> None:
    write(root / "file")
    (root / "link").symlink_to("target")
    (root / "empty").mkdir()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a directory three names deep."""
    path = tmp_path / "root"
    _branch(path / "a" / "b" / "c")
    write(path / "beside")
    return path


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A tree that a symlink may lead to: the same names, outside of the root."""
    path = tmp_path / "decoy"
    for below in ("", "c", "b/c", "a/b/c"):
        _branch(path / below)
    return path


def test_every_method_of_a_tree_is_in_the_table() -> None:
    """Whoever adds a method shows here that it follows no symlink."""
    methods = {name for name, value in vars(Tree).items() if callable(value) and not name.startswith("_")}
    assert methods - {"close"} == set(ACTIONS)


@pytest.mark.parametrize("action", EACH_ACTION)
def test_every_method_works_on_a_path_of_directories(
    root: Path, opener: str, action: Callable[[Tree, str], object]
) -> None:
    """Otherwise the next test would show nothing."""
    with Tree(root) as tree:
        assert action(tree, "a/b/c/file")


@pytest.mark.parametrize("swapped", ["a", "a/b", "a/b/c"])
@pytest.mark.parametrize("action", EACH_ACTION)
def test_no_method_follows_a_symlink_in_the_middle_of_a_path(
    root: Path, decoy: Path, opener: str, action: Callable[[Tree, str], object], swapped: str
) -> None:
    """Whichever component it is: an error, or "not there", and what the link leads to is as it was."""
    (root / swapped).rename(root / "moved")
    inside = Path("a/b/c").relative_to(swapped)
    (root / swapped).symlink_to(decoy if inside == Path() else decoy / swapped, target_is_directory=True)
    (decoy / "a").mkdir(exist_ok=True)
    before = account(decoy)
    assert (root / "a/b/c/file").resolve().is_relative_to(decoy)  # the fault is there
    with Tree(root) as tree:
        try:
            done = action(tree, "a/b/c/file")
        except NotADirectoryError:
            done = None
    assert not done
    assert account(decoy) == before
    assert not os.path.lexists(root / "taken")


def test_a_path_that_leads_upwards_is_refused(root: Path, decoy: Path, opener: str) -> None:
    """Names come from listings, where there is none of that; a caller that takes one from elsewhere gets an error."""
    with Tree(root) as tree, pytest.raises(OSError, match="cross-device"):
        tree.names("a/../../decoy")


@pytest.mark.parametrize(("depth", "name"), [(DEPTH, "d"), (40, "n" * 200)])
def test_a_path_may_be_longer_than_the_kernel_takes(place_for_depth: Path, opener: str, depth: int, name: str) -> None:
    """Made, looked at, renamed and removed; the directories above it are made without going down into ourselves."""
    path = "/".join([name] * depth)
    with Tree(place_for_depth) as tree:
        tree.make_directories(path)
        with tree.above(f"{path}/file") as (directory, file):
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, dir_fd=directory))
        tree.link(f"{path}/file", f"{path}/other")
        tree.rename(f"{path}/other", "other")
        assert tree.names(path) == ["file"]
        assert tree.stat(f"{path}/file").st_nlink == 2
        tree.unlink(f"{path}/file")
        tree.remove_directory(path)
        assert tree.find(path) is None
        with pytest.raises(FileNotFoundError):
            tree.names(path)


def test_the_root_itself_may_have_a_long_path(place_for_depth: Path) -> None:
    """A part of a snapshot, for example."""
    path = "/".join(["n" * 200] * 40)
    with Tree(place_for_depth) as tree:
        tree.make_directories(path)
    with Tree(f"{place_for_depth}/{path}") as tree:
        tree.make_directories("below")
        assert tree.names("") == ["below"]


def test_a_root_may_be_reached_by_symlinks(tmp_path: Path) -> None:
    """The operator gave it."""
    small_tree(tmp_path / "root")
    (tmp_path / "way").symlink_to(tmp_path / "root")
    with Tree(tmp_path / "way") as tree:
        assert set(tree.names("")) == set(os.listdir(tmp_path / "root"))
