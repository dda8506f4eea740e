"""Choose what a drill restores: drawn by a seed that nobody chooses, in numbers that both rates can be measured from.

Anybody can repeat the draws: the seed is the SHA-256 of `SEAL DAY`, in which SEAL is the digest of the snapshot's seal
and DAY is like 2026-11-22. The k-th draw for a purpose, from 0, is the SHA-256 of `SEED PURPOSE K`; its first 8 bytes
are a number, most significant byte first, of which the rest after division by the size of the population is drawn. What
was drawn before is passed over.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count

from efs_backup.copy_worker.rules import SMALL_FILE_SIZE
from efs_backup.domain.copying.parts import most_few
from efs_backup.domain.requests.tuning import Tuning

BUCKETS = (4 * 1024, 32 * 1024, SMALL_FILE_SIZE, 2 * 1024**2, 16 * 1024**2)
"""The largest sizes, in bytes, of all buckets of sizes but the last, which has none."""

_LEAST_SHARE = 10
_BYTES_OF_A_DRAW = 8


class SizeClass(StrEnum):
    """The classes of which each has a rate: a small file costs its operations, a large one its bytes.

    A symlink, or anything else without content, is small.
    """

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True)
class Figures:
    """How many files, and the bytes of their contents."""

    files: int = 0
    size: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.files + other.files, self.size + other.size)


def class_of(size: int) -> SizeClass:
    """The class of a file of so many bytes."""
    return SizeClass.SMALL if size <= SMALL_FILE_SIZE else SizeClass.LARGE


def bucket_of(size: int) -> int:
    """The bucket of a file of so many bytes, from 0."""
    return bisect_left(BUCKETS, size)


def seed_of(seal_sha256: str, day: str) -> str:
    """The seed of a day's drills of the snapshot with this seal."""
    return hashlib.sha256(f"{seal_sha256} {day}".encode()).hexdigest()


def draws(seed: str, purpose: str, number: int, population: int) -> Iterator[int]:
    """Draw so many different numbers below `population`, in the order of the draws; all, where it has no more."""
    drawn = set[int]()
    for turn in count():
        if len(drawn) >= min(number, population):
            return
        one = _draw(seed, purpose, turn) % population
        if one not in drawn:
            drawn.add(one)
            yield one


def _draw(seed: str, purpose: str, turn: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {purpose} {turn}".encode()).digest()[:_BYTES_OF_A_DRAW])


def shares(files: int, small: int, large: int) -> dict[SizeClass, int]:
    """How many files of each class are drawn: as many as its share of all, but of neither less than a tenth.

    small, large: how many there are.
    """
    whole = small + large
    wanted = files * large // whole if whole else 0
    least = max(files // _LEAST_SHARE, min(1, files // 2))
    of_large = min(large, max(least, min(wanted, files - least)))
    of_small = min(small, files - of_large)
    return {SizeClass.SMALL: of_small, SizeClass.LARGE: min(large, files - of_small)}


def places(ordinals: Sequence[int], ends: Sequence[int]) -> list[tuple[int, int]]:
    """(block, how many of its kind stand before it there) for each ordinal.

    ends: how many there are up to the end of each block.
    """
    found = []
    for ordinal in ordinals:
        block = bisect_right(ends, ordinal)
        found.append((block, ordinal - (ends[block - 1] if block else 0)))
    return found


def fitting(sizes: Sequence[int], most: int) -> list[bool]:
    """Which of these files are restored, in the order in which they were drawn: those that fit into what is left."""
    chosen, left = [], most
    for size in sizes:
        chosen.append(size <= left)
        left -= size if size <= left else 0
    return chosen


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that lie in none of the others, in order; "" is the root, in which all lie."""
    found = list[str]()
    for path in sorted(set(paths)):
        above = path
        while above and above not in found:
            above = above.rpartition("/")[0]
        if not above and "" not in found:
            found.append(path)
    return found


def tuning_for_rate(tuning: Tuning, files: int, whole: Figures, jobs: int, *, is_over_a_network: bool) -> Tuning:
    """How so many large files are restored, so that as many are under way at a time as in a restore of everything.

    whole: all large files that there are. Where a server answers, and they are more than would be brought one by one,
    each job gets its share of those that were drawn. On a disk of one's own that would only measure how long programs
    take to start.
    """
    few = most_few(tuning)
    if not is_over_a_network or tuning.files_per_part or (whole.files <= few.files and whole.size <= few.size):
        return tuning
    return replace(tuning, files_per_part=max(1, -(-files // (tuning.jobs or jobs))))


def one_of(seed: str, purpose: str, population: int) -> int:
    """A number below `population`, which is not 0: the first draw for this purpose."""
    return _draw(seed, purpose, 0) % population
