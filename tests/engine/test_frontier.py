"""The frontier: what is entered and left next, and in which order."""

import random
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.directory import UNKNOWN
from efs_backup.engine.walk.frontier import Directory, Frontier

FACTS = (0o40755, 0, 0, 1, 1)

Shape = dict[str, "Shape"]

trees: st.SearchStrategy["Shape"] = st.recursive(
    st.just({}), lambda below: st.dictionaries(st.sampled_from("abcd"), below, max_size=4), max_leaves=25
)


@dataclass
class Walker:
    """Gives answers in a random order, as workers do: some die, some tell what they have found in two receipts."""

    tree: Shape
    chance: random.Random
    right: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    deaths: int = 0
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    most_under_way: int = 5

    def run(self) -> Frontier:
        """Walk to the end."""
        frontier = Frontier(Directory("", None, FACTS))
        under_way = list[tuple[Directory, bool]]()
        while not frontier.is_done:
            while len(under_way) < self.most_under_way and (chosen := frontier.take()):
                assert chosen not in under_way, "a directory is one worker's at a time"
                under_way.append(chosen)
            self._answer(frontier, *under_way.pop(self.chance.randrange(len(under_way))))
        assert not under_way
        return frontier

    def _answer(self, frontier: Frontier, directory: Directory, is_entered: bool) -> None:
        if not is_entered:
            self._leave(frontier, directory)
            return
        names = [*self._shape(directory.path)]
        self.chance.shuffle(names)
        told = self.chance.randint(0, len(names))
        frontier.find(directory, [Directory(name, directory, FACTS, FACTS) for name in names[:told]])
        if self._dies(frontier, directory, is_entered=True):
            assert directory.there == UNKNOWN
            return
        frontier.find(directory, [Directory(name, directory, FACTS, FACTS) for name in names[told:]])
        self.entered.append(directory.path)
        is_right, must_wait = directory.path in self.right, directory.path in self.waiting
        frontier.entered(directory, is_left=is_right, must_wait=must_wait)

    def _leave(self, frontier: Frontier, directory: Directory) -> None:
        if self._dies(frontier, directory, is_entered=False):
            return
        below = f"{directory.path}/"
        assert {path for path in self.all if path.startswith(below)} <= {*self.entered}, "all below is entered before"
        assert {path for path in self.all - self.right if path.startswith(below)} <= {*self.left}, "and left before"
        self.left.append(directory.path)
        frontier.left(directory)

    def _dies(self, frontier: Frontier, directory: Directory, *, is_entered: bool) -> bool:
        if not (self.deaths and self.chance.random() < 0.4):
            return False
        self.deaths -= 1
        frontier.give_back(directory, is_entered=is_entered)
        return True

    def _shape(self, path: str) -> Shape:
        shape = self.tree
        for name in path.split("/") if path else ():
            shape = shape[name]
        return shape

    @property
    def all(self) -> frozenset[str]:
        """All paths but the root's."""
        return frozenset(_paths(self.tree))


def _paths(tree: Shape, above: str = "") -> list[str]:
    found = [f"{above}{name}" for name in tree]
    return found + [path for name in tree for path in _paths(tree[name], f"{above}{name}/")]


def _some(paths: frozenset[str], chance: random.Random) -> frozenset[str]:
    return frozenset(path for path in sorted(paths) if chance.random() < 0.3)


@given(trees, st.randoms(use_true_random=False), st.integers(0, 6))
def test_each_directory_is_entered_once_and_left_after_all_below_it(
    tree: Shape, chance: random.Random, deaths: int
) -> None:
    """In whatever order workers answer, and however often one dies; what is right already is not left at all."""
    walker = Walker(tree, chance, deaths=deaths)
    walker.right = _some(walker.all, chance)
    frontier = walker.run()
    assert sorted(walker.entered) == sorted({*walker.all, ""})
    assert sorted(walker.left) == sorted(walker.all - walker.right)
    assert frontier.waits == []


@given(trees, st.randoms(use_true_random=False), st.integers(0, 6))
def test_a_directory_below_which_something_is_to_be_brought_waits(
    tree: Shape, chance: random.Random, deaths: int
) -> None:
    """Each after all of those below it, and never the root; all others are left."""
    walker = Walker(tree, chance, deaths=deaths)
    walker.waiting, walker.right = _some(walker.all, chance), _some(walker.all, chance)
    waits = [directory.path for directory in walker.run().waits]
    above = {path for path in walker.all if any(one == path or one.startswith(f"{path}/") for one in walker.waiting)}
    assert sorted(waits) == sorted(above - walker.right)
    assert sorted(walker.left) == sorted(walker.all - above - walker.right)
    for position, path in enumerate(waits):
        assert not [one for one in waits[position:] if one.startswith(f"{path}/")]


def test_what_a_worker_that_died_has_found_is_not_added_twice() -> None:
    """The worker told of some directories in a first receipt; the one that comes after it tells of all."""
    root = Directory("", None, FACTS)
    frontier = Frontier(root)
    frontier.take()
    frontier.find(root, [Directory("a", root, FACTS)])
    frontier.give_back(root, is_entered=True)
    again = frontier.take()
    assert again == (root, True)
    frontier.find(root, [Directory("a", root, FACTS), Directory("b", root, FACTS)])
    frontier.find(root, [Directory("b", root, FACTS)])
    frontier.entered(root, is_left=True, must_wait=False)
    assert root.pending == 2
    assert [chosen[0].path for _ in range(3) if (chosen := frontier.take())] == ["b", "a"]


def test_a_directory_that_is_right_is_left_where_one_below_was_moved_away() -> None:
    """Whoever moves it away says so before the last one below has ended."""
    root = Directory("", None, FACTS)
    above = Directory("above", root, FACTS)
    below = Directory("below", above, FACTS)
    frontier = Frontier(root)
    for directory, found in ((root, [above]), (above, [below]), (below, [])):
        assert frontier.take() == (directory, True)
        frontier.find(directory, found)
        if directory is below:
            above.is_left = False
        frontier.entered(directory, is_left=True, must_wait=False)
    assert frontier.take() == (above, False)


def test_memory_is_that_of_a_way_down_and_not_of_a_whole_level() -> None:
    """The newest found comes first: of a tree of ten thousand directories never more than some hundred are held."""
    root = Directory("", None, FACTS)
    frontier, most, entered = Frontier(root), 0, 0
    while chosen := frontier.take():
        directory, is_entered = chosen
        if not is_entered:
            frontier.left(directory)
            continue
        depth = directory.path.count("/") + 1 if directory.path else 0
        frontier.find(directory, [Directory(str(number), directory, FACTS) for number in range(10 if depth < 4 else 0)])
        frontier.entered(directory, is_left=False, must_wait=False)
        assert directory.found is None, "names are held no longer than their directory is under way"
        entered += 1
        most = max(most, len(frontier._entering) + len(frontier._leaving))
    assert (entered, frontier.is_done) == (11_111, True)
    assert most <= 50
