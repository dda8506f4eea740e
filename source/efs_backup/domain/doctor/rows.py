"""The rows of a stack as checks look at them: each with its records, and as a finding names it."""

from collections.abc import Iterator
from dataclasses import dataclass

from efs_backup.domain.doctor.stack_facts import StackFacts
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.sources.deployed import first_source
from efs_backup.domain.sources.due import of_row
from efs_backup.domain.sources.row import Source


@dataclass(frozen=True)
class Row:
    """One row. of: ` of LABEL/INTERVAL`, "" where there is the first alone. records: of it, the newest first."""

    source: Source
    is_first: bool
    of: str
    records: tuple[BackupRecord, ...]

    @property
    def options(self) -> str:
        """By which a command means it; "" for the first."""
        if self.is_first:
            return ""
        return f" --label {self.source.label} --interval {self.source.interval}"


def rows_of(facts: StackFacts) -> Iterator[Row]:
    """The first row, then the further ones that start backups. Raises NotKnown."""
    records, first = facts.records.value, first_source(facts.stack)
    is_alone = not facts.stack.has_further_sources
    own = tuple(one for one in records if one.label is None)
    yield Row(first, True, "" if is_alone else f" of {first.identity}", own)
    for source in facts.table.value.active:
        yield Row(source, False, f" of {source.identity}", tuple(of_row(records, source)))
