"""Whether a name that somebody was asked to bring has arrived, and what to say of one that has not."""

import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from efs_backup.copy_worker.error_numbers import NOT_THERE, SHAPE, TARGET_SHAPE
from efs_backup.domain.errors import BackupError, CopyFailed, SourceUnreadable
from efs_backup.domain.humanize import counted
from efs_backup.domain.warnings import Warned, WarningKind

if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes

_NAMED = 3
_REMAINS = re.compile(r"\..*\.[A-Za-z0-9]{6}", re.DOTALL)
_GIVEN_AWAY = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True)
class Fidelity:
    """How exactly the target can hold what the source has.

    owners: this user can give files away. time_step_ns: the target's times are multiples of it.
    """

    owners: bool
    time_step_ns: int = 1

    def losses(self, source: "Attributes", target: "Attributes") -> tuple[str, ...]:
        """The aspects of an entry that the target has not as the source has them; a symlink's text is not compared."""
        if stat.S_IFMT(source.st_mode) != stat.S_IFMT(target.st_mode):
            return ("type",)
        pairs = {
            "size": (source.st_size == target.st_size) or not stat.S_ISREG(source.st_mode),
            "mode": self._mode(source) == self._mode(target),
            "owner": not self.owners or (source.st_uid, source.st_gid) == (target.st_uid, target.st_gid),
            "device number": source.st_rdev == target.st_rdev,
            "mtime": self._time(source) == self._time(target) or stat.S_ISLNK(source.st_mode),
        }
        return tuple(aspect for aspect, is_kept in pairs.items() if not is_kept)

    def _mode(self, attributes: "Attributes") -> int:
        """The permissions; who cannot give files away cannot keep the bits that depend on the owner."""
        if stat.S_ISLNK(attributes.st_mode):
            return 0
        return stat.S_IMODE(attributes.st_mode) & ~(0 if self.owners else _GIVEN_AWAY)

    def _time(self, attributes: "Attributes") -> int:
        return attributes.st_mtime_ns // self.time_step_ns


def may_be_remains(name: str) -> bool:
    """Whether rsync calls a file so that it has not finished: `.name.Ab12Cd`; a killed one leaves it there."""
    return _REMAINS.fullmatch(name) is not None


def was_read_before(source: "Attributes", target: "Attributes") -> bool:
    """Whether the target has an older version of a file that has changed since: copied as it was when it was read."""
    same_type = stat.S_IFMT(source.st_mode) == stat.S_IFMT(target.st_mode)
    return same_type and stat.S_ISREG(target.st_mode) and target.st_mtime_ns < source.st_mtime_ns


class Cause(Enum):
    """Why a name could not be brought."""

    UNREADABLE = "cannot be read"
    SHAPE = "cannot be copied as it is"
    REFUSED = "is refused by the backup file system"


@dataclass(frozen=True)
class Trouble:
    """One name that is not in the copy: its path below the source, the cause, and what was said."""

    path: str
    cause: Cause
    text: str

    def __str__(self) -> str:
        return f"{self.path!r} ({self.text})"


def cause_in_source(number: int) -> Cause | None:
    """The cause for an error number on the source's side; None where it means that the name has vanished."""
    if number in NOT_THERE:
        return None
    return Cause.SHAPE if number in SHAPE else Cause.UNREADABLE


def cause_in_target(number: int) -> Cause:
    """The cause for an error number on the target's side, for anything but a full file system."""
    return Cause.SHAPE if number in TARGET_SHAPE else Cause.REFUSED


def of_cause(troubles: Iterable[Trouble], cause: Cause) -> list[Trouble]:
    """Choose the troubles with this cause, in order of their paths."""
    return sorted((trouble for trouble in troubles if trouble.cause is cause), key=lambda trouble: trouble.path)


def fault_of(troubles: Sequence[Trouble], tolerated: int, source: str, target: str) -> BackupError | None:
    """The error that these troubles make, if they are more than names left out; `tolerated` unreadable ones are."""
    unreadable, refused = of_cause(troubles, Cause.UNREADABLE), of_cause(troubles, Cause.REFUSED)
    if refused:
        owners = "" if all("owner" not in trouble.text for trouble in refused) else _KEEP_OWNERS
        return CopyFailed(f"The {target} refused {counted(len(refused), 'name')}: {_named(refused)}.", owners)
    if len(unreadable) > tolerated:
        names = counted(len(unreadable), "name")
        return SourceUnreadable(f"The {source} has {names} that cannot be read: {_named(unreadable)}.")
    return None


_KEEP_OWNERS = (
    "Let root give files away: the capability CAP_CHOWN in a container, no_root_squash or no user identity of an access"
    " point on the backup's server; or run as the user to whom all files belong."
)


def warnings_of(troubles: Sequence[Trouble]) -> list[Warned]:
    """The warnings about names that were not copied, of a backup that succeeds without them or fails."""
    found = []
    for cause, kind in _KINDS.items():
        if those := of_cause(troubles, cause):
            message = f"Not copied, for it {cause.value} ({those[0].text})"
            found.append(Warned.about(kind, message, [trouble.path for trouble in those]))
    return found


_KINDS = {
    Cause.SHAPE: WarningKind.LEFT_OUT,
    Cause.UNREADABLE: WarningKind.UNREADABLE,
    Cause.REFUSED: WarningKind.REFUSED,
}


def _named(troubles: Sequence[Trouble]) -> str:
    more = f" and {len(troubles) - _NAMED:,} more" if len(troubles) > _NAMED else ""
    return ", ".join(map(str, troubles[:_NAMED])) + more
