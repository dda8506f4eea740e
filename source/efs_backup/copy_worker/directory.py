"""One directory of the source brought up to date in the target: what is equal stays, what is not is made anew.

Nothing that exists is ever opened for writing, or given other attributes, but a directory: it may be a name of a file
that a published snapshot has too.
"""

import errno
import os
import stat
from itertools import islice

from efs_backup.copy_worker.beneath import LISTING, PASSING, make_below
from efs_backup.copy_worker.blocks import slice_of
from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.facts import (
    DirectoryFacts,
    directory_facts,
    is_frozen,
    known,
    open_to_owner,
    refused_attributes,
    set_directory_attributes,
)
from efs_backup.copy_worker.left_out import CLOSED
from efs_backup.copy_worker.new_entries import NewEntries, Stuck
from efs_backup.copy_worker.proof import DirectoryProof, Names
from efs_backup.copy_worker.receipts import SOURCE, TARGET, Receipt
from efs_backup.copy_worker.rules import first_mode
from efs_backup.copy_worker.throttle import NAMES_IN_A_REQUEST
from efs_backup.copy_worker.trash import to_trash

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from efs_backup.copy_worker.blocks import KnownBlock
    from efs_backup.copy_worker.facts import Known
    from efs_backup.copy_worker.roots import Roots

MOST_AT_ONCE = 65_536
"""Names of a directory that are in memory at a time; those of a larger one are gone through in several slices."""

_MOST_BYTES_OF_A_NAME = 256
"""In a directory, as far as its size tells anything about its names."""

_NAMES_A_RECEIPT = 4_096
_SORTED_AT_ONCE = 4_096
_OPERATIONS_TO_OPEN = 3
"""Of a directory in the target: a name looked up, the directory opened, or made, and its attributes asked for."""

UNKNOWN: "tuple[int, ...]" = ()
"""The facts of a directory in the target of which nobody knows whether it is there."""


def _by_inode(entries: "Iterator[os.DirEntry[str]]") -> "Iterator[os.DirEntry[str]]":
    """Give names in the order in which a local disk most often has their attributes and contents."""
    while some := [*islice(entries, _SORTED_AT_ONCE)]:
        yield from sorted(some, key=os.DirEntry.inode)


def slices_of(met: int) -> int:
    """How many slices a directory of so many names is gone through in."""
    return 1 + 2 * met // MOST_AT_ONCE if met > MOST_AT_ONCE else 1


