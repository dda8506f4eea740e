"""Which directories of a copy are known to be whole without a look at them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from efs_backup.copy_worker.witness import Names, Witness

if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes

_NOTHING = Witness()


class Found(Protocol):
    """What tells one state of a directory from another: os.stat_result, or anything like it."""

    @property
    def st_ino(self) -> int: ...  # noqa: D102
    @property
    def st_ctime_ns(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A directory as the survey found it.

    names: of all in it that is neither a directory nor left out; below: of the directories that are not left out.
    inode, ctime and attributes are those from just before it was listed.
    """

    names: Names
    below: tuple[str, ...]
    inode: int
    ctime_ns: int
    attributes: "Attributes | None" = None

    def is_unchanged(self, found: Found) -> bool:
        """Whether the directory holds the same names still, for what comes or goes sets its ctime.

        Both times are its own server's, so no clock has to be right. Where that clock ticks coarsely a name that came
        just after the survey's listing may be overlooked: the next backup brings it.
        """
        return (found.st_ino, found.st_ctime_ns) == (self.inode, self.ctime_ns)


@dataclass(frozen=True)
class Evidence:
    """What the survey found, and what the copy says it has put in place, by the paths of the directories.

    doubted: directories that have to be looked at all the same, because something was done in them afterwards.
    """

    surveyed: Mapping[str, Surveyed] = field(default_factory=dict)
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()

    def witness(self, directory: str) -> Witness:
        """What was put in place there."""
        return self.witnesses.get(directory, _NOTHING)

    def supposed(self, directory: str) -> Surveyed | None:
        """The directory as it was surveyed, if exactly these names were put in place; None where one must look.

        So far it is the survey's state; whether it is the source's still is for `Surveyed.is_unchanged`.
        """
        known = self.surveyed.get(directory)
        if known is None or directory in self.doubted or known.names != self.witness(directory).names:
            return None
        return known

    def doubting(self, directories: Iterable[str]) -> "Evidence":
        """The same, but these have to be looked at."""
        return Evidence(self.surveyed, self.witnesses, self.doubted | frozenset(directories))
