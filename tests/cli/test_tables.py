"""Tables fit a terminal, and nothing of them is cut off."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.cli.commands.listing import _COLUMNS as LIST
from efs_backup.cli.history_table import COLUMNS as HISTORY
from efs_backup.cli.tables import Column, table_lines
from efs_backup.domain.humanize import aged

_PATH = "/backup/efs-backup/daily/20261122T020000Z"
_ROW = (
    "20261122T020000Z", "daily.0", "7 h", "1,234,567", "123.4 GB", "1.2 GB", "345.6 MB", "efs-backup",
    "before the migration", "daily 1, weekly 1, within 8d", _PATH,
)  # fmt: skip
_NIGHT = (
    "2026-11-22 02:00:00Z", "Success", "20261122T020000Z", "1,234", "1,234,567", "1,230,000", "1.2 GB", "",
    "e51d10419281", "",
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 200, None])
def test_a_list_fits_and_its_path_is_whole(width: int | None) -> None:
    """A cell that does not fit beside the rest is below it, the path on a line of its own, to be copied."""
    lines = [*table_lines(LIST, [_ROW], width)]
    assert width is None or all(len(line) <= width for line in lines if "kept by" not in line)
    assert any(_PATH in line for line in lines)
    assert all(any(cell in line for line in lines) for cell in _ROW)
    assert len(lines) == (2 if width in {200, None} else 4)


def test_history_fits_a_hundred_columns_in_one_line() -> None:
    """A success says nothing more than its figures; the seal goes where there is no room."""
    lines = [*table_lines(HISTORY, [_NIGHT], 100)]
    assert len(lines) == 2
    assert all(len(line) <= 100 for line in lines)
    assert _NIGHT[-2] in [*table_lines(HISTORY, [_NIGHT], 200)][1]


def test_a_message_goes_below_its_row_alone() -> None:
    """A message may be long; rows without one stay single."""
    failed = (*_NIGHT[:1], "Failed", *_NIGHT[2:-1], "The source is empty. " * 9)
    lines = [*table_lines(HISTORY, [failed, _NIGHT], 100)]
    assert [line.startswith("  The source") for line in lines] == [False, False, True, False]


def test_a_column_that_says_nothing_is_left_out() -> None:
    """As notes, where there are none."""
    assert [*table_lines([Column("A"), Column("B")], [("1", ""), ("2", "")], 80)] == ["A", "1", "2"]


@given(st.lists(st.tuples(*[st.text(max_size=30)] * 4), min_size=1, max_size=5), st.integers(1, 120))
def test_no_cell_is_ever_cut_off(rows: list[tuple[str, ...]], width: int) -> None:
    """Whatever is in it, and however narrow the terminal is; it is on one line."""
    columns = [Column("A"), Column("B", is_number=True), Column("C"), Column("D", is_named=False)]
    lines = [*table_lines(columns, [[cell.encode("unicode_escape").decode() for cell in row] for row in rows], width)]
    for row in rows:
        for cell in row:
            assert any(cell.encode("unicode_escape").decode().strip() in line for line in lines)


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(minutes=-5), "0 min"), (timedelta(minutes=59), "59 min"), (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 d"), (timedelta(days=1234), "1,234 d"),
    ],
)  # fmt: skip
def test_an_age_is_told_in_its_largest_unit(age: timedelta, told: str) -> None:
    """Two days are the least that are days."""
    assert aged(age) == told