class Listing:
    """The target's names in one slice of a directory, of `slices` in all."""

    __slots__ = ("directories", "files", "slices")

    def __init__(self, slices: int = 1) -> None:
        self.files: dict[str, Known] = {}
        self.directories: dict[str, tuple[int, ...]] = {}
        self.slices = slices

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there."""
        return not (self.files or self.directories)


class DirectoryCopy:
    """The names of one directory. `wanted` are its facts in the source, `there` those in the target, None for none.

    before: its blocks in the manifest of the snapshot before.
    """

    def __init__(
        self, roots: "Roots", path: str, wanted: "tuple[int, ...]", there: "tuple[int, ...] | None", flags: int,
        before: "tuple[KnownBlock, ...]" = (),
    ) -> None:  # fmt: skip
        self._roots = roots
        self._path = path
        self._prefix = f"{path}/" if path else ""
        self._wanted = wanted
        self._there = there
        self._is_closed = bool(flags & CLOSED)
        self._compared = roots.compared
        self._before = before
        self._receipt = Receipt()
        self._is_reported = False

    def run(self, report: "Callable[[Receipt], None]") -> Receipt:
        """Bring it up to date; the last receipt, after those that `report` gets of a large directory.

        Raises OSError of the target's side where it is not about a single name, and Stuck of the root.
        """
        try:
            source = self._roots.opened(self._roots.source, self._path)
        except OSError as error:
            return self._without_source(error)
        try:
            try:
                self._fill(source, report)
            except Stuck as stuck:
                self._begin_anew(stuck)
                self._fill(source, report)
        finally:
            os.close(source)
        return self._receipt

    def _fill(self, source: int, report: "Callable[[Receipt], None]") -> None:
        target = self._open_target()
        try:
            self._bring_up_to_date(source, target, report)
            self._leave_if_done(target)
            self._refuse_frozen(target)
        finally:
            os.close(target)

    def _begin_anew(self, stuck: Stuck) -> None:
        """Have a new directory instead of one that holds what cannot be removed; that goes to the trash as a whole."""
        if not self._path:
            raise stuck
        try:
            self.discard()
        except PermissionError as error:  # as of an immutable one
            raise Stuck(error) from stuck
        self._there, self._receipt = None, Receipt()
        self._receipt.is_discarded = True

    def _without_source(self, error: OSError) -> Receipt:
        """Have nothing of a directory that is gone, and an empty one of what cannot be listed."""
        is_gone = error.errno in NOT_THERE
        if self._roots.replaces and self._there is not None:
            self.discard()
            self._receipt.is_discarded = True
        self._receipt.is_gone = is_gone
        if not is_gone:
            self._receipt.troubles.append(("", SOURCE, error.errno or 0, f"cannot be listed: {error.strerror}"))
            if self._path and self._roots.replaces:
                os.close(make_below(self._roots.target, self._path, stat.S_IRWXU)[0])
                self._receipt.is_changed = True
        return self._receipt

    def discard(self) -> None:
        """Move the directory in the target to the trash. Raises OSError."""
        above, _, name = self._path.rpartition("/")
        if not self._path:
            return
        around = self._roots.opened_to_change(above, PASSING)
        try:
            to_trash(self._roots.trash, around, name)
        except FileNotFoundError:
            pass
        finally:
            os.close(around)

    def _open_target(self) -> int:
        """A descriptor to list and fill it; it is made where it is missing."""
        self._roots.throttle.pay(_OPERATIONS_TO_OPEN)
        if self._there:
            try:
                return self._open_known(self._there[0])
            except FileNotFoundError:
                self._there = None
        mode = first_mode(self._wanted[0]) if self._roots.replaces else stat.S_IRWXU
        made, is_new = self._make(mode)
        try:
            self._there = None if is_new else UNKNOWN
            return os.open(".", LISTING, dir_fd=made) if is_new else self._open_known(0)
        finally:
            os.close(made)

    def _open_known(self, mode: int) -> int:
        """Open a directory to list it, whatever mode it had.

        Let us fill one of the partial that has its final mode already; root needs no mode for that.
        """
        roots = self._roots
        if roots.replaces and not roots.is_root and mode & stat.S_IRWXU != stat.S_IRWXU:
            passing = roots.opened_to_change(self._path, PASSING)
            try:
                self._receipt.is_changed |= open_to_owner(passing)
            finally:
                os.close(passing)
        return roots.opened_to_change(self._path, LISTING)

    def _make(self, mode: int) -> tuple[int, bool]:
        try:
            return make_below(self._roots.target, self._path, mode)
        except NotADirectoryError:
            if not self._roots.replaces or not self._path:
                raise
        above, _, name = self._path.rpartition("/")
        around = self._roots.opened_to_change(above, PASSING)
        try:
            os.unlink(name, dir_fd=around)
        finally:
            os.close(around)
        return make_below(self._roots.target, self._path, mode)

    def _bring_up_to_date(self, source: int, target: int, report: "Callable[[Receipt], None]") -> None:
        there = Listing() if self._there is None else self._list_target(target)
        is_empty = there.is_empty and there.slices == 1
        there.slices = max(there.slices, self._slices_of(source, there))
        entries = NewEntries(self._roots, self._path, source, target, self._receipt)
        proof = DirectoryProof(self._roots, self._path, self._wanted, self._before, entries)
        slices = there.slices
        for number in range(slices):
            if slices > 1 and not is_empty:
                there = self._list_target(target, slices, number)
            entries.names = names = Names() if self._roots.proves else None
            for batch in self._look(source, there, entries, number):
                entries.make(batch)
                if self._receipt.files + len(self._receipt.below) >= _NAMES_A_RECEIPT:
                    self._report(report, entries)
            if names:
                self._receipt.proofs.append(proof.prove(names, number, slices).packed())
        if self._there is None:
            entries.learn_names(len(self._receipt.below))

    def _slices_of(self, source: int, there: Listing) -> int:
        """How many slices a directory needs that has far more names in the source, by a count where it looks large."""
        size, known = os.fstat(source).st_size, len(there.files) + len(there.directories)
        if not self._roots.proves or size < MOST_AT_ONCE or known > size // _MOST_BYTES_OF_A_NAME:
            return 1
        with os.scandir(source) as entries:
            met = sum(1 for _ in entries)
        self._roots.throttle.pay(met // NAMES_IN_A_REQUEST)
        return slices_of(met)

    def _report(self, report: "Callable[[Receipt], None]", entries: NewEntries) -> None:
        is_changed, self._is_reported = self._receipt.is_changed, True
        report(self._receipt)
        self._receipt = entries.receipt = Receipt()
        self._receipt.is_changed = is_changed

    def _list_target(self, target: int, slices: int = 1, number: int = 0) -> "Listing":
        """List what the target has of a slice of the names, and count how many slices there have to be.

        Names are shared out by their hashes, so that source and target are shared out alike.
        """
        compared, found, met = self._compared, Listing(slices), 0
        with os.scandir(target) as entries:
            for entry in entries:
                met += 1
                if slices > 1 and slice_of(os.fsencode(entry.name), slices) != number:
                    continue
                if met > MOST_AT_ONCE and slices == 1:
                    continue  # only counted
                attributes = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(attributes.st_mode):
                    found.directories[entry.name] = directory_facts(attributes)
                else:
                    found.files[entry.name] = known(attributes, compared)
        self._roots.throttle.pay(met // NAMES_IN_A_REQUEST)
        found.slices = slices_of(met) if slices == 1 else slices
        return found

    def _look(
        self, source: int, there: "Listing", entries: NewEntries, number: int
    ) -> "Iterator[list[tuple[str, os.stat_result]]]":
        """Compare the names of a slice; give those that are to be made, in batches.

        What the target has and the source has not is removed before the first batch is given, unless nothing was there,
        or so much is missing that it would fill the memory.
        """
        missing: list[tuple[str, os.stat_result]] = []
        is_empty, kept, files = there.is_empty, entries.keeps, there.files
        for name, found in self._source_entries(source, there.slices, number):
            if stat.S_ISDIR(found.st_mode):
                self._go_down(name, found, there, entries)
                continue
            self._receipt.files += 1
            before = files.pop(name, None)
            if before is not None and kept(name, found, before):
                continue
            is_directory = there.directories.pop(name, None) is not None
            if (is_directory or before is not None) and not entries.clears(name, found, is_directory=is_directory):
                continue
            missing.append((name, found))
            if len(missing) >= (_NAMES_A_RECEIPT if is_empty else MOST_AT_ONCE):
                yield missing
                missing = []
        if self._roots.replaces:
            entries.remove_all(files, there.directories)
        yield missing

    def _source_entries(self, source: int, slices: int, number: int) -> "Iterator[tuple[str, os.stat_result]]":
        """List what the source has of a slice of the names, with attributes, but for what is left out."""
        if self._is_closed:
            return
        left_out, met = self._roots.left_out, 0
        try:
            with os.scandir(source) as entries:
                for entry in _by_inode(entries) if self._roots.sorts else entries:
                    met += 1
                    if slices > 1 and slice_of(os.fsencode(entry.name), slices) != number:
                        continue
                    if left_out.has_names and left_out(self._prefix + entry.name, entry, self._receipt):
                        continue
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except OSError as error:
                        self._miss(entry.name, error)
                        continue
                    yield entry.name, found
        except OSError as error:
            self._receipt.troubles.append(("", SOURCE, error.errno or 0, f"cannot be listed: {error.strerror}"))
        self._roots.throttle.pay(met // NAMES_IN_A_REQUEST)

    def _miss(self, name: str, error: OSError) -> None:
        if error.errno not in NOT_THERE:
            self._trouble(name, SOURCE, error)

    def _go_down(self, name: str, found: os.stat_result, there: "Listing", entries: NewEntries) -> None:
        facts = there.directories.pop(name, None)
        if facts is None and there.files.pop(name, None) is not None and self._roots.replaces:
            entries.remove(name)
        flags = self._roots.left_out.flags(self._prefix + name, found)
        self._receipt.is_changed |= facts is None
        self._receipt.below.append((name, directory_facts(found), facts, flags))

    def _leave_if_done(self, target: int) -> None:
        """Give it its attributes at once where nothing more will be done in it."""
        receipt = self._receipt
        if not self._path or self._is_reported or receipt.below or receipt.has_work_left():
            receipt.is_changed |= not self._is_right()
            return
        receipt.is_left = True
        if receipt.is_changed or not self._is_right():
            self._give_attributes(target)

    def leave(self, target: int) -> Receipt:
        """Give the open directory in the target its attributes, when all is done in it and below it."""
        self._give_attributes(target)
        self._refuse_frozen(target)
        return self._receipt

    def _refuse_frozen(self, target: int) -> None:
        """Raise Stuck where something could not be done and the directory is immutable or append-only (chattr)."""
        receipt, may_be = self._receipt, self._roots.replaces and self._there is not None
        refused = (number for _, side, number, _ in receipt.troubles if side == TARGET)
        if may_be and (receipt.has_work_left() or errno.EPERM in refused) and is_frozen(target):
            raise Stuck(PermissionError(errno.EPERM, "it is immutable or append-only", self._path))

    def _is_right(self) -> bool:
        """Tell whether the directory had the right attributes when its parent was listed."""
        wanted, there, step = self._wanted, self._there, self._roots.time_step_ns
        if not there or wanted[0] != there[0] or wanted[3] // step != there[3] // step:
            return False
        return wanted[1:3] == there[1:3] or not self._roots.is_root

    def _give_attributes(self, target: int) -> None:
        self._roots.throttle.pay(2)
        try:
            set_directory_attributes(target, DirectoryFacts(self._wanted))
        except PermissionError as error:
            text = refused_attributes(self._wanted, error.strerror or str(error))
            self._receipt.troubles.append(("", TARGET, error.errno or 0, text))

    def _trouble(self, name: str, side: str, error: OSError) -> None:
        self._receipt.troubles.append((name, side, error.errno or 0, error.strerror or str(error)))
