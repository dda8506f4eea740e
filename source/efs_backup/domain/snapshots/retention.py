"""Retention: by which rules a series keeps snapshots."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.duration import Duration
from efs_backup.domain.snapshots.names import Interval

HARD_LINK_LIMIT = 177
"""Hard links that Amazon EFS allows for one file (Amazon EFS User Guide, "Quotas for Amazon EFS file systems")."""

RETENTION_LIMIT = 170
"""Most snapshots of a series: the rest of the link limit is for the partial and for trash that is not yet deleted."""

_WITHIN = "within"
_COUNT = re.compile(r"\d{1,6}", re.ASCII)


class Rule(StrEnum):
    """A rule that keeps so many snapshots: the newest ones, or the newest of each of so many periods."""

    LAST = "last"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


_A_DAY: Mapping[Interval, float] = {
    Interval.HOURLY: 24, Interval.DAILY: 1, Interval.WEEKLY: 1 / 7, Interval.MONTHLY: 1 / 28
}  # fmt: skip
"""Most snapshots that a series makes in a day, where it is made as often as its name says."""


@dataclass(frozen=True)
class Retention:
    """The rules by which a series keeps snapshots: the union of what each keeps. Raises WrongUsage.

    last, hourly, ..., yearly: how many, 1 or more; None where there is no such rule. within: all that are not older
    than the newest by so long. Together they count to 170 at most.
    """

    last: int | None = None
    hourly: int | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    within: Duration | None = None

    def __post_init__(self) -> None:
        for rule, count in self.counts.items():
            if count < 1:
                subject = f"The retention {count}" if rule is Rule.LAST else f"The rule {rule}={count}"
                raise WrongUsage(f"{subject} would keep no snapshot at all; it must be at least 1.")
        if not self.counts and self.within is None:
            raise WrongUsage("A retention without any rule would keep no snapshot at all; give it at least one.")
        if sum(self.counts.values()) > RETENTION_LIMIT:
            raise WrongUsage(
                f"The retention {self.told} is above {RETENTION_LIMIT}: an unchanged file takes one hard link in each"
                f" snapshot, and Amazon EFS allows {HARD_LINK_LIMIT} for one file."
            )

    @property
    def counts(self) -> dict[Rule, int]:
        """The rules that keep a number, in the order of their periods."""
        found = {rule: getattr(self, rule.value) for rule in Rule}
        return {rule: count for rule, count in found.items() if count is not None}

    @property
    def is_plain(self) -> bool:
        """Whether the newest are kept, and nothing by the calendar."""
        return self.within is None and self.counts.keys() == {Rule.LAST}

    @property
    def told(self) -> str:
        """The rules for people: `30`, or `daily 30, weekly 12, within 14d`."""
        return str(self.last) if self.is_plain else str(self).replace("=", " ").replace(",", ", ")

    @property
    def kept_in_words(self) -> str:
        """Words for what is kept, behind "keep": `30 snapshots`, or the rules."""
        return counted(self.last, "snapshot") if self.is_plain and self.last else self.told

    @property
    def options(self) -> str:
        """The options of a command that say the same."""
        if self.is_plain:
            return f"--retain {self.last}"
        return " ".join(f"--keep-{pair.replace('=', ' ')}" for pair in str(self).split(","))

    def __str__(self) -> str:
        """The rules as they are stored and given: `daily=30,weekly=12,within=14d`."""
        within = [f"{_WITHIN}={self.within}"] if self.within else []
        return ",".join([*(f"{rule}={count}" for rule, count in self.counts.items()), *within])

    @classmethod
    def parse(cls, text: str) -> "Retention":
        """Read `daily=30,weekly=12,within=14d`. Raises WrongUsage."""
        given = dict[str, int | Duration]()
        for pair in text.split(","):
            name, _, value = (part.strip() for part in pair.partition("="))
            if name in given or name not in {*Rule, _WITHIN}:
                raise WrongUsage(
                    f"The rules {text!r} cannot be read at {pair.strip()!r}: each is one of {', '.join(Rule)} or"
                    f" {_WITHIN}, once, with = and a value, such as daily=30,weekly=12,within=14d."
                )
            given[name] = Duration.parse(value) if name == _WITHIN else _number(name, value)
        return cls(**given)  # type: ignore[arg-type]  # the names are those of the fields

    def most(self, interval: Interval) -> int:
        """How many snapshots a series of this interval keeps at most, if it is made as often as that says."""
        within = math.floor(self.within.most_days * _A_DAY[interval]) + 1 if self.within else 0
        return sum(self.counts.values()) + within

    def joined(self, other: "Retention") -> "Retention":
        """Rules that keep whatever one of both keeps. Raises WrongUsage where they count to more than 170."""
        rules = {**self.counts, **other.counts}
        counts = {str(rule): max(self.counts.get(rule, 0), other.counts.get(rule, 0)) for rule in rules}
        durations = [one.within for one in (self, other) if one.within]
        return Retention(**counts, within=durations[0].joined(durations[-1]) if durations else None)

    def includes(self, other: "Retention") -> bool:
        """Whether these rules keep whatever the other ones keep, as far as the rules alone tell."""
        has_counts = all(self.counts.get(rule, 0) >= count for rule, count in other.counts.items())
        if other.within is None or self.within is None:
            return has_counts and other.within is None
        return has_counts and self.within.joined(other.within) == self.within


def _number(name: str, value: str) -> int:
    if not _COUNT.fullmatch(value):
        raise WrongUsage(f"The rule {name}={value} needs a whole number, such as {name}=7.")
    return int(value)


DEFAULT_RETENTION = Retention(7)
"""The rule of a series that was begun without one."""
