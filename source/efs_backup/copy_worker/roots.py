"""Roots: the open directories between which a worker copies, and how it is to compare and to act."""

import os
from functools import cached_property

from efs_backup.copy_worker.beneath import LISTING, open_below
from efs_backup.copy_worker.left_out import LeftOut
from efs_backup.copy_worker.rules import comparing

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from efs_backup.copy_worker.hash_store import HashStore
    from efs_backup.copy_worker.throttle import Payable

NO_ROOT = -1

COMPARES, OVERLAYS, REPLACES = "compares", "overlays", "replaces"
"""The rights of a worker over names that are not in the target as they are in the source.

compares: nothing but make directories; all else is left to others. overlays: make what is missing; what is there and
differs is left to others, who replace it at once; nothing is removed. replaces: link or make what is missing, remove
what differs and what the source has not.
"""


class Setup:
    """The setup of a worker, which it gets at its start.

    source, target, trash, unfinished: descriptors of open directories, or NO_ROOT; references: of those to link from,
    the best first. threads: how many work at a time. throttle: a descriptor to read a byte from for each operation, or
    NO_ROOT. way: COMPARES, OVERLAYS or REPLACES. time_step_ns: mtimes in the target are multiples of it. with_content:
    contents are compared too. trusted_until_ns: the ctime before which the target's files are known to be on the disk,
    but for those that a snapshot shares; None: all are. left_out: the arguments of LeftOut. sorts: names of the source
    are gone through by inode, which spares a disk its seeks; a server gives attributes together with the names as they
    come, and would be asked for each again. proves: what is in the target is written down for a manifest. base: a
    descriptor of the manifest of the snapshot before, hashes: of a hash store, or NO_ROOT. damaged: inodes of the
    target that no snapshot may get any more.
    """

    FIELDS = (
        "source", "target", "trash", "unfinished", "references", "threads", "throttle", "way", "time_step_ns",
        "with_content", "trusted_until_ns", "left_out", "sorts", "proves", "base", "hashes", "damaged",
    )  # fmt: skip
    __slots__ = FIELDS

    def __init__(self, source: int, target: int, way: str) -> None:
        self.source, self.target, self.way = source, target, way
        self.trash = self.unfinished = self.throttle = self.base = self.hashes = NO_ROOT
        self.references: Sequence[int] = ()
        self.threads = 1
        self.time_step_ns = 1
        self.with_content = self.sorts = self.proves = False
        self.damaged: tuple[int, ...] = ()
        self.trusted_until_ns: int | None = None
        self.left_out: tuple[Any, ...] = ()

    def packed(self) -> "tuple[Any, ...]":
        """The fields, as a message holds them."""
        return tuple(getattr(self, name) for name in self.FIELDS)

    @classmethod
    def of(cls, fields: "tuple[Any, ...]") -> "Setup":
        """A setup made from the fields of a message."""
        setup = cls(NO_ROOT, NO_ROOT, COMPARES)
        for name, value in zip(cls.FIELDS, fields, strict=True):
            setattr(setup, name, value)
        return setup

    def descriptors(self) -> "list[int]":
        """All descriptors that a worker has to inherit."""
        single = (self.source, self.target, self.trash, self.unfinished, self.throttle, self.base, self.hashes)
        return [one for one in (*single, *self.references) if one != NO_ROOT]


class Roots:
    """The setup, put to use by many threads."""

    def __init__(self, setup: Setup, throttle: "Payable") -> None:
        self.source, self.target, self.trash = setup.source, setup.target, setup.trash
        self.unfinished, self.references = setup.unfinished, setup.references
        self.throttle = throttle
        self.is_root = os.geteuid() == 0
        self.user = (os.geteuid(), os.getegid())
        self.groups = frozenset((*os.getgroups(), os.getegid()))
        self.compared = comparing(setup.time_step_ns, owners=self.is_root)
        self.time_step_ns, self.with_content = setup.time_step_ns, setup.with_content
        self.replaces, self.makes = setup.way == REPLACES, setup.way != COMPARES
        self.trusted_until_ns, self.sorts = setup.trusted_until_ns, setup.sorts
        self.proves, self.base, self._hashes = setup.proves, setup.base, setup.hashes
        self.damaged = frozenset(setup.damaged)
        self.is_exact = self.is_root and setup.time_step_ns == 1
        """Whether the target's names have the very attributes of the source's."""
        self.left_out = LeftOut(*setup.left_out)
        self.is_stopping = False

    @cached_property
    def hashes(self) -> "HashStore | None":
        """The hash store of a backup that was cut off; None where there is none."""
        if self._hashes == NO_ROOT:
            return None
        from efs_backup.copy_worker.hash_store import HashStore  # noqa: PLC0415 - rarely needed

        try:
            return HashStore.read(self._hashes)
        except OSError:
            return None

    def opened(self, root: int, directory: str) -> int:
        """A descriptor of a directory to list. Raises OSError."""
        self.throttle.pay(3)  # a name is looked up, the directory opened and read
        return open_below(root, directory, LISTING)

    def opened_to_change(self, directory: str, flags: int) -> int:
        """A descriptor of a directory of the target; nothing that is mounted in a partial is ever entered.

        A target that somebody uses may have file systems of its own below it. Raises OSError.
        """
        return open_below(self.target, directory, flags, within_mount=self.replaces)

    def can_make(self, found: os.stat_result) -> bool:
        """Tell whether this user can give a new file the owner that it has in the source."""
        return self.is_root or (found.st_uid == self.user[0] and found.st_gid in self.groups)

    def keeps_group(self, found: os.stat_result, group: int) -> bool:
        """Tell whether this is the group that the target can have."""
        return self.is_root or found.st_gid == group or found.st_gid not in self.groups
