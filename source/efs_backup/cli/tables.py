"""Tables that fit a terminal: what does not fit beside the rest goes on lines of its own, and nothing is cut off."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from efs_backup.domain.humanize import shown

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column. is_number: to the right. is_named: below a row that is too long it has its name before it.

    may_go: where there is no room it is left out.
    """

    name: str
    is_number: bool = False
    is_named: bool = True
    may_go: bool = False


def table_lines(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int | None) -> Iterator[str]:
    """The lines of a table with its heading; empty columns are left out. width: of the terminal; None for any.

    The last columns go below their row, as many as the others need, and there only where they say something.
    """
    cells = [[shown(cell) for cell in row] for row in rows]
    told = [at for at in range(len(columns)) if any(row[at] for row in cells)]
    widths = {at: max(len(columns[at].name), *(len(row[at]) for row in cells)) for at in told}
    beside = _beside(widths, width)
    yield _line(columns, [one.name for one in columns], widths, beside)
    for row in cells:
        yield _line(columns, row, widths, beside)
        yield from _below(columns, row, [at for at in told if at not in beside])


def _beside(widths: Mapping[int, int], width: int | None) -> list[int]:
    """The columns that stand in one line."""
    beside = list(widths)
    while width and len(beside) > 1 and sum(widths[at] + _GAP for at in beside) - _GAP > width:
        beside.pop()
    return beside


def _line(columns: Sequence[Column], row: Sequence[str], widths: Mapping[int, int], beside: Sequence[int]) -> str:
    cells = (row[at].rjust(widths[at]) if columns[at].is_number else row[at].ljust(widths[at]) for at in beside)
    return (" " * _GAP).join(cells).rstrip()


def _below(columns: Sequence[Column], row: Sequence[str], below: Sequence[int]) -> Iterator[str]:
    """Lines below a row: all cells that have a name in one line, each other in its own."""
    told = [at for at in below if row[at] and not columns[at].may_go]
    if named := ", ".join(f"{columns[at].name.lower()} {row[at]}" for at in told if columns[at].is_named):
        yield " " * _GAP + named
    yield from (" " * _GAP + row[at] for at in told if not columns[at].is_named)
