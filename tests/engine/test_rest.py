"""The rest: what is left to rsync, a few names in memory, or the lists of parts of equal weight."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.commands import PartSizes
from efs_backup.domain.copying.parts import Piece
from efs_backup.domain.errors import CopyFailed
from efs_backup.engine.rest import part_lists
from efs_backup.engine.rest.part_lists import PartLists
from efs_backup.engine.rest.rest import Rest
from tests.support.mounts import fill, mounted_tmpfs

LARGE = 2**40
FILES = [(f"{number // 50}/file\n\udcff {number}", number) for number in range(120)]


def _lists(place: Path, most: Piece, files: list[tuple[str, int]]) -> PartLists:
    lists = PartLists(place / "lists", most)
    for file in files:
        lists.add(*file)
    return lists


def _parts(place: Path) -> list[list[str]]:
    """The paths of each part, in their order."""
    found = sorted(place.iterdir(), key=lambda path: int(path.name))
    whole = [path.read_bytes() for path in found]
    assert all(text.endswith(b"\0") for text in whole)
    return [[os.fsdecode(path) for path in text[:-1].split(b"\0")] for text in whole]


@pytest.mark.parametrize("most", [1, 7, 250])
@pytest.mark.parametrize("files", [1, 7, 40, 10**6])
@pytest.mark.parametrize("size", [1, 100, 2000, LARGE])
def test_every_file_is_in_one_part(tmp_path: Path, most: int, files: int, size: int) -> None:
    """In their order, however large pieces and parts may be; what each part holds is told."""
    lists = _lists(tmp_path, Piece(most, size), FILES)
    told = lists.gather(PartSizes(3, files, size), lambda number: tmp_path / "parts" / str(number))
    parts = _parts(tmp_path / "parts")
    assert [path for part in parts for path in part] == [f"./{path}" for path, _ in FILES]
    sizes = {f"./{path}": size for path, size in FILES}
    assert told == [Piece(len(part), sum(sizes[path] for path in part)) for part in parts]
    assert (tmp_path / "lists/pieces").stat().st_size == 0, "nothing is on the disk twice"


def test_no_files_are_no_part(tmp_path: Path) -> None:
    """Neither are they a path."""
    lists = _lists(tmp_path, Piece(10, LARGE), [])
    assert [*lists.paths()] == []
    assert lists.gather(PartSizes(2, 30, LARGE), lambda number: tmp_path / "parts" / str(number)) == []


names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(st.tuples(names, st.integers(0, 100)), max_size=60), st.integers(1, 9), st.integers(1, 40))
def test_lists_give_all_paths_however_they_are_cut(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, int]], most: int, at_once: int
) -> None:
    """Written and read in blocks that end in the middle of a name."""
    before, part_lists._WRITTEN_AT_ONCE = part_lists._WRITTEN_AT_ONCE, at_once
    try:
        lists = _lists(tmp_path_factory.mktemp("lists"), Piece(most, LARGE), files)
        assert [*lists.paths()] == [path for path, _ in files]
        assert [*lists.paths()] == [path for path, _ in files]
    finally:
        part_lists._WRITTEN_AT_ONCE = before


@pytest.mark.parametrize(
    ("few", "are_many"), [(Piece(3, 100), False), (Piece(2, 100), True), (Piece(3, 99), True), (Piece(0, 0), True)]
)
def test_a_few_files_stay_in_memory_and_many_become_lists(tmp_path: Path, few: Piece, are_many: bool) -> None:
    """By their number or by their bytes; all are there in both cases, and nothing is written before."""
    rest = Rest(tmp_path / "lists", Piece(10, LARGE), few)
    rest.add("", [("root", 50)])
    rest.add("directory/below", [("new\nline", 0), ("\udcff", 50)])
    assert (rest.lists is not None) is are_many
    assert (tmp_path / "lists").exists() is are_many
    assert (rest.files, rest.size) == (3, 100)
    assert [*rest.paths()] == ["root", "directory/below/new\nline", "directory/below/\udcff"]


@pytest.mark.root
def test_a_full_disk_with_the_temporary_files_is_named(tmp_path: Path) -> None:
    """A disk that is full of temporary files is not the backup's."""
    with mounted_tmpfs(tmp_path / "small", "size=64k") as place:
        lists = _lists(place, Piece(10, LARGE), FILES)
        fill(place)
        with pytest.raises(CopyFailed, match="Temporary files") as raised:
            lists.gather(PartSizes(2, 30, LARGE), lambda number: place / "parts" / str(number))
    assert str(tmp_path / "small") in f"{raised.value.message} {raised.value.next_step}"
