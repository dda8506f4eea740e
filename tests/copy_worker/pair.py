"""A source and a target with open roots, and the worker's own code between them, in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from efs_backup.copy_worker.beneath import PASSING, open_below
from efs_backup.copy_worker.directory import UNKNOWN, DirectoryCopy
from efs_backup.copy_worker.facts import directory_facts
from efs_backup.copy_worker.receipts import Receipt
from efs_backup.copy_worker.roots import REPLACES, Roots, Setup
from efs_backup.copy_worker.throttle import Throttle
from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.unprivileged import NOBODY, being_nobody

UMASK = 0o077


class Pair:
    """Directories `source`, `target`, `trash`, `unfinished` and `reference`; what is set on `setup` is for all runs."""

    def __init__(self, place: Path, target: Path | None = None) -> None:
        around = target or place
        self.source, self.target, self.reference = place / "source", around / "target", around / "reference"
        self.trash, self.unfinished = around / "trash", around / "unfinished"
        self.setup = Setup(-1, -1, REPLACES)
        self.references = [self.reference]
        self.is_nobody, self.groups = False, list[int]()
        self.receipts: dict[str, list[Receipt]] = {}
        for directory in (self.source, self.target, self.reference, self.trash, self.unfinished):
            directory.mkdir(exist_ok=True)

    def both(self, path: str, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """The same file in source and target; the latter's path."""
        write(self.source / path, text, mtime_ns)
        return write(self.target / path, text, mtime_ns)

    def known(self, path: str, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """The same file in source and reference; the latter's path."""
        write(self.source / path, text, mtime_ns)
        return write(self.reference / path, text, mtime_ns)

    @contextmanager
    def roots(self) -> Iterator[Roots]:
        """Open roots, in the hands of whoever runs this."""
        places = (self.source, self.target, self.trash, self.unfinished, *self.references)
        opened = [os.open(place, os.O_PATH | os.O_DIRECTORY) for place in places]
        setup = self.setup
        setup.source, setup.target, setup.trash, setup.unfinished, *setup.references = opened
        umask = os.umask(0)
        try:
            with being_nobody(self.groups) if self.is_nobody else nullcontext():
                yield Roots(setup, Throttle())
        finally:
            os.umask(umask)
            for descriptor in opened:
                os.close(descriptor)

    def enter(
        self, path: str = "", *, there: tuple[int, ...] | None = UNKNOWN, wanted: os.stat_result | None = None,
        flags: int = 0,
    ) -> Receipt:  # fmt: skip
        """Bring one directory up to date; the last receipt."""
        facts = directory_facts(wanted or (self.source / path).lstat())
        with self.roots() as roots:
            return self._enter(roots, path, facts, there, flags)

    def walk(self) -> Receipt:
        """Bring all up to date as the walk does, each directory left when all below it is done; the root's receipt."""
        with self.roots() as roots:
            return self._descend(roots, "", directory_facts(os.fstat(roots.source)), UNKNOWN, 0)

    def _enter(
        self, roots: Roots, path: str, facts: tuple[int, ...], there: tuple[int, ...] | None, flags: int
    ) -> Receipt:
        reported = self.receipts[path] = []
        reported.append(DirectoryCopy(roots, path, facts, there, flags).run(reported.append))
        return reported[-1]

    def _descend(
        self, roots: Roots, path: str, facts: tuple[int, ...], there: tuple[int, ...] | None, flags: int
    ) -> Receipt:
        last = self._enter(roots, path, facts, there, flags)
        is_moved = False
        for name, wanted, before, odd in [found for one in self.receipts[path] for found in one.below]:
            below = self._descend(roots, f"{path}/{name}" if path else name, wanted, before, odd)
            is_moved |= below.is_discarded
        if not last.is_left and (last.is_changed or is_moved) and not last.is_gone:
            copy = DirectoryCopy(roots, path, facts, (), flags)
            descriptor = open_below(roots.target, path, PASSING)
            copy.leave(descriptor)
            os.close(descriptor)
        return last

    def belong_to_nobody(self) -> None:
        """Have all that is there belong to the user without rights, who runs what comes; modes stay."""
        self.is_nobody = True
        for place in (self.source, self.target, self.trash, self.unfinished, self.reference):
            for path in (place, *place.rglob("*")):
                mode = path.lstat().st_mode & 0o7777
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
                if not path.is_symlink():
                    path.chmod(mode)

    def total(self, field: str) -> int:
        """The sum of a field over all receipts."""
        return sum(int(getattr(one, field)) for receipts in self.receipts.values() for one in receipts)

    def assert_equal(self) -> None:
        """The target is the source, in everything that a snapshot keeps."""
        assert account(self.target) == account(self.source)
