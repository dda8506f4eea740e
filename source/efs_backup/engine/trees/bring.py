"""One name brought from a tree into another by descriptors, whatever somebody does to either meanwhile.

Slow and careful: for what rsync or a part has not brought, and for what no path can name.
"""

import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from efs_backup.copy_worker.beneath import make_below
from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.rules import has_holes
from efs_backup.domain.copying.arrival import Cause, Fidelity, Trouble, cause_in_source, cause_in_target
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.trees.tree_walk import Stopped

TRIES = 3
"""How often a name that changes while it is read is begun anew."""

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 1024 * 1024
_BLOCK_OF_HOLES = 128 * 1024
_OPERATIONS = 9
"""Of a small file: lookup, open, read, create, write, owner, mode, times, rename; as many again for each mebibyte."""


@dataclass(frozen=True)
class Brought:
    """A name that is in the target now, with the attributes that the source had when it was read."""

    attributes: os.stat_result

    @property
    def size(self) -> int:
        """The bytes of content that were read."""
        return self.attributes.st_size if stat.S_ISREG(self.attributes.st_mode) else 0


class _Changed(Exception):
    """The source's name is something else by now than it was a moment ago."""


class _Fault(Exception):
    """A name that cannot be brought; None as the cause where it has vanished."""

    def __init__(self, cause: Cause | None, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


class Bringer:
    """Brings names one by one; the target's old one is replaced only when the new one is whole.

    is_durable: and only when it is on the disk, too. mark: begins the names of what is made beside others.
    """

    def __init__(
        self, source: Tree, target: Tree, fidelity: Fidelity, should_stop: Callable[[], bool] = lambda: False,
        *, is_durable: bool = False, mark: str = "",
    ) -> None:  # fmt: skip
        self._source = source
        self._target = target
        self._fidelity = fidelity
        self._should_stop = should_stop
        self._is_durable = is_durable
        self._mark = mark

    def bring(self, path: str, was: str | None = None) -> Brought | Trouble | None:
        """Bring one name, a directory without what is in it; None where the source has it no more.

        was: its name in the source's directory, where that is another.

        Raises OSError where the target is full, and Stopped.
        """
        for _ in range(TRIES):
            self._go_on()
            try:
                return self._try(path, was)
            except _Changed:
                continue
            except _Fault as fault:
                return Trouble(path, fault.cause, fault.text) if fault.cause else None
        return Trouble(path, Cause.SHAPE, "it was changed each time that it was read")

    def _try(self, path: str, was: str | None) -> Brought:
        above, _, name = path.rpartition("/")
        was = was or name
        with ExitStack() as stack:
            with _reading():
                place = stack.enter_context(self._source.opened(above, to_list=False))
                found = os.stat(was, dir_fd=place, follow_symlinks=False)
            self._source.throttle.pay(_OPERATIONS)
            if stat.S_ISDIR(found.st_mode):
                with _writing():
                    os.close(make_below(self._target.descriptor, path, stat.S_IRWXU)[0])
            else:
                with self._target_directory(above) as to:
                    self._replace((place, was), to, name, found)
        return Brought(found)

    def _replace(self, origin: tuple[int, str], to: int, name: str, found: os.stat_result) -> None:
        """Put what the source has in a directory of its, under a name, into the place of a name of the target."""
        beside = beside_name(self._mark)
        try:
            self._make(*origin, to, beside, found)
            with _pinned(to, beside, found) as made:
                self._dress(made, found)
            with _writing():
                os.rename(beside, name, src_dir_fd=to, dst_dir_fd=to)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=to)
            raise

    def _make(self, place: int, name: str, to: int, beside: str, found: os.stat_result) -> None:
        """A new entry beside the name, with the content or text that the source has, and nothing else of it."""
        if stat.S_ISREG(found.st_mode):
            with _opened_file(place, name, found) as reading:
                self._fill(reading, to, beside, found)
        elif stat.S_ISLNK(found.st_mode):
            text = _text_of(place, name)
            with _writing():
                os.symlink(text, beside, dir_fd=to)
        else:
            with _writing():
                os.mknod(beside, stat.S_IFMT(found.st_mode) | stat.S_IRUSR, found.st_rdev, dir_fd=to)

    def _fill(self, reading: int, to: int, name: str, found: os.stat_result) -> None:
        """Make a file of the size that was found, holes kept. Raises _Changed where the source is shorter by now."""
        with _writing():
            writing = os.open(name, _MAKING, stat.S_IRUSR | stat.S_IWUSR, dir_fd=to)
        try:
            for begin, content in _blocks(reading, found):
                self._go_on()
                self._source.throttle.pay(max(1, _OPERATIONS * len(content) // _BLOCK))
                with _writing():
                    _write(writing, content, begin)
            with _writing():
                os.ftruncate(writing, found.st_size)
                if self._is_durable:
                    os.fsync(writing)
        finally:
            with _writing():
                os.close(writing)

    def _go_on(self) -> None:
        if self._should_stop():
            raise Stopped

    def _dress(self, made: int, found: os.stat_result) -> None:
        """Owner, then mode, which a change of the owner takes bits from, then times; a server may refuse silently."""
        place = f"/proc/self/fd/{made}"  # an O_PATH descriptor can be given attributes by this path alone
        with _writing():
            self._give_away(place, os.fstat(made), found)
            if not stat.S_ISLNK(found.st_mode):
                os.chmod(place, stat.S_IMODE(found.st_mode))
            os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns))
            losses = self._fidelity.losses(found, os.fstat(made))
        if losses:
            raise _Fault(Cause.REFUSED, f"the {' and '.join(losses)} could not be kept")

    def _give_away(self, place: str, made: os.stat_result, found: os.stat_result) -> None:
        if (made.st_uid, made.st_gid) == (found.st_uid, found.st_gid):
            return
        try:
            os.chown(place, found.st_uid if self._fidelity.owners else -1, found.st_gid)
        except PermissionError as error:
            if self._fidelity.owners:
                owner = f"{found.st_uid}:{found.st_gid}"
                raise _Fault(Cause.REFUSED, f"the owner {owner} could not be given: {error.strerror}") from error

    @contextmanager
    def _target_directory(self, path: str) -> Iterator[int]:
        with _writing():
            descriptor = make_below(self._target.descriptor, path, stat.S_IRWXU)[0]
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def _pinned(to: int, name: str, found: os.stat_result) -> Iterator[int]:
    """A descriptor of what was just made, so that nobody who swaps names has something else given away."""
    with _writing():
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=to)
    try:
        made = os.fstat(descriptor)
        is_ours = made.st_nlink == 1 and stat.S_IFMT(made.st_mode) == stat.S_IFMT(found.st_mode)
        if not is_ours:
            raise _Fault(Cause.REFUSED, "somebody replaced it while it was made")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened_file(place: int, name: str, found: os.stat_result) -> Iterator[int]:
    """A descriptor of the file that was found there. Raises _Changed where it is another by now."""
    with _reading():
        descriptor = os.open(name, _READING, dir_fd=place)
    try:
        opened = os.fstat(descriptor)
        if (opened.st_dev, opened.st_ino, stat.S_IFMT(opened.st_mode)) != (found.st_dev, found.st_ino, stat.S_IFREG):
            raise _Changed
        yield descriptor
    finally:
        os.close(descriptor)


