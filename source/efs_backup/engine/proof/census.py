"""A census of a manifest: how many small and large files each block has, and entries found again by their ordinals."""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from efs_backup.copy_worker.blocks import Block, Entry
from efs_backup.copy_worker.rules import SMALL_FILE_SIZE
from efs_backup.domain.drill.choice import BUCKETS, Figures, SizeClass, class_of, places
from efs_backup.engine.proof.reader import ManifestReader

_SIZE = re.compile(rb" size=(\d+)")
"""Nothing else in a block looks like it: names have no blanks there, and comments no such word."""

_FILES_IN_HEAD = 4


@dataclass(frozen=True)
class Located:
    """A name of a manifest: its raw path, and its entry."""

    path: bytes
    entry: Entry


class Census:
    """The counts of each block of a manifest: 8 bytes for each, whatever there is. size: bytes of all contents.

    buckets: how many files there are of each bucket of sizes.
    """

    def __init__(self) -> None:
        self.counts = {one: array("I") for one in SizeClass}
        self.sizes = dict.fromkeys(SizeClass, 0)
        self.buckets = [0] * (len(BUCKETS) + 1)

    def add(self, text: bytes, size: int) -> None:
        """Count a block as it is written; size: of all contents in it. Raises ValueError."""
        files = _files_of(text)
        sizes = sorted(map(int, _SIZE.findall(text)))
        small = bisect_right(sizes, SMALL_FILE_SIZE)
        large = sum(sizes[small:])
        self.counts[SizeClass.LARGE].append(len(sizes) - small)
        self.counts[SizeClass.SMALL].append(files - len(sizes) + small)
        self.sizes[SizeClass.LARGE] += large
        self.sizes[SizeClass.SMALL] += size - large
        self._add_to_buckets(sizes, files)

    def _add_to_buckets(self, sizes: Sequence[int], files: int) -> None:
        self.buckets[0] += files - len(sizes)
        ends = [*(bisect_right(sizes, limit) for limit in BUCKETS), len(sizes)]
        for number, end in enumerate(ends):
            self.buckets[number] += end - (ends[number - 1] if number else 0)

    def figures(self, size_class: SizeClass) -> Figures:
        """How much there is of a class."""
        return Figures(sum(self.counts[size_class]), self.sizes[size_class])

    def ends(self, size_class: SizeClass) -> Sequence[int]:
        """How many files of a class there are up to the end of each block."""
        return array("Q", accumulate(self.counts[size_class]))


def _files_of(text: bytes) -> int:
    """The number of files in the head of a block."""
    try:
        return int(text[: text.index(b"\n")].split(b" ")[_FILES_IN_HEAD])
    except (IndexError, ValueError) as error:
        raise ValueError(f"{text[:200]!r} does not begin a block") from error


def census(reader: ManifestReader, pulse: Callable[[], None] = lambda: None) -> Census:
    """Count all blocks; `pulse` is called for each. Raises OSError, and ValueError of what is torn."""
    counted = Census()
    for position in range(len(reader.index)):
        counted.add(reader.text(position), reader.index.sizes[position])
        pulse()
    return counted


def located(reader: ManifestReader, counted: Census, size_class: SizeClass, ordinals: Sequence[int]) -> list[Located]:
    """The entries of files of a class by their ordinals in it, in that order. Raises OSError and ValueError."""
    wanted = defaultdict[int, list[tuple[int, int]]](list)
    for turn, (position, before) in enumerate(places(ordinals, counted.ends(size_class))):
        wanted[position].append((turn, before))
    found = dict[int, Located]()
    for position in sorted(wanted):
        entries = [*of_class(reader.block(position), size_class)]
        found |= {turn: entries[before] for turn, before in wanted[position]}
    return [found[turn] for turn in range(len(ordinals))]


def of_class(block: Block, size_class: SizeClass) -> Iterator[Located]:
    """The files of a class in a block, in its order."""
    for entry in block.entries:
        if class_of(entry.attributes.size) is size_class:
            yield Located(path_in(block, entry.name), entry)


def path_in(block: Block, name: bytes) -> bytes:
    """The raw path of a name in a block."""
    return b"%b/%b" % (block.path, name) if block.path else name


def below(reader: ManifestReader, paths: Iterable[bytes]) -> Iterator[int]:
    """The positions of the blocks of these directories, and of all below them."""
    wanted = sorted(paths)
    if b"" in wanted:
        yield from range(len(reader.index))
    elif wanted:
        for position, path in enumerate(reader.index.paths()):
            if _is_below(path, wanted):
                yield position


def _is_below(path: bytes, wanted: Sequence[bytes]) -> bool:
    while path:
        at = bisect_left(wanted, path)
        if at < len(wanted) and wanted[at] == path:
            return True
        path = path.rpartition(b"/")[0]
    return False
