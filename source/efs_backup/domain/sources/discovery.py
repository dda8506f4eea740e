"""File systems that ask for backups by a tag: which rows come, go and come back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import FolderLabel
from efs_backup.domain.sources.row import BY_HAND, Source
from efs_backup.domain.sources.table import SourceTable, Taken

TAG = "efs-backup:policy"
"""The tag of a file system that is to be backed up; its value names a policy."""

_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9._@+=-]+", re.ASCII)
_LONGEST = 64


@dataclass(frozen=True)
class Found:
    """A file system as Amazon EFS describes it."""

    file_system: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Discovery:
    """The table as it should be, and a sentence for each row that has come or gone, and for each that cannot come."""

    table: SourceTable
    told: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def discover(table: SourceTable, found: Iterable[Found], first: Taken, backup: str, now: datetime) -> Discovery:
    """Rows for tagged file systems that have none; rows without their tag become inactive.

    A tag that names no policy of this stack is another stack's. first, backup: see SourceTable.
    """
    there = {each.file_system: each for each in found}
    made = Discovery(table)
    for row in table.active:
        if row.is_discovered and (why := _why_gone(row, there.get(row.file_system))):
            made = _with_gone(made, row, why)
    for each in sorted(there.values(), key=lambda one: one.file_system):
        if each.tags.get(TAG, BY_HAND) != BY_HAND:
            made = _with_tagged(made, each, first, backup, now)
    return made


def _why_gone(row: Source, found: Found | None) -> str:
    if found is None:
        return f"the file system {row.file_system} is gone"
    name = found.tags.get(TAG)
    if name is None:
        return f"{row.file_system} has no tag {TAG} any more"
    return "" if name == row.policy.name else f"the tag of {row.file_system} names another policy, {name}"


def _with_gone(made: Discovery, row: Source, why: str) -> Discovery:
    table = made.table.with_changed(replace(row, is_active=False, why=why))
    told = f"{row.identity} is not backed up any more: {why}. Its snapshots stay."
    return replace(made, table=table, told=(*made.told, told))


def _with_tagged(made: Discovery, found: Found, first: Taken, backup: str, now: datetime) -> Discovery:
    try:
        policy = made.table.policy(found.tags[TAG])
    except NothingThere:
        return made
    new = Source(_label(made.table, found, first), found.file_system, "/", policy, now, is_discovered=True)
    if any(row.place == new.place and row.interval is new.interval for row in made.table.active):
        return made
    if (first.place, first.interval) == (new.place, new.interval.value):
        return made
    try:
        table = made.table.with_row(new, first, backup)
    except WrongUsage as refused:
        why = f"{found.file_system} asks for backups by its tag in vain: {refused.message}"
        return replace(made, refused=(*made.refused, why))
    told = f"{found.file_system} is backed up by the policy {policy.name}, as {new.identity}: its tag asks for it."
    return replace(made, table=table, told=(*made.told, told))


def _label(table: SourceTable, found: Found, first: Taken) -> FolderLabel:
    """The label that the file system has had; else one made of its Name, or of its id where that is another's."""
    for row in table.rows:
        if row.file_system == found.file_system and row.is_discovered:
            return row.label
    named = _NOT_IN_LABELS.sub("-", found.tags.get("Name", "")).strip("-.")[:_LONGEST]
    taken = {first.label, *(str(row.label) for row in table.rows)}
    return FolderLabel(named if named and named not in taken else found.file_system)
