"""The tripwire: whether so much has changed in one night that nothing older may be dropped before a person has looked.

The figures were simulated (docs/how-to/mass-change.md has the table): shares of changed files have heavy tails, so that
a rule by mean and spread cries wolf every month; a floor and a comparison with what was the highest is quiet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.humanize import counted

FLOOR = 0.5
"""A share that is a mass change whatever was before, unless such nights are usual."""
LOWER_FLOOR = 0.2
"""A share that is one if nothing like it was before."""
TIMES = 3
"""A share above the lower floor is like nothing before if it is more than so many times the second largest."""
FEWEST_FILES = 200
"""Below so many files touched nothing is a mass change."""
FIRST_NIGHTS = 7
"""Nights before which nothing can be said of what is usual."""
MOST_NIGHTS = 60
"""Nights that are looked back on."""
USUAL = 0.25
"""The part of those nights in which a share above the floor makes such a share usual."""


@dataclass(frozen=True)
class NightFigures:
    """The fate of the files that the snapshot before had; a file is whatever is no directory.

    before: how many it had. changed: of another content. removed: gone, without those that were renamed. renamed: of
    the same content, time and size, under another path. attributes: of the same content, with another mode, owner or
    time. extension: the one that most renamed files got anew, "" for none; extended: how many those are.
    """

    before: int
    changed: int = 0
    removed: int = 0
    renamed: int = 0
    attributes: int = 0
    extension: str = ""
    extended: int = 0

    @property
    def share(self) -> float:
        """The part of the files before that changed or went, 0 to 1."""
        return min(1.0, (self.changed + self.removed) / self.before) if self.before else 0.0

    @property
    def is_small(self) -> bool:
        """Whether so few files were touched that no rule is asked."""
        return max(self.changed + self.removed, self.extended) < FEWEST_FILES


class Alarm(StrEnum):
    """The tripwire's word on a night."""

    NOT_COMPARED = "NotCompared"
    CALM = "Calm"
    TRIPPED = "Tripped"


@dataclass(frozen=True)
class Verdict:
    """The tripwire's verdict: its alarm, why, and by which figures; None where nothing was compared."""

    alarm: Alarm
    reason: str
    figures: NightFigures | None = None

    @property
    def trips(self) -> bool:
        """Whether nothing older may be dropped."""
        return self.alarm is Alarm.TRIPPED


def not_compared(why: str) -> Verdict:
    """No comparison tonight, which is no proof of anything."""
    return Verdict(Alarm.NOT_COMPARED, f"No comparison tonight: {why}.")


def judge(figures: NightFigures, shares: Sequence[float]) -> Verdict:
    """Judge a night by the shares of those before it, the newest last; those of the last 60 count."""
    known = shares[-MOST_NIGHTS:]
    if figures.is_small:
        return Verdict(Alarm.CALM, f"Fewer than {FEWEST_FILES} files were touched.", figures)
    if why := _mass_change(figures, known) or _mass_rename(figures, known):
        return Verdict(Alarm.TRIPPED, why, figures)
    return Verdict(Alarm.CALM, f"{_told(figures)}: no more than is usual, or than 20 %.", figures)


def foretold(files: int, added: int, changed: int, removed: int) -> str:
    """A sentence where a backup may be a mass change; "" where it cannot. files: how many the source has by now.

    What was renamed is among the added and the removed: nobody has read anything yet.
    """
    figures = NightFigures(max(0, files - added) + removed, changed, removed)
    if figures.is_small or figures.share < LOWER_FLOOR:
        return ""
    return f"{_told(figures)}: if the backup finds a mass change in that, it drops nothing, and holds what is older."


def _mass_change(figures: NightFigures, known: Sequence[float]) -> str:
    """Why it is a mass change; "" where it is none."""
    share = figures.share
    if share >= FLOOR:
        return "" if _is_usual(known) else f"{_told(figures)}, which is half of them or more"
    if share < LOWER_FLOOR or len(known) < FIRST_NIGHTS:
        return ""
    second = sorted(known)[-2]
    if share <= TIMES * second:
        return ""
    return (
        f"{_told(figures)}; the second largest share of the last {counted(len(known), 'night')} was {percent(second)}"
    )


def _is_usual(known: Sequence[float]) -> bool:
    """Whether whoever looks after this tree has seen such nights before, again and again."""
    return len(known) >= FIRST_NIGHTS and sum(share >= FLOOR for share in known) >= USUAL * len(known)


def _mass_rename(figures: NightFigures, known: Sequence[float]) -> str:
    """Why renames to one new extension are a mass change; "" where they are none."""
    floor = LOWER_FLOOR if len(known) >= FIRST_NIGHTS else FLOOR
    if not figures.extension or figures.extended < FEWEST_FILES or figures.extended < floor * figures.before:
        return ""
    share = percent(figures.extended / figures.before)
    return f"{figures.extended:,} of {counted(figures.before, 'file')} ({share}) were renamed to .{figures.extension}"


def _told(figures: NightFigures) -> str:
    return (
        f"{percent(figures.share)} of {counted(figures.before, 'file')} changed or went"
        f" ({figures.changed:,} with another content, {figures.removed:,} gone)"
    )


def percent(share: float) -> str:
    """A share, 0 to 1, for people: never rounded up to all."""
    return f"{int(share * 1000) / 10:g} %"
