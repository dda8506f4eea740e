"""Lineage: from which snapshot the changes of each night begin, so that one snapshot is known from another."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from efs_backup.domain.humanize import counted

_NAMED = 3


@dataclass(frozen=True)
class Step:
    """A night whose changes lead from one snapshot to another; is_forward: they are done, else undone."""

    night: str
    is_forward: bool


@dataclass(frozen=True)
class Lineage:
    """The snapshots of a series, by name, those that are gone too.

    since: of each night whose changes can be read, the snapshot that they begin from; None: from nothing. kept: the
    snapshots that are there. proven: those of them that have a manifest.
    """

    since: Mapping[str, str | None]
    kept: Collection[str] = ()
    proven: Collection[str] = ()

    @cached_property
    def names(self) -> list[str]:
        """All of which something is told, the oldest first."""
        return sorted({*self.since, *filter(None, self.since.values()), *self.kept})

    @cached_property
    def without(self) -> list[str]:
        """The snapshots that are there, and of which nothing is stored, the oldest first."""
        bases = {*self.since.values()}
        return sorted(name for name in self.kept if name not in {*self.since, *self.proven, *bases})

    def at(self, time: str) -> str | None:
        """The newest snapshot of this name or an older one; None where all are younger."""
        behind = bisect_right(self.names, time)
        return self.names[behind - 1] if behind else None

    def ancestors(self, name: str) -> Iterator[str]:
        """The snapshot itself, and all that it is known from, the newest first."""
        at: str | None = name
        while at is not None:
            yield at
            before = self.since.get(at)
            at = before if before is not None and before < at else None

    def route(self, start: str, end: str) -> list[Step] | None:
        """The nights that lead from one snapshot to another; None where none do."""
        up, down = [*self.ancestors(start)], [*self.ancestors(end)]
        common = next((name for name in up if name in {*down}), None)
        if common is None:
            return None
        undone = (Step(name, is_forward=False) for name in up[: up.index(common)])
        done = (Step(name, is_forward=True) for name in reversed(down[: down.index(common)]))
        return [*undone, *done]

    def gaps(self, after: str = "") -> Iterator[tuple[str, str]]:
        """Pairs of snapshots, each the next one of the other, of which nobody knows what changed between them.

        after: only what begins at this name or later.
        """
        hidden = {*self.without}
        for before, name in pairwise(self.names):
            if before >= after and name not in hidden and self.since.get(name) is None:
                yield before, name

    def unknown(self, after: str = "") -> list[str]:
        """Sentences on what nobody can tell; none where everything is known."""
        nothing = [name for name in self.without if name >= after]
        told = [f"Nothing is stored of {_listed(nothing)}: neither a manifest nor changes."] if nothing else []
        gaps = (
            f"What changed from {before} to {name} is not known: the changes of {name} begin from nothing, or are gone."
            for before, name in self.gaps(after)
        )
        return [*told, *gaps]


def _listed(names: list[str]) -> str:
    more = f" and {counted(len(names) - _NAMED, 'more snapshot')}" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
