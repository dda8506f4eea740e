"""A large file, copied beside the partial so that the next backup continues where this one is cut off.

What is copied lies in a directory of our own until it is whole. Beside it stands how far it has reached the disk: that
much, and no more, is believed. It is named by what the source's file is now: of another version nothing is continued.
"""

import os
import stat
import time

from efs_backup.copy_worker.beneath import LISTING, PASSING, make_below, open_below
from efs_backup.copy_worker.hashing import LATE, READING, new_hash
from efs_backup.copy_worker.new_entry import check_owner
from efs_backup.copy_worker.rules import is_equal
from efs_backup.copy_worker.throttle import OPERATIONS_OF_A_MEBIBYTE

try:
    from _blake2 import blake2b  # hashlib's own; hashlib itself takes ten milliseconds to import
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.roots import Roots
    from efs_backup.copy_worker.rules import Attributes

_CONTINUING = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 1024 * 1024
_FLUSH_SECONDS = 2.0
_MODE = 0o600
_NAME_BYTES = 100
_ALL = 2**64 - 1
_UNTIL = b".until"


def key_of(path: str, found: os.stat_result) -> bytes:
    """The name under which a file is continued: of its path and of the version that was found of it.

    The ctime tells a version from another one of the same size and mtime.
    """
    version = "-".join(
        f"{number & _ALL:x}" for number in (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
    )
    return f"{_digest(path)}-{version}-".encode() + os.fsencode(path.rpartition("/")[2])[:_NAME_BYTES]


def _digest(path: str) -> str:
    return blake2b(os.fsencode(path), digest_size=8).hexdigest()


class LargeFile:
    """One large regular file without holes; `listed` is what was found of it."""

    def __init__(self, roots: "Roots", path: str, listed: "Attributes") -> None:
        self._roots = roots
        self._path = path
        self._above, _, self._name = path.rpartition("/")
        self._listed = listed
        self._place = roots.unfinished
        self._key = b""
        self.sha256 = b""
        """Of a file that was copied, where that is wanted; LATE of one that an earlier backup has begun."""

    def copy(self) -> bool:
        """Copy or go on, and put it in its place; False where it is not what was listed, or cannot be read or kept.

        Raises OSError where the backup is full.
        """
        with_source = open_below(self._roots.source, self._above, PASSING)
        try:
            reading = os.open(self._name, READING, dir_fd=with_source)
        finally:
            os.close(with_source)
        try:
            opened = os.fstat(reading)
            self._key = key_of(self._path, opened)
            self._forget_other_versions()
            if not is_equal(opened, self._listed) or not self._fill(reading):
                return False
            if os.fstat(reading).st_ctime_ns != opened.st_ctime_ns:
                return False  # it was written to meanwhile, whatever its mtime says
        finally:
            os.close(reading)
        return self._put_in_place()

    def _fill(self, reading: int) -> bool:
        """Copy what is missing; False where the file is shorter than it was."""
        writing = self._open_alone()
        try:
            done = min(self._until(), os.fstat(writing).st_size)
            os.ftruncate(writing, done)
            sha256 = new_hash() if self._roots.proves and not done else None
            os.lseek(reading, done, os.SEEK_SET)
            os.lseek(writing, done, os.SEEK_SET)
            flushed = time.monotonic()
            while done < self._listed.st_size:
                if self._roots.is_stopping:
                    self._note(writing, done)
                    return False
                self._roots.throttle.pay(OPERATIONS_OF_A_MEBIBYTE)
                content = os.read(reading, min(_BLOCK, self._listed.st_size - done))
                if not content:
                    return False
                done += len(content)
                if sha256:
                    sha256.update(content)
                while content:
                    content = content[os.write(writing, content) :]
                if time.monotonic() - flushed >= _FLUSH_SECONDS:
                    self._note(writing, done)
                    flushed = time.monotonic()
            self._dress(writing)
            os.fdatasync(writing)  # with two names, as it has for a moment, it passes for one that a snapshot has, too
            self.sha256 = sha256.digest() if sha256 else LATE
        finally:
            os.close(writing)
        return True

    def _open_alone(self) -> int:
        """The file to go on with, of this name alone: what was put in its place already is never written to again."""
        writing = os.open(self._key, _CONTINUING, _MODE, dir_fd=self._place)
        found = os.fstat(writing)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            return writing
        os.close(writing)
        self._forget(self._key, self._key + _UNTIL)
        return os.open(self._key, _CONTINUING | os.O_EXCL, _MODE, dir_fd=self._place)

    def _until(self) -> int:
        try:
            noted = os.open(self._key + _UNTIL, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._place)
        except FileNotFoundError:
            return 0
        try:
            said = os.read(noted, 32)
        finally:
            os.close(noted)
        return int(said) if said.isdigit() else 0

    def _note(self, writing: int, done: int) -> None:
        """Note how far the file is on the disk; whole or not at all."""
        os.fdatasync(writing)
        unfinished = self._key + _UNTIL + b".new"
        noting = os.open(unfinished, _PLAIN, _MODE, dir_fd=self._place)
        try:
            os.write(noting, b"%d" % done)
            os.fdatasync(noting)
        finally:
            os.close(noting)
        os.rename(unfinished, self._key + _UNTIL, src_dir_fd=self._place, dst_dir_fd=self._place)

    def _dress(self, writing: int) -> None:
        """Owner, then mode, which a change of the owner takes bits from."""
        made = os.fstat(writing)
        if (made.st_uid, made.st_gid) != (self._listed.st_uid, self._listed.st_gid):
            os.fchown(writing, self._listed.st_uid, self._listed.st_gid)
            check_owner(os.fstat(writing), self._listed)
        os.fchmod(writing, stat.S_IMODE(self._listed.st_mode))

    def _put_in_place(self) -> bool:
        """Times come after the close, which may refuse what was written; what has them passes for whole."""
        times = (self._listed.st_atime_ns, self._listed.st_mtime_ns)
        os.utime(self._key, ns=times, dir_fd=self._place, follow_symlinks=False)
        target = make_below(self._roots.target, self._above, stat.S_IRWXU)[0]
        try:
            os.link(self._key, self._name, src_dir_fd=self._place, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError:
            return False
        finally:
            os.close(target)
        self._forget(self._key, self._key + _UNTIL)
        return True

    def _forget_other_versions(self) -> None:
        """Remove what was begun of another version; where contents are to be compared, what was begun at all."""
        listing = open_below(self._place, "", LISTING)
        try:
            names = [os.fsencode(name) for name in os.listdir(listing)]
        finally:
            os.close(listing)
        kept = b"" if self._roots.with_content else self._key
        mine = [name for name in names if name.startswith(f"{_digest(self._path)}-".encode())]
        self._forget(*(name for name in mine if not kept or not name.startswith(kept)))

    def _forget(self, *names: bytes) -> None:
        for name in names:
            try:
                os.unlink(name, dir_fd=self._place)
            except FileNotFoundError:
                continue