def _text_of(place: int, name: str) -> str:
    """The text of a symlink. Raises _Changed where it is none by now."""
    try:
        return os.readlink(name, dir_fd=place)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise _Changed from error
        raise _Fault(cause_in_source(error.errno or 0), error.strerror or str(error)) from error


def beside_name(mark: str = "") -> str:
    """A name that nobody can foresee, for what is made beside another and renamed over it.

    mark: by which it is known again whose it is.
    """
    return f".efs-backup-{mark}{uuid.uuid4().hex}"


def is_beside(name: str, mark: str) -> bool:
    """Whether a name was made with this mark, for something that is not renamed yet."""
    return name.startswith(f".efs-backup-{mark}")


def _blocks(reading: int, found: os.stat_result) -> Iterator[tuple[int, bytes]]:
    """The content of a file in blocks, each with where it begins, without what the file system knows to be holes.

    Raises _Changed where the file is shorter by now than it was found.
    """
    most, end = _BLOCK_OF_HOLES if has_holes(found) else _BLOCK, 0
    while end < found.st_size:
        with _reading():
            begin = _next_data(reading, end, found.st_size)
            if begin >= found.st_size:
                return
            hole = os.lseek(reading, begin, os.SEEK_HOLE)
            content = os.pread(reading, min(most, hole - begin, found.st_size - begin), begin)
        if not content:
            raise _Changed
        yield begin, content
        end = begin + len(content)


def _next_data(reading: int, begin: int, size: int) -> int:
    """Where the next content is that is no hole; the size where only a hole is left."""
    try:
        return os.lseek(reading, begin, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
    if os.fstat(reading).st_size < size:
        raise _Changed
    return size


def _write(descriptor: int, content: bytes, begin: int) -> None:
    if content == bytes(len(content)):
        return  # left as a hole
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, begin)
        view, begin = view[written:], begin + written


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _Fault(cause_in_source(error.errno or 0), error.strerror or str(error)) from error


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise
        raise _Fault(cause_in_target(error.errno or 0), error.strerror or str(error)) from error
