"""`efs-backup find`."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import click

from efs_backup.cli import options
from efs_backup.cli.commands.vanished import as_json_value
from efs_backup.cli.commands.vanished import lines as vanished_lines
from efs_backup.cli.in_snapshot import json_fields, long_line, marked, place_argument, place_in, tree_of
from efs_backup.cli.one_snapshot import chosen_snapshot, since_name
from efs_backup.cli.output import answered, print_json_list, print_lines, print_names, print_notes
from efs_backup.cli.past import Past, past_of
from efs_backup.domain.errors import EfsBackupError, ExitCode, NothingThere, WrongUsage
from efs_backup.domain.snapshots.glob import Glob
from efs_backup.engine.proof.find import Changed, Found, find_in_manifest, find_in_tree
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.proof.reader import ManifestReader, reading
from efs_backup.engine.proof.vanished import Vanished, Vanishing
from efs_backup.engine.series.lock import reading as reading_series
from efs_backup.engine.series.series import Snapshot

_One = TypeVar("_One", Found, Vanished)
_WIDTH = len("20261122T020000Z")


@click.command(cls=options.Command)
@place_argument
@click.argument("pattern", metavar="PATTERN")
@options.snapshot
@click.option(
    "--changed-since", metavar="TIME", help="Only what is new or changed since then: 3d, yesterday, a day, a snapshot."
)
@click.option(
    "--deleted",
    "is_deleted",
    is_flag=True,
    help="What the newest snapshot lacks, and where it is still to be had.",
)
@options.long
@options.nul
@options.label
@options.interval
@options.as_json
def find(
    *, place: str, pattern: str, snapshot: str | None, changed_since: str | None, is_deleted: bool, is_long: bool,
    ends_in_nul: bool, label: str, interval: str, as_json: bool,
) -> int:  # fmt: skip
    """Find names in a snapshot, the newest if none is given.

    PATTERN without a slash is a name at any depth: '*.tex'. With one it is a path from the snapshot's root:
    'home/*/thesis*', 'home/**/*.tex'. A slash at its end means directories alone.
    """
    wanted, glob = place_in(place, snapshot, None), Glob(pattern)
    if wanted.path:
        raise WrongUsage(f"Write the path into PATTERN: {wanted.path + '/' + pattern!r}.")
    past = past_of(wanted.backup, label, interval)
    after = since_name(past.series, changed_since) if changed_since is not None else None
    show = _Show(past, pattern, is_long=is_long, ends_in_nul=ends_in_nul, as_json=as_json)
    if is_deleted:
        if wanted.snapshot is not None:
            raise WrongUsage("--deleted tells what the newest snapshot has no more; no other one can be given.")
        if is_long:
            raise WrongUsage("--deleted has columns of its own, and --json has all; leave out --long.")
        show.deleted(glob, after or "")
    elif after is not None:
        show.changed(chosen_snapshot(past.series, wanted.snapshot), glob, after)
    else:
        show.all(wanted.snapshot, glob)
    return answered() or (ExitCode.FAILED if show.unseen else ExitCode.DONE)


@dataclass
class _Show:
    """How what is found is told; unseen: sentences on what could not be looked at."""

    past: Past
    pattern: str
    is_long: bool
    ends_in_nul: bool
    as_json: bool

    def __post_init__(self) -> None:
        self.unseen: list[str] = []
        self._count = 0

    def deleted(self, glob: Glob, after: str) -> None:
        """Tell what is gone."""
        if not self.past.history.nights():
            print_notes(self.past.faults(after))
            raise NothingThere("Nothing is known of what changed: no snapshot of this series has changes.")

        def wants(path: bytes, is_directory: bool) -> bool:
            return glob.matches(path) and (is_directory or not glob.is_for_directories)

        gone = self._counted(one for one in Vanishing(self.past.history, b"", after, wants) if one.back is None)
        self._tell(gone, "deleted", as_json_value, vanished_lines, lambda: self.past.faults(after))

    def changed(self, snapshot: Snapshot, glob: Glob, after: str) -> None:
        """Tell what changed."""
        found = Changed(self.past.history, str(snapshot.name), after, glob)
        with _torn_named("A file of changes"):
            self._tell(
                self._counted(found), "changed", _changed_json, self._changed_lines,
                lambda: [*self.past.faults(after), *_beginning(found, after)],
            )  # fmt: skip

    def all(self, words: str | None, glob: Glob) -> None:
        """Tell what a snapshot has; without a manifest by a walk, during which no prune takes it away."""
        series = self.past.series
        with reading_series(series.path, lambda note: print_notes([note])):
            snapshot = chosen_snapshot(series, words)
            with self._searched(snapshot, glob) as found, _torn_named(f"The manifest of {snapshot.name}"):
                self._tell(
                    self._counted(found), "found", _json, self._lines, lambda: self.unseen,
                    {"snapshot": str(snapshot.name)},
                )  # fmt: skip

    @contextmanager
    def _searched(self, snapshot: Snapshot, glob: Glob) -> Iterator[Iterator[Found]]:
        with _manifest_of(self.past, snapshot) as reader:
            if reader:
                yield find_in_manifest(reader, glob)
                return
        with tree_of(snapshot) as tree:
            yield find_in_tree(tree, glob, self._note_unseen)

    def _note_unseen(self, path: str, error: OSError) -> None:
        self.unseen.append(f"{path or '.'!r} cannot be looked at: {error.strerror}.")

    def _counted(self, found: Iterable[_One]) -> Iterator[_One]:
        for one in found:
            self._count += 1
            yield one

    def _tell(
        self, found: Iterator[_One], key: str, as_value: Callable[[_One], object],
        lines: Callable[[Iterator[_One]], Iterable[str]],
        notes: Callable[[], list[str]], more: dict[str, object] | None = None,
    ) -> None:  # fmt: skip
        if self.as_json:
            print_json_list(key, map(as_value, found), lambda: {**(more or {}), "notes": notes()})
            return
        if self.ends_in_nul:
            print_names(one.path for one in found)
        else:
            print_lines(lines(found))
        print_notes([*notes(), *([] if self._count else [f"Nothing matches {self.pattern!r}."])])

    def _lines(self, found: Iterable[Found]) -> Iterator[str]:
        return map(self._line, found)

    def _changed_lines(self, found: Iterable[Found]) -> Iterator[str]:
        yield f"{'CHANGED IN':{_WIDTH}}  PATH"
        for one in found:
            yield f"{one.night}  {self._line(one)}{' (new)' if one.is_new else ''}"

    def _line(self, one: Found) -> str:
        return long_line(one.state, one.path) if self.is_long else marked(one.path, is_directory=one.is_directory)


@contextmanager
def _manifest_of(past: Past, snapshot: Snapshot) -> Iterator[ManifestReader | None]:
    """The manifest of a snapshot; None where there is none that can be read, which is said."""
    manifests = Manifests(past.series.path)
    with ExitStack() as stack:
        reader = None
        try:
            if str(snapshot.name) in manifests.names(MANIFEST):
                reader = stack.enter_context(reading(manifests, snapshot.name))
        except (OSError, ValueError) as error:
            print_notes([f"The manifest of {snapshot.name} cannot be read ({error}): the snapshot itself is read."])
        yield reader


@contextmanager
def _torn_named(what: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise EfsBackupError(f"{what} cannot be read to its end: {error}.", "`efs-backup audit` tells more.") from error


def _beginning(found: Changed, after: str) -> list[str]:
    if found.first <= after:
        return []
    return [f"Of what was new or changed in {found.first} nothing is known, for nothing older is."]


def _json(one: Found) -> dict[str, object]:
    return json_fields(one.state, one.path)


def _changed_json(one: Found) -> dict[str, object]:
    return {**_json(one), "changed_in": one.night, "is_new": one.is_new}
