"""`efs-backup diff`."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.in_snapshot import tree_of
from efs_backup.cli.one_snapshot import HELP, chosen_snapshot, series_of
from efs_backup.cli.output import answered, print_bytes, print_json, print_line, print_notes
from efs_backup.domain.copying.comparison import Difference, Kind
from efs_backup.domain.copying.patch import MOST_BYTES, patch_of, reason_against
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.humanize import as_fields, as_value, shown, valid
from efs_backup.domain.snapshots.place import path_of
from efs_backup.engine.machine.circumstances import is_unread
from efs_backup.engine.machine.regular_file import beginning, is_regular
from efs_backup.engine.proof.known_contents import KnownEqual, known_contents
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.series import Snapshot
from efs_backup.engine.trees.compare import Comparison, Omitted
from efs_backup.engine.trees.held import held
from efs_backup.engine.trees.tree import Tree

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "M"}


@click.command(cls=options.Command, epilog=f"OLD and NEW are each {HELP}.")
@options.backup
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--path", default="", metavar="PATH", help="Only this path, and what is below it.")
@click.option("--patch", "has_patch", is_flag=True, help="Show what changed in text files, line by line.")
@options.label
@options.interval
@options.as_json
def diff(
    *, backup: str, old: str, new: str, path: str, has_patch: bool, label: str, interval: str, as_json: bool
) -> int:
    """Show what was added, removed and changed from snapshot OLD to NEW.

    Contents are compared by the hashes of the manifests where both are known, else byte by byte.
    """
    series, only = series_of(backup, label, interval), path_of(path)
    with ExitStack() as stack:
        stack.enter_context(reading(series.path, lambda note: print_notes([note])))
        first, second = chosen_snapshot(series, old), chosen_snapshot(series, new)
        sides = _Sides(first, second, *(stack.enter_context(tree_of(one)) for one in (first, second)))
        is_known_equal = stack.enter_context(known_contents(Manifests(series.path), first.name, second.name))
        found = sides.compare(only, is_known_equal)
        if as_json:
            print_json(_as_json(sides, found, has_patch=has_patch))
        else:
            _print(sides, found, has_patch=has_patch)
    return answered()


@dataclass(frozen=True)
class _Only:
    """Leaves out all but one path, what is below it, and what leads to it."""

    path: str

    def __call__(self, path: str, _entry: os.DirEntry[str]) -> bool:
        return not (self.is_meant(path) or self.path.startswith(f"{path}/"))

    def is_closed(self, _directory: str) -> bool:
        """See LeavesOut; what is closed was left out above."""
        return False

    def is_meant(self, path: str) -> bool:
        """Whether a path is the one, or below it."""
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True)
class _Sides:
    """The two snapshots, and their trees."""

    first: Snapshot
    second: Snapshot
    old: Tree
    new: Tree

    def compare(self, path: str, is_known_equal: KnownEqual) -> list[Difference]:
        """The differences at a path and below it, "" for all, in order. Raises NothingThere where neither has it."""
        found = list[Difference]()
        only = _Only(path) if path else None
        if only and not (self.old.find(path) or self.new.find(path)):
            raise NothingThere(f"There is no {path!r} in {self.first.name}, nor in {self.second.name}.")
        Comparison(
            self.old, self.new, found.append, reads=lambda _old, _new: True, is_known_equal=is_known_equal,
            omitted=Omitted(only, only),
        ).run()  # fmt: skip
        return sorted(one for one in found if only is None or only.is_meant(one.path))

    def patch(self, path: str) -> tuple[str, list[bytes]]:
        """(why there is none, its lines) of the patch of a path. What is no regular file, or not there, is empty."""
        old, new = _content(self.old, path), _content(self.new, path)
        if old is None and new is None:
            return "", []
        if reason := reason_against(old or b"", new or b""):
            return reason, []
        names = (_named("a", path, old), _named("b", path, new))
        return "", [*patch_of(old or b"", new or b"", names)]


def _named(side: str, path: str, content: bytes | None) -> bytes:
    return b"/dev/null" if content is None else f"{side}/{shown(path)}".encode()


def _content(tree: Tree, path: str) -> bytes | None:
    """The content of a regular file, or its beginning if it is too large for a patch; None where there is none."""
    seen = tree.find(path)
    if seen is None or not stat.S_ISREG(seen.st_mode):
        return None
    with held(tree.open_file(path)) as descriptor:
        return beginning(descriptor, MOST_BYTES + 1) if is_regular(descriptor) else None


def _as_json(sides: _Sides, found: list[Difference], *, has_patch: bool) -> dict[str, Any]:
    return {
        "old": str(sides.first.name),
        "new": str(sides.second.name),
        "added": [as_value(difference.path) for difference in found if difference.kind is Kind.ADDED],
        "removed": [as_value(difference.path) for difference in found if difference.kind is Kind.REMOVED],
        "changed": [
            {**as_fields("path", difference.path), "what": list(difference.aspects)}
            for difference in found
            if difference.kind is Kind.CHANGED
        ],
        **({"patches": [*_patches(sides, found)]} if has_patch else {}),
    }


def _patches(sides: _Sides, found: list[Difference]) -> Iterator[dict[str, object]]:
    for difference in found:
        reason, lines = sides.patch(difference.path)
        if lines or reason:
            text = valid(os.fsdecode(b"".join(lines))) if lines else None
            yield {**as_fields("path", difference.path), "patch": text, "no_patch_because": reason or None}


def _print(sides: _Sides, found: list[Difference], *, has_patch: bool) -> None:
    for difference in found:
        slash = "/" if difference.is_directory else ""
        what = f" ({', '.join(difference.aspects)})" if difference.aspects else ""
        print_line(f"{_SIGNS[difference.kind]} {difference.path}{slash}{what}")
        if has_patch and not difference.is_directory:
            _print_patch(*sides.patch(difference.path))
        if is_unread():
            return
    counts = ", ".join(f"{sum(one.kind is kind for one in found)} {kind}" for kind in Kind)
    print_line(f"{sides.first.name} to {sides.second.name}: {counts}")


def _print_patch(reason: str, lines: list[bytes]) -> None:
    """A patch as it is, for `patch`; on a terminal nothing of it is interpreted."""
    if reason:
        print_line(f"  no patch: {reason}")
    if not sys.stdout.isatty():
        print_bytes(lines)
        return
    for line in lines:
        print_line(os.fsdecode(line.removesuffix(b"\n")).expandtabs())
