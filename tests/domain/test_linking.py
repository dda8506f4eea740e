"""What becomes of one file of a part."""

import stat
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.rules import (
    HAND_OVER,
    POINT,
    SMALL_FILE_SIZE,
    WRITE,
    by_directory,
    first_mode,
    has_holes,
    is_equal,
    rsyncs_for,
    way_of,
    worst_code,
)
from tests.builders import Found

KINDS = [stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK]


numbers = st.integers(0, 2**40)
modes = st.builds(int.__or__, st.sampled_from(KINDS), st.integers(0, 0o7777))
found = st.builds(Found, modes, *[numbers] * 5, *[st.integers(-(2**62), 2**62)] * 2)
names = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8)


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
def test_only_root_makes_files_itself(entry: Found) -> None:
    """For others rsync knows what to do about owners."""
    assert way_of(entry, is_root=False) == HAND_OVER


@given(found)
def test_small_whole_files_are_written_symlinks_pointed_and_all_else_handed_over(entry: Found) -> None:
    """What is written at once has a bound, so that memory has one."""
    way = way_of(entry, is_root=True)
    assert (way == POINT) == stat.S_ISLNK(entry.st_mode)
    if way == WRITE:
        assert stat.S_ISREG(entry.st_mode)
        assert entry.st_size <= SMALL_FILE_SIZE
        assert not has_holes(entry)


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


@given(st.lists(st.lists(names.filter(lambda name: name != "."), min_size=1, max_size=3).map("/".join)))
def test_every_listed_name_is_found_once_in_its_directory(paths: list[str]) -> None:
    """However often it is listed, and with what was listed beside it."""
    grouped = by_directory([(f"./{path}", path.encode()) for path in (*paths, *paths)])
    found = {
        f"{directory}/{name}" if directory else name: beside
        for directory, known in grouped.items()
        for name, beside in known.items()
    }
    assert found == {path: path.encode() for path in paths}


def test_directories_without_files_have_no_names() -> None:
    """They are listed with a slash, for they have to be made as well."""
    listed = [(path, b"beside") for path in ("./a/", "./", "./b/c/", "./b/file")]
    assert by_directory(listed) == {"a": {}, "": {}, "b/c": {}, "b": {"file": b"beside"}}


@given(st.integers(1, 10**6), st.integers(0, 10**13), st.integers(1, 64))
def test_large_files_are_shared_out_to_some_rsyncs(files: int, size: int, threads: int) -> None:
    """Never to more than there are files, threads or bytes for; to one in any case."""
    rsyncs = rsyncs_for(files, size, threads)
    assert 1 <= rsyncs <= files
    assert rsyncs == 1 or (rsyncs <= threads / 8 and (rsyncs - 1) * 16 * 2**20 < size)
    assert rsyncs_for(100, 2**40, 32) == 4


@given(st.lists(st.sampled_from([0, 10, 11, 12, 20, 23, 24, 137])))
def test_the_worst_end_of_a_piece_is_the_end_of_the_part(codes: list[int]) -> None:
    """It is the code of one of the pieces, and done only if all are."""
    worst = worst_code(codes)
    assert worst in {*codes, 0}
    assert (worst == 0) == (set(codes) <= {0})
    assert worst != 24 or set(codes) <= {0, 24}
    assert worst != 23 or set(codes) <= {0, 23, 24}
