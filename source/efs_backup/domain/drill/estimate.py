"""Estimate from a drill how long a restore of everything takes, and how many files may still be bad."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
"""The confidence with which a share is said to be below something."""

_ROUGH_FILES = 100
_LEAST_SECONDS = 0.001
_HALVINGS = 60


@dataclass(frozen=True)
class Measured:
    """A measured restore: files, the bytes of their contents, and seconds.

    start: the seconds of a restore that begins as this one, and brings nothing, or next to nothing.
    """

    files: int = 0
    size: int = 0
    seconds: float = 0.0
    start: float = 0.0

    @property
    def net(self) -> float:
        """The seconds for the files alone."""
        return max(self.seconds - self.start, _LEAST_SECONDS)

    @property
    def is_rough(self) -> bool:
        """Whether so little was measured that the start, and chance, weigh as much as what is told of."""
        return bool(self.files) and (self.files < _ROUGH_FILES or self.net < self.start)


@dataclass(frozen=True)
class Rates:
    """The measurements of each class."""

    small: Measured
    large: Measured

    @property
    def start(self) -> float:
        """The seconds until the first file of a restore of everything."""
        return max(self.small.start, self.large.start)

    @property
    def files_per_second(self) -> float | None:
        """Small files in a second; None where there was none."""
        return self.small.files / self.small.net if self.small.files else None

    @property
    def bytes_per_second(self) -> float | None:
        """Bytes of large files in a second; None where there was none."""
        return self.large.size / self.large.net if self.large.files else None

    @property
    def is_rough(self) -> bool:
        """Whether one of both was hardly measured."""
        return self.small.is_rough or self.large.is_rough


def seconds_for(rates: Rates, small_files: int, large_size: int) -> float | None:
    """The seconds of a restore of so many small files, and so many bytes of large ones; None where it cannot be said.

    Directories are in the rate of small files, for that is measured in whole directories.
    """
    seconds = rates.start
    for amount, rate in ((small_files, rates.files_per_second), (large_size, rates.bytes_per_second)):
        if amount and not rate:
            return None
        seconds += amount / rate if rate else 0
    return seconds


@dataclass(frozen=True)
class Stratum:
    """Files of one class: how many there are, and of how many that were drawn it is known whether they are bad."""

    population: int
    compared: int
    bad: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to chance."""
        return self.compared >= self.population


def bad_share_below(strata: Sequence[Stratum]) -> float | None:
    """The share of bad files that is not reached, with the confidence of LEVEL; None where it cannot be said.

    For files of one class of which none is bad it is the rule of three, 3 / n. Of several classes the one counts that
    was looked at the least. Where every file was compared it is the share itself.
    """
    strata = [one for one in strata if one.population]
    whole = sum(one.population for one in strata)
    drawn = [one for one in strata if not one.is_whole]
    if not whole or any(not one.compared for one in drawn):
        return None
    known = sum(one.bad for one in strata if one.is_whole) / whole
    most = most_events(sum(one.bad for one in drawn))
    return min(1.0, known + max((most * one.population / whole / one.compared for one in drawn), default=0.0))


def most_events(seen: int) -> float:
    """The largest mean number of rare events of which so few, or fewer, are seen with a chance of 1 - LEVEL.

    By Poisson's law: 3.0 for none, 4.7 for one.
    """
    low, high = 0.0, 10.0 + 3 * seen
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(seen, middle) > 1 - LEVEL else (low, middle)
    return high


def _chance(most: int, mean: float) -> float:
    """The chance of so many events, or fewer."""
    logarithms = (count * math.log(mean) - mean - math.lgamma(count + 1) for count in range(most + 1))
    return math.fsum(map(math.exp, logarithms))


def percent(share: float) -> str:
    """A share that is not reached, in percent, of two digits and never rounded down: `0.31 %`."""
    if share <= 0:
        return "0 %"
    digits = max(0, 1 - math.floor(math.log10(share * 100)))
    step = 10**-digits
    return f"{math.ceil(round(share * 100 / step, 6)) * step:.{digits}f} %"
