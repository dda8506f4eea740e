"""Rules: when two files are the same, and who makes one that is not there."""

import stat
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.rules import (
    LARGE,
    LARGE_FILE_SIZE,
    RSYNC,
    SMALL_FILE_SIZE,
    SYMLINK,
    WRITE,
    first_mode,
    has_holes,
    is_equal,
    way_of,
)
from tests.support.builders import Found

KINDS = [stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK]


numbers = st.integers(0, 2**40)
modes = st.builds(int.__or__, st.sampled_from(KINDS), st.integers(0, 0o7777))
found = st.builds(Found, modes, *[numbers] * 5, *[st.integers(-(2**62), 2**62)] * 2)


IRRELEVANT = {"st_blocks", "st_atime_ns"}


@given(found, st.integers(), st.integers())
def test_a_file_with_the_same_attributes_is_the_same(entry: Found, blocks: int, atime: int) -> None:
    """How much space it takes is no part of it, nor when it was read."""
    assert is_equal(entry, replace(entry, st_blocks=blocks, st_atime_ns=atime))


@given(found, st.sampled_from([field.name for field in fields(Found) if field.name not in IRRELEVANT]))
def test_any_attribute_that_differs_makes_another_file(entry: Found, name: str) -> None:
    """By one nanosecond, one byte, one bit of the mode, another owner or another type."""
    other = replace(entry, **{name: getattr(entry, name) ^ 1})
    assert not is_equal(entry, other)
    assert not is_equal(other, entry)


@given(found)
def test_small_whole_files_are_written_symlinks_made_and_all_else_left_to_others(entry: Found) -> None:
    """Files that are written at once have a bound, so that memory has one; those with holes keep them."""
    way = way_of(entry)
    assert (way == SYMLINK) == stat.S_ISLNK(entry.st_mode)
    if way in {WRITE, LARGE}:
        assert stat.S_ISREG(entry.st_mode)
        assert not has_holes(entry)
    assert way != WRITE or entry.st_size <= SMALL_FILE_SIZE
    assert way != LARGE or entry.st_size >= LARGE_FILE_SIZE


@pytest.mark.parametrize(
    ("size", "way"),
    [
        (0, WRITE),
        (SMALL_FILE_SIZE, WRITE),
        (SMALL_FILE_SIZE + 1, RSYNC),
        (LARGE_FILE_SIZE - 1, RSYNC),
        (LARGE_FILE_SIZE, LARGE),
        (2**40, LARGE),
    ],
)
def test_the_size_of_a_whole_file_decides_who_copies_it(size: int, way: str) -> None:
    """The bounds belong to the smaller and to the larger of two."""
    assert way_of(Found(stat.S_IFREG, 0, 0, size, size, 0, 0, 0)) == way


@pytest.mark.parametrize(
    ("size", "blocks", "expected"),
    [(0, 0, False), (1, 0, False), (4096, 0, False), (4097, 8, True), (8192, 16, False), (2**30, 8, True)],
)
def test_a_file_that_takes_less_space_than_its_size_has_holes(size: int, blocks: int, expected: bool) -> None:
    """Blocks are of 512 bytes; a file of one page may be kept with its attributes, in no block at all."""
    assert has_holes(Found(stat.S_IFREG, 0, 0, size, blocks, 0, 0, 0)) == expected


@given(st.integers(0, 0o7777))
def test_a_new_directory_is_open_to_its_owner_and_never_more_to_others_than_in_the_end(mode: int) -> None:
    """Special bits come at the end."""
    first = first_mode(stat.S_IFDIR | mode)
    assert first & 0o700 == 0o700
    assert first & 0o077 == mode & 0o077
    assert first <= 0o777
