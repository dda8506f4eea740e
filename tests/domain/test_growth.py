"""Files and bytes by directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.snapshots.growth import Row, Tally, rows_of, top_of

_REST = b"mode=0644 uid=0 gid=0 time=1.000000000"


@pytest.mark.parametrize(
    ("path", "depth", "top"),
    [(b"", 2, b""), (b"a", 2, b"a"), (b"a/b", 2, b"a/b"), (b"a/b/c", 2, b"a/b"), (b"a/b", 0, b""), (b"a/b", 1, b"a")],
)
def test_a_directory_is_counted_for_the_one_above_it_at_that_depth(path: bytes, depth: int, top: bytes) -> None:
    """Directories less deep stay where they are."""
    assert top_of(path, depth) == top


def test_lines_of_changes_are_done_and_undone() -> None:
    """A file counts by its size, a symlink by its text, a directory not at all."""
    text = b"".join(
        line + b"\n"
        for line in (
            b"# head",
            b"+ ./a/b/new type=file " + _REST + b" size=10 inode=1",
            b"- ./a/b/gone type=file " + _REST + b" size=3 sha256digest=ab inode=1",
            b"~ ./a/link type=link " + _REST + b" link=with\\040blank inode=1",
            b"< ./a/link type=link " + _REST + b" link=short inode=1",
            b"+ ./a/fifo type=fifo " + _REST + b" inode=1",
            b"+ ./a type=dir " + _REST,
            b"+ ./top type=file " + _REST + b" size=5 inode=1",
            b"> ./a/b/gone ./a/b/new",
        )
    )
    tally = Tally(2)
    tally.change(text, 1)
    assert (tally.files, tally.sizes) == ({b"a/b": 0, b"a": 1, b"": 1}, {b"a/b": 7, b"a": 5, b"": 5})
    tally.change(text, -1)
    assert not any((*tally.files.values(), *tally.sizes.values()))


def test_what_has_grown_most_comes_first() -> None:
    """Directories that are gone are there too, and those that hold nothing any more are not."""
    then, now = Tally(1), Tally(1)
    then.add(b"gone/x", 2, 20)
    then.add(b"same", 1, 5)
    now.add(b"same", 1, 5)
    now.add(b"new", 3, 7)
    now.add(b"empty", 0, 0)
    assert rows_of(then, now) == [
        Row(b"new", (0, 0), (3, 7)), Row(b"same", (1, 5), (1, 5)), Row(b"gone", (2, 20), (0, 0)),
    ]  # fmt: skip
    assert [row.grown for row in rows_of(then, now)] == [7, 0, -20]


@given(
    st.lists(st.tuples(st.sampled_from([b"", b"a", b"a/b", b"a/b/c", b"d/e"]), st.integers(0, 99))), st.integers(0, 3)
)
def test_no_depth_loses_anything(files: list[tuple[bytes, int]], depth: int) -> None:
    """The sum over all directories is the same."""
    tally = Tally(depth)
    for path, size in files:
        tally.add(path, 1, size)
    both = tally.plus(tally).renamed(lambda path: path)
    assert sum(both.files.values()) == 2 * len(files)
    assert sum(both.sizes.values()) == 2 * sum(size for _, size in files)
