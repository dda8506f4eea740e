"""New entries: the names of one directory that stay, are removed, linked, written, or left to others."""

import errno
import os
import stat

from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.new_entry import make_symlink, read_alike, write_small
from efs_backup.copy_worker.references import WORTH_A_LISTING, ReferenceDirectory
from efs_backup.copy_worker.rules import LARGE, SYMLINK, WRITE, way_of
from efs_backup.copy_worker.trash import to_trash

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable

    from efs_backup.copy_worker.facts import Known
    from efs_backup.copy_worker.proof import Names
    from efs_backup.copy_worker.receipts import Receipt
    from efs_backup.copy_worker.roots import Roots

    Found = tuple[str, os.stat_result]

_OPERATIONS = {WRITE: 5, SYMLINK: 3}
"""Of a new entry whose owner is that of this process: of a file open, read, create, write and times."""


class Stuck(Exception):
    """A name of the target cannot be removed: this directory of it cannot be brought up to date."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class NewEntries:
    """The names of one directory, which is open in source and target."""

    def __init__(self, roots: "Roots", path: str, source: int, target: int, receipt: "Receipt") -> None:
        self._roots = roots
        self._path = path
        self._throttle = roots.throttle
        self.source = source
        self.target = target
        self.receipt = receipt
        self.names: Names | None = None
        """The outcome of the names, where that is to be proved."""

    def keeps(self, name: str, found: os.stat_result, before: "Known") -> bool:
        """Tell whether the target has the file as the source has it, and count it then."""
        roots = self._roots
        if before[0] != roots.compared(found) or before[1] in roots.damaged or not self._is_trusted(found, before):
            return False
        if not roots.keeps_group(found, before[5]):
            return False
        if not self._has_same_content(self.target, name, found):
            return False
        self.receipt.kept += roots.makes or before[2] > 1  # else somebody else has just made it
        self._count(found)
        self._note_inode(name, found, before[1], before[2])
        if self.names:
            self.names.there.append((name, found, before[1], before[2], None))
        return True

    def _is_trusted(self, found: os.stat_result, before: "Known") -> bool:
        """Tell whether the file is known to be on the disk.

        What another backup began is so if it is older than its last flush, or if a published snapshot has it too: then
        it has a second name, which another name of the source's own file would also be.
        """
        until = self._roots.trusted_until_ns
        return until is None or before[3] < until or (before[2] > 1 and found.st_nlink == 1)

    def _has_same_content(self, place: int, name: str, found: os.stat_result) -> bool:
        """Compare what attributes do not tell: a symlink's text, and where it was asked for a file's content."""
        if stat.S_ISLNK(found.st_mode):
            self._throttle.pay(2)
            try:
                return os.readlink(name, dir_fd=self.source) == os.readlink(name, dir_fd=place)
            except OSError:
                return False
        if not self._roots.with_content or not stat.S_ISREG(found.st_mode):
            return True
        self._throttle.pay(4)
        try:
            return read_alike(self.source, place, name, self._throttle)
        except OSError:
            return False

    def clears(self, name: str, found: os.stat_result, *, is_directory: bool) -> bool:
        """Remove what differs, to be made anew; False where that is left to others. Raises as `remove_all`."""
        if not self._roots.replaces:
            self._leave_to_others(name, found)
            return False
        self.remove(name, is_directory=is_directory)
        return True

    def remove_all(self, files: "Iterable[str]", directories: "Iterable[str]") -> None:
        """Remove what the source has not. Raises Stuck, and OSError where the target is full or cannot be written."""
        for name in files:
            self.remove(name)
        for name in directories:
            self.remove(name, is_directory=True)

    def remove(self, name: str, *, is_directory: bool = False) -> None:
        """Remove a name. Raises as `remove_all`."""
        try:
            self._remove(name, is_directory=is_directory)
        except OSError as error:
            if error.errno in NO_SPACE or error.errno == errno.EROFS:
                raise
            raise Stuck(error) from error

    def _remove(self, name: str, *, is_directory: bool) -> None:
        self._throttle.pay()
        self.receipt.is_changed = True
        try:
            if is_directory:
                to_trash(self._roots.trash, self.target, name)
            else:
                os.unlink(name, dir_fd=self.target)
        except FileNotFoundError:
            return

    def make(self, missing: "list[Found]") -> None:
        """Link or make these names. Raises OSError where the target is full."""
        if not missing:
            return
        self.receipt.is_changed = True
        if not self._roots.makes:
            for name, found in missing:
                self._leave_to_others(name, found)
            return
        for reference in self._roots.references:
            if missing:
                missing = self._link_from(reference, missing)
        for name, found in missing:
            self._make_anew(name, found)

    def learn_names(self, directories: int) -> None:
        """Have the kernel know the names of so many directories in the references, which are opened next."""
        for root in self._roots.references if directories >= WORTH_A_LISTING else ():
            try:
                with ReferenceDirectory(self._roots, root, self._path) as reference:
                    reference.learn_names(directories)
            except OSError:
                continue

    def _link_from(self, root: int, missing: "list[Found]") -> "list[Found]":
        """Link what the reference has; give what it has not. A reference that cannot be read has nothing."""
        try:
            reference = ReferenceDirectory(self._roots, root, self._path)
        except OSError:
            return missing
        with reference:
            wanted = dict(missing)
            for name, before in reference.look(wanted):
                found = wanted[name]
                is_same = self._is_equal(found, before) and self._has_same_content(reference.descriptor, name, found)
                if is_same and self._link(reference.descriptor, name, found, before):
                    del wanted[name]
        return [*wanted.items()]

    def _is_equal(self, found: os.stat_result, before: os.stat_result) -> bool:
        roots = self._roots
        is_same = roots.compared(before) == roots.compared(found) and roots.keeps_group(found, before.st_gid)
        return is_same and before.st_ino not in roots.damaged

    def _link(self, place: int, name: str, found: os.stat_result, before: os.stat_result) -> bool:
        """False where the link is refused, most often because the file has as many as the file system allows."""
        self._throttle.pay()
        try:
            os.link(name, name, src_dir_fd=place, dst_dir_fd=self.target, follow_symlinks=False)
        except FileExistsError:
            self._doubt(name, found)
            return True
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
            return False
        self.receipt.linked += 1
        self._count(found)
        self._note_inode(name, found, before.st_ino, before.st_nlink + 1)
        if self.names:
            self.names.there.append((name, found, before.st_ino, before.st_nlink + 1, None))
        return True

    def _note_inode(self, name: str, found: os.stat_result, inode: int, links: int) -> None:
        if links > 1:
            self.receipt.inodes += inode.to_bytes(8, "little")
        if found.st_nlink > 1:
            self.receipt.groups.append((found.st_dev, found.st_ino, name, inode))

    def _make_anew(self, name: str, found: os.stat_result) -> None:
        way = way_of(found) if self._roots.can_make(found) else ""
        if found.st_nlink > 1:
            self.receipt.groups.append((found.st_dev, found.st_ino, name, 0))
        if way == LARGE and self._roots.unfinished >= 0:
            self.receipt.large.append((name, found.st_size))
            self._leave(name, found)
            return
        try:
            made = self._make(way, name, found)
        except FileExistsError:
            self._doubt(name, found)
            return
        if made:
            if self.names:
                self.names.there.append((name, found, made[0], 1, made[1]))
            self._count(found)
            self.receipt.transferred += way == WRITE
            self.receipt.transferred_size += found.st_size if way == WRITE else 0
        else:
            self.receipt.rest.append((name, found.st_size))
            self._leave(name, found)

    def make_over(self, name: str, found: os.stat_result) -> None:
        """Make anew what has another content than its size and mtime say. Raises as `remove_all`."""
        self.receipt.rewritten += 1
        self.receipt.kept -= 1
        self.receipt.size -= found.st_size
        if not self._roots.makes:
            self._leave_to_others(name, found)
            return
        self.remove(name)
        self._make_anew(name, found)

    def _leave(self, name: str, found: os.stat_result) -> None:
        """Have a name proved when others have brought it."""
        if self.names:
            self.names.left.append((name, found))

    def _make(self, way: str, name: str, found: os.stat_result) -> tuple[int, bytes] | None:
        """(inode, SHA-256), or None where others have to do it.

        Raises FileExistsError, and OSError where no space is left.
        """
        is_given_away = (found.st_uid, found.st_gid) != self._roots.user
        self._throttle.pay(_OPERATIONS.get(way, 0) + is_given_away)
        try:
            if way == WRITE:
                return write_small(self.source, self.target, name, found, hashes=self._roots.proves)
            if way == SYMLINK:
                return make_symlink(self.source, self.target, name, found), b""
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
        return None

    def _doubt(self, name: str, found: os.stat_result) -> None:
        """Have a name looked at afterwards that somebody else has made in the meantime."""
        self._count(found)
        self.receipt.doubtful.append(name)
        self._leave(name, found)

    def _leave_to_others(self, name: str, found: os.stat_result) -> None:
        self.receipt.rest.append((name, found.st_size))
        self._leave(name, found)
        if found.st_nlink > 1:
            self.receipt.groups.append((found.st_dev, found.st_ino, name, 0))

    def _count(self, found: os.stat_result) -> None:
        if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
            self.receipt.size += found.st_size
