"""The choice of a drill: the snapshot, what is pinned, and what is drawn from the manifest."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice

from efs_backup.domain.drill.choice import (
    Figures,
    SizeClass,
    draws,
    fitting,
    one_of,
    outermost,
    seed_of,
    shares,
)
from efs_backup.domain.drill.result import Drawn, DrillPlan, Group
from efs_backup.domain.errors import NothingThere
from efs_backup.domain.requests.drill import DrillRequest, pinned_lines, pinned_path
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import digest
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.machine.regular_file import small_content
from efs_backup.engine.proof.census import Census, Located, below, census, located, of_class
from efs_backup.engine.proof.manifests import MANIFEST, SEAL, Manifests
from efs_backup.engine.proof.reader import ManifestReader
from efs_backup.engine.proof.sealed import SealedManifest
from efs_backup.engine.series.series import Series, Snapshot

PINNED_NAME = "drill.txt"
_MOST_BYTES = 2**20


def choose_snapshot(series: Series, request: DrillRequest, manifests: Manifests, now: datetime) -> Snapshot:
    """The snapshot that the drill is about. Raises NothingThere and WrongUsage."""
    snapshots = {one.name: one for one in series.snapshots()}
    if not snapshots:
        raise NothingThere(f"There is no {request.interval} snapshot in {str(series.label_path)!r}.")
    if request.is_random:
        return snapshots[_random_snapshot(manifests, [*snapshots], now)]
    return snapshots[Selection(name=request.snapshot).choose([*snapshots])]


def _random_snapshot(manifests: Manifests, newest_first: Sequence[SnapshotName], now: datetime) -> SnapshotName:
    """One of those that have a manifest and a seal, drawn by the newest of these seals."""
    proved = {*manifests.names(MANIFEST)} & {*manifests.names(SEAL)}
    names = [name for name in newest_first if str(name) in proved]
    if not names:
        raise NothingThere(
            "No snapshot of this series has a manifest and a seal.",
            "Make them with `efs-backup manifest BACKUP --make`.",
        )
    seed = seed_of(digest(manifests.read(f"{names[0]}{SEAL}")), day_of(now))
    return names[one_of(seed, "snapshot", len(names))]


def day_of(now: datetime) -> str:
    """The day of the draws, in UTC."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


def pinned_paths(series: Series, request: DrillRequest, note: Callable[[str], None]) -> list[str]:
    """All pinned paths. Raises WrongUsage of one that leads out of the snapshot."""
    try:
        text = os.fsdecode(small_content(series.label_path / PINNED_NAME, _MOST_BYTES))
    except FileNotFoundError:
        text = ""
    except (OSError, ValueError) as error:
        text = ""
        note(f"{PINNED_NAME!r} of the label cannot be read ({error}), and pins nothing in this drill.")
    return outermost([*map(pinned_path, request.pinned), *pinned_lines(text)])


@dataclass(frozen=True)
class Choice:
    """The files to be restored, as the manifest has them.

    files: single ones, by why they are restored. blocks: the positions of those of pinned directories. figures: how
    much it is in all. absent: pinned paths that the snapshot has not.
    """

    plan: DrillPlan
    census: Census
    files: Mapping[Group, Sequence[Located]]
    blocks: Sequence[int]
    figures: Figures
    absent: Sequence[str] = ()

    def paths(self, group: Group) -> tuple[str, ...]:
        """The paths that are restored for a group."""
        if group is Group.PINNED:
            return tuple(path for path in self.plan.pinned if path not in self.absent)
        return tuple(os.fsdecode(one.path) for one in self.files.get(group, ()))


def choose_files(
    sealed: SealedManifest, request: DrillRequest, pinned: Sequence[str], now: datetime, pulse: Callable[[], None]
) -> Choice:
    """Choose them. `pulse` is called as the manifest is read. Raises OSError, and ValueError of a torn manifest."""
    counted = census(sealed.reader, pulse)
    seed = seed_of(sealed.sha256, day_of(now))
    pins = _Pins.found(sealed.reader, pinned)
    files, too_large = _draw(sealed.reader, counted, request, seed)
    directories = len({one.path.rpartition(b"/")[0] for one in files[Group.SPEED]})
    seal = sealed.seal
    plan = DrillPlan(
        seal.label, seal.series, seal.snapshot, sealed.sha256, sealed.figures.sha256, seal.sealed, day_of(now), seed,
        {one: counted.figures(one) for one in SizeClass}, tuple(pinned),
        {one: [*map(_as_drawn, files[Group(one)])] for one in SizeClass}, too_large, directories,
    )  # fmt: skip
    blocks = [*below(sealed.reader, pins.directories)]
    all_files = {**files, Group.PINNED: pins.files}
    figures = Figures(
        sum(sealed.reader.index.files[at] for at in blocks), sum(sealed.reader.index.sizes[at] for at in blocks)
    )
    return Choice(plan, counted, all_files, blocks, _figures(chain(*all_files.values())) + figures, pins.absent)


@dataclass
class _Pins:
    """Pinned paths by what the snapshot has there."""

    files: list[Located] = field(default_factory=list)
    directories: list[bytes] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @classmethod
    def found(cls, reader: ManifestReader, paths: Sequence[str]) -> "_Pins":
        pins = cls()
        for path in paths:
            raw = os.fsencode(path)
            if reader.index.positions(raw):
                pins.directories.append(raw)
            elif entry := reader.find(raw):
                pins.files.append(Located(raw, entry))
            else:
                pins.absent.append(path)
        return pins


def _draw(
    reader: ManifestReader, counted: Census, request: DrillRequest, seed: str
) -> tuple[dict[Group, list[Located]], Figures]:
    """(the random files and those for the speed, how much was drawn and is too large).

    What is small comes first, so that a large file does not leave out all the others.
    """
    whole = {one: counted.figures(one).files for one in SizeClass}
    wanted = shares(request.files, whole[SizeClass.SMALL], whole[SizeClass.LARGE])
    small, large = (located(reader, counted, one, [*draws(seed, one, wanted[one], whole[one])]) for one in SizeClass)
    is_all = len(small) == whole[SizeClass.SMALL]
    speed = [] if is_all else [*islice(_of_whole_directories(reader, counted, seed, request.files), request.files)]
    chosen, left = dict[Group, list[Located]](), request.size
    for group, files in ((Group.SMALL, small), (Group.SPEED, speed), (Group.LARGE, large)):
        fits = fitting([one.entry.attributes.size for one in files], left)
        chosen[group] = [one for one, is_in in zip(files, fits, strict=True) if is_in]
        left -= _figures(chosen[group]).size
    drawn = _figures([*small, *large])
    fit = _figures([*chosen[Group.SMALL], *chosen[Group.LARGE]])
    return chosen, Figures(drawn.files - fit.files, drawn.size - fit.size)


def _of_whole_directories(reader: ManifestReader, counted: Census, seed: str, most: int) -> Iterator[Located]:
    """The small files of random directories, each as likely as any other."""
    for position in draws(seed, Group.SPEED, most, len(reader.index)):
        if counted.counts[SizeClass.SMALL][position]:
            yield from of_class(reader.block(position), SizeClass.SMALL)


def _figures(files: "chain[Located] | Sequence[Located]") -> Figures:
    sizes = [one.entry.attributes.size for one in files]
    return Figures(len(sizes), sum(sizes))


def _as_drawn(one: Located) -> Drawn:
    return Drawn(os.fsdecode(one.path), one.entry.attributes.size, one.entry.attributes.sha256.hex())
