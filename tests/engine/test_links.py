"""Files with several names: what a walk tells of them, and what is made of it in the target."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.engine.finalize import hard_links
from efs_backup.engine.finalize.hard_links import LinkFacts, false_links, make_links_true, undated
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import A_DAY_AGO_NS, account, write

ONE, OTHER = (1, 100), (1, 200)


def _met(*inodes: int) -> bytes:
    return b"".join(inode.to_bytes(8, "little") for inode in inodes)


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ({"a": 7}, []),
        ({"a": 7, "b": 7}, []),
        ({"b": 7, "a": 8}, [["a", "b"]]),
        ({"b": 7, "a": 0}, [["a", "b"]]),
        ({"b": 0, "a": 0}, [["a", "b"]]),
        ({"c": 7, "b": 7, "a": 0}, [["a", "b", "c"]]),
        ({"a": 0}, []),
    ],
)
def test_names_of_one_file_that_are_several_in_the_target_are_a_group(
    names: dict[str, int], groups: list[list[str]]
) -> None:
    """Those that are new are among them; a file that is one already costs nothing, nor one of a single name."""
    facts = LinkFacts()
    for name, there in names.items():
        facts.meet_name(ONE, name, there)
    facts.meet_name((2, 100), "of another device", 0)
    assert facts.groups() == groups


@pytest.mark.parametrize(
    ("met", "names", "strangers"),
    [
        ((7, 8), {}, set()),
        ((7, 8, 7), {}, {7}),
        ((7, 7), {"a": 7, "b": 7}, set()),
        ((7, 7, 7), {"a": 7, "b": 7}, {7}),
        ((7, 7), {"a": 7, "b": 0}, {7}),
        ((7, 7, 8, 8), {"a": 7, "b": 8}, {7, 8}),
        ((0, 2**64 - 1, 0), {}, {0}),
    ],
)
def test_names_of_one_inode_that_are_several_files_in_the_source_are_strangers(
    met: tuple[int, ...], names: dict[str, int], strangers: set[int]
) -> None:
    """One file of the source explains as many names as it has there."""
    facts = LinkFacts()
    facts.meet(_met(*met))
    for name, there in names.items():
        facts.meet_name(ONE, name, there)
    assert facts.strangers() == strangers


@given(st.lists(st.lists(st.integers(0, 40)), max_size=8), st.integers(1, 10))
def test_repeated_inodes_are_found_in_slices(told: list[list[int]], at_once: int) -> None:
    """However few are sorted at a time, and in how many receipts they came."""
    facts, whole = LinkFacts(), [inode for one in told for inode in one]
    for one in told:
        facts.meet(_met(*one))
    before, hard_links._SORTED_AT_ONCE = hard_links._SORTED_AT_ONCE, at_once
    try:
        assert facts.strangers() == {inode for inode in whole if whole.count(inode) > 1}
    finally:
        hard_links._SORTED_AT_ONCE = before


def test_a_name_that_is_told_twice_is_one(tmp_path: Path) -> None:
    """A directory whose worker has died is gone through again."""
    facts = LinkFacts()
    for there in (0, 7):
        facts.meet_name(ONE, "a", there)
        facts.meet_name(ONE, "b", 7)
    assert facts.groups() == []


class Linked:
    """A source and a target, both open, and what a walk would tell of them."""

    def __init__(self, place: Path) -> None:
        self.source_root, self.target_root = place / "source", place / "target"
        for root in (self.source_root, self.target_root):
            root.mkdir()
        self.source, self.target = Tree(self.source_root), Tree(self.target_root)

    def facts(self) -> LinkFacts:
        """The facts that the workers would have told."""
        facts = LinkFacts()
        for path in sorted(self.source_root.rglob("*")):
            name, found = str(path.relative_to(self.source_root)), path.lstat()
            if path.is_dir():
                continue
            there = (self.target_root / name).lstat()
            if there.st_nlink > 1:
                facts.meet(_met(there.st_ino))
            if found.st_nlink > 1:
                facts.meet_name((found.st_dev, found.st_ino), name, there.st_ino)
        return facts

    def make_true(self) -> None:
        """The last step of a transfer; directories keep the times that they have."""
        for path in (self.source_root, *self.source_root.rglob("*")):
            if path.is_dir():
                os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
                os.utime(self.target_root / path.relative_to(self.source_root), ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
        make_links_true(self.source, self.target, self.facts())

    def assert_equal(self) -> None:
        """In everything, which names are one file and the times of directories included."""
        assert account(self.target_root) == account(self.source_root)


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Linked]:
    """Both are empty."""
    made = Linked(tmp_path)
    with made.source, made.target:
        yield made


def test_names_become_one_file_again(linked: Linked) -> None:
    """In several directories, whose times are as before."""
    for root in (linked.source_root, linked.target_root):
        write(root / "a/one")
        write(root / "alone")
    for name in ("a/two", "b/three"):
        write(linked.target_root / name)
        (linked.source_root / name).parent.mkdir(exist_ok=True)
        os.link(linked.source_root / "a/one", linked.source_root / name)
    linked.make_true()
    linked.assert_equal()
    assert (linked.target_root / "b/three").stat().st_nlink == 3


def test_names_that_are_several_files_in_the_source_are_separated(linked: Linked) -> None:
    """They were one when the snapshot was made, and each equals it: the ones that stay one, stay."""
    for name in ("a/one", "a/two", "b/three", "b/four"):
        write(linked.source_root / name)
    os.unlink(linked.source_root / "a/two")
    os.link(linked.source_root / "a/one", linked.source_root / "a/two")
    write(linked.target_root / "a/one")
    (linked.target_root / "b").mkdir()
    for name in ("a/two", "b/three", "b/four"):
        os.link(linked.target_root / "a/one", linked.target_root / name)
    published = linked.target_root.with_name("published")
    os.link(linked.target_root / "a/one", published)
    before = published.stat()
    linked.make_true()
    linked.assert_equal()
    after = published.stat()
    assert (after.st_mtime_ns, after.st_mode, published.read_text()) == (before.st_mtime_ns, before.st_mode, "text")


def test_names_that_swap_their_files_are_followed(linked: Linked) -> None:
    """One of each pair goes over to the other file, though all four are equal."""
    for root in (linked.source_root, linked.target_root):
        for name in ("one", "two"):
            write(root / name / "file")
    for root, first, second in ((linked.source_root, "two", "one"), (linked.target_root, "one", "two")):
        os.link(root / "one/file", root / first / "link")
        os.link(root / "two/file", root / second / "link")
    linked.make_true()
    linked.assert_equal()


def test_a_name_that_the_source_has_not_keeps_its_file(linked: Linked) -> None:
    """In a restore the target has names of its own."""
    for name in ("one", "two"):
        write(linked.source_root / name)
    write(linked.target_root / "one")
    for name in ("two", "mine"):
        os.link(linked.target_root / "one", linked.target_root / name)
    inode = (linked.target_root / "one").stat().st_ino
    assert false_links(linked.source, linked.target, frozenset({inode})) == ["two"]
    assert false_links(linked.source, linked.target, frozenset()) == []
    linked.make_true()
    assert (linked.target_root / "mine").samefile(linked.target_root / "one")
    assert not (linked.target_root / "two").samefile(linked.target_root / "one")


def test_directories_keep_their_attributes_whatever_is_renamed_in_them(linked: Linked) -> None:
    """Those of the names that are given, and the root; one that is not there does no harm."""
    root = linked.target_root
    for path in (write(root / "a/file").parent, root):
        os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    with undated(linked.target, ["a/file", "file", "gone/file"]):
        (root / "a/file").rename(root / "a/other")
        write(root / "new")
        assert root.stat().st_mtime_ns != A_DAY_AGO_NS
    assert [path.stat().st_mtime_ns for path in (root / "a", root)] == [A_DAY_AGO_NS] * 2
