"""The walk over directories by many threads."""

import threading
from collections.abc import Iterable

import pytest

from efs_backup.engine.trees.tree_walk import Stopped, TreeWalk, joined

_TREE = {"": ["a", "b"], "a": ["x", "y"], "a/x": ["deep"], "a/x/deep": [], "a/y": [], "b": []}


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_every_directory_is_entered_before_and_left_after_all_below_it(threads: int) -> None:
    """Whatever the number of threads."""
    events: list[tuple[str, str]] = []
    lock = threading.Lock()

    def enter(path: str) -> Iterable[str]:
        with lock:
            events.append(("enter", path))
        return _TREE[path]

    def leave(path: str) -> None:
        with lock:
            events.append(("leave", path))

    TreeWalk(enter, leave, threads=threads).run()
    assert sorted(events) == sorted((event, path) for path in _TREE for event in ("enter", "leave"))
    for path, names in _TREE.items():
        below = [events.index(("leave", joined(path, name))) for name in names]
        assert events.index(("enter", path)) < min([*below, events.index(("leave", path))])
        assert events.index(("leave", path)) > max(below, default=-1)


def test_the_first_error_reaches_the_caller() -> None:
    """An error in a thread is raised, not swallowed, and the walk ends."""

    def enter(path: str) -> Iterable[str]:
        if path == "a/x":
            raise PermissionError(path)
        return _TREE[path]

    with pytest.raises(PermissionError):
        TreeWalk(enter, threads=4).run()


def test_a_walk_that_is_asked_to_stop_says_that_it_has_not_ended() -> None:
    """Nobody takes what the walk has seen for the whole."""
    seen: list[str] = []

    def enter(path: str) -> Iterable[str]:
        seen.append(path)
        return _TREE[path]

    with pytest.raises(Stopped):
        TreeWalk(enter, threads=2, should_stop=lambda: len(seen) >= 2).run()
    assert len(seen) < len(_TREE)
