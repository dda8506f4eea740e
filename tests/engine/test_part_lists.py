"""The lists of the parts, as the survey writes them."""

import os
from pathlib import Path

import pytest

from efs_backup.copy_worker.attributes import NOT_SURVEYED, SurveyedAttributes, each_packed
from efs_backup.domain.copying.commands import PartSizes
from efs_backup.domain.copying.parts import Piece
from efs_backup.engine.rest.part_lists import PartLists
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.walk.survey import take_survey
from tests.builders import write

LARGE = 2**40


class Listed:
    """The lists of a tree, and the parts that were made of them."""

    def __init__(self, place: Path, source: Path, most: Piece, sizes: PartSizes) -> None:
        lists = PartLists(place, most)
        with Tree(source) as tree:
            take_survey(tree, LeftOut(), lists=lists)
        lists.gather(sizes)
        self.table = [tuple(map(int, line.split())) for line in (place / "parts").read_text().splitlines()]
        self.parts = [self._entries(place, number) for number, _, _ in self.table]
        self.left = {path.name.rstrip("0123456789") for path in place.iterdir() if path.stat().st_size}

    def _entries(self, place: Path, number: int) -> list[tuple[str, bytes]]:
        paths = (place / f"part.{number}").read_bytes().removesuffix(b"\0").split(b"\0")
        attributes = each_packed((place / f"attributes.part.{number}").read_bytes())
        return [*zip(map(os.fsdecode, paths), attributes, strict=True)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Directories of several sizes, one empty, names that are hostile; each file has a size of its own."""
    root = tmp_path / "source"
    for number in range(120):
        write(root / f"{number // 50}" / f"file\n\udcff {number}", "x" * number)
    write(root / "in the root")
    (root / "empty").mkdir()
    return root


@pytest.mark.parametrize("most", [1, 7, 250])
@pytest.mark.parametrize("files", [1, 7, 40, 10**6])
@pytest.mark.parametrize("size", [1, 100, 2000, LARGE])
def test_every_entry_is_in_one_part_with_its_own_attributes(
    tmp_path: Path, source: Path, most: int, files: int, size: int
) -> None:
    """However large pieces and parts may be; a directory without files is there too, without attributes."""
    listed = Listed(tmp_path / "lists", source, Piece(most, size), PartSizes(3, files, size))
    found = [entry for part in listed.parts for entry in part]
    real = {f"./{path.relative_to(source)}": path.stat() for path in source.rglob("*") if path.is_file()}
    assert sorted(path for path, _ in found) == sorted([*real, "./empty/"])
    for path, raw in found:
        if path == "./empty/":
            assert raw == NOT_SURVEYED
        else:
            assert SurveyedAttributes(raw).st_size == real[path].st_size
    assert listed.left == {"parts", "part.", "attributes.part."}


def test_the_table_says_what_is_in_each_part(tmp_path: Path, source: Path) -> None:
    """Files and bytes; a directory without files is no file."""
    listed = Listed(tmp_path / "lists", source, Piece(10, LARGE), PartSizes(2, 30, LARGE))
    assert [number for number, _, _ in listed.table] == list(range(1, len(listed.parts) + 1))
    assert len(listed.parts) > 1
    for (_, files, size), part in zip(listed.table, listed.parts, strict=True):
        surveyed = [SurveyedAttributes(raw) for _, raw in part if raw != NOT_SURVEYED]
        assert (files, size) == (len(surveyed), sum(each.st_size for each in surveyed))


def test_a_tree_of_nothing_has_no_part(tmp_path: Path) -> None:
    """And an empty table, which is read all the same."""
    (tmp_path / "nothing").mkdir()
    assert Listed(tmp_path / "lists", tmp_path / "nothing", Piece(10, LARGE), PartSizes(2, 30, LARGE)).parts == []
