"""`efs-backup verify`."""

import os
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.one_snapshot import selected
from efs_backup.cli.output import print_error, print_facts, print_json, print_line
from efs_backup.cli.verbosity import is_verbose
from efs_backup.copy_worker.blocks import Entry
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import ExitCode, NotAsSealed, NothingThere, WrongUsage
from efs_backup.domain.humanize import as_fields, sized
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.verification import Level, Verified
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.census import below
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.proof.verify import Verification
from efs_backup.engine.series.lock import reading as reading_series
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.tree import Tree

_NEXT_STEP = (
    "The other snapshots are as they were: `efs-backup verify --all` says which of them are whole; `efs-backup repair`"
    " brings back a damaged file where its bytes are still to be had."
)
_NAMED = 1_000


@click.command(cls=options.Command)
@options.backup
@options.snapshot
@click.option("--all", "is_all", is_flag=True, help="All snapshots; a file that several of them have is read once.")
@click.option("--path", default="", metavar="PATH", help="Only this directory and what is below it.")
@click.option(
    "--level",
    type=click.Choice([one.value for one in Level]),
    default=Level.CONTENT.value,
    show_default=True,
    help="How closely to look.",
)
@click.option("--sample", metavar="PERCENT", default="100%", help="Read only so many of the files, chosen at random.")
@options.max_operations
@options.label
@options.interval
@options.verbosity
@options.as_json
def verify(
    *, backup: str, snapshot: str | None, is_all: bool, path: str, level: str, sample: str,
    max_operations_per_second: float | None, label: str, interval: str, as_json: bool,
) -> int:  # fmt: skip
    """Compare snapshots with their manifests: names, attributes, and the SHA-256 of each file."""
    series = Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))
    share, stop = _share_of(sample), Stop(Window())
    chosen = _choose(series, snapshot, is_all=is_all)
    stop_on_signals(stop)
    read = set[int]()
    results = [
        (
            one,
            _verify(series, one, path, Level(level), _chooser(share, read), Throttle(max_operations_per_second), stop),
        )
        for one in chosen
    ]
    code = _code_of([verified for _, verified in results])
    exit_on_signals(code)
    _show(results, as_json=as_json)
    if code is ExitCode.DIFFERENT:
        print_error("What is stored is not what was stored.", _NEXT_STEP)
    return code


def _share_of(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError as error:
        raise WrongUsage(f"--sample is a percentage, as 1%, not {text!r}.") from error
    if not 0 < share <= 1:
        raise WrongUsage(f"--sample is more than 0 % and at most 100 %, not {text!r}.")
    return share


def _choose(series: Series, text: str | None, *, is_all: bool) -> list[Snapshot]:
    snapshots = series.snapshots()
    if not snapshots:
        raise NothingThere(f"There is no {series.interval} snapshot in {str(series.label_path)!r}.")
    if is_all:
        return snapshots
    name = selected(series, text).choose([one.name for one in snapshots])
    return [one for one in snapshots if one.name == name]


def _chooser(share: float, read: set[int]) -> Callable[[Entry], bool]:
    """Choose by chance, and no inode twice."""
    chance = random.SystemRandom()

    def choose(entry: Entry) -> bool:
        is_new = entry.inode not in read
        read.add(entry.inode)
        return is_new and (share == 1 or chance.random() < share)

    return choose


def _verify(
    series: Series, snapshot: Snapshot, path: str, level: Level, chosen: Callable[[Entry], bool], throttle: Throttle,
    stop: Stop,
) -> Verified:  # fmt: skip
    manifests = Manifests(series.path)
    _check_manifest(manifests, snapshot.name)
    with ExitStack() as stack:
        stack.enter_context(reading_series(series.path, lambda _note: None))
        tree = stack.enter_context(Tree(snapshot.path, throttle))
        try:
            manifest = stack.enter_context(reading(manifests, snapshot.name))
            raw = os.fsencode(path.strip("/"))
            if raw and not manifest.index.positions(raw):
                raise NothingThere(f"The manifest of {snapshot.name} has no directory {path!r}.")
            verification = Verification(tree, manifest, level, chosen=chosen, should_stop=stop.is_due)
            return verification.run(below(manifest, [raw]))
        except ValueError as error:
            raise NotAsSealed(f"The manifest of {snapshot.name} is torn: {error}.", _OTHER) from error


_OTHER = "Verify another snapshot; `efs-backup audit` says what was changed since when."


def _check_manifest(manifests: Manifests, name: SnapshotName) -> None:
    """Hold the manifest against its seal. Raises NothingThere and NotAsSealed."""
    try:
        found = manifests.sha256(f"{name}{MANIFEST}")
    except (OSError, ValueError) as error:
        raise NothingThere(
            f"The snapshot {name} has no manifest to be held against: {error}.",
            f"`efs-backup manifest --make --snapshot {name}` makes one of what is there now.",
        ) from error
    seal = manifests.seal(name)
    if seal and seal.manifest and seal.manifest.sha256 != found:
        raise NotAsSealed(f"The manifest of {name} is not the one that was sealed.", _OTHER)


def _code_of(results: Sequence[Verified]) -> ExitCode:
    if any(verified.differences for verified in results):
        return ExitCode.DIFFERENT
    return ExitCode.DONE if all(verified.is_whole for verified in results) else ExitCode.INCOMPLETE


def _show(results: Sequence[tuple[Snapshot, Verified]], *, as_json: bool) -> None:
    if as_json:
        print_json({"snapshots": [_as_json(*result) for result in results]})
        return
    for snapshot, verified in results:
        print_facts([
            ("snapshot", str(snapshot.name)),
            ("looked at", f"{verified.names:,} names in {verified.directories:,} directories"),
            ("read", f"{verified.files:,} files ({sized(verified.bytes)})"),
            ("without a hash", f"{verified.late:,}" if verified.late else ""),
            ("different", f"{len(verified.differences):,}"),
            ("note", "" if verified.is_whole else "Stopped before the end."),
        ])  # fmt: skip
        for difference in verified.differences[: None if is_verbose() else _NAMED]:
            print_line(f"  {difference}")


def _as_json(snapshot: Snapshot, verified: Verified) -> dict[str, object]:
    return {
        "snapshot": str(snapshot.name),
        "checked": {
            "directories": verified.directories, "names": verified.names, "files": verified.files,
            "bytes": verified.bytes,
        },
        "without_hash": verified.late,
        "is_whole": verified.is_whole,
        "different": [
            {
                **as_fields("path", one.path), "aspect": one.aspect, "expected": one.expected, "found": one.found,
                "inode": one.inode,
            }
            for one in verified.differences
        ],
    }  # fmt: skip
