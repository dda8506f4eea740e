"""One directory of a part: each listed name linked, made anew, or handed over to rsync. Lean, for the copy tool."""

import os
import stat
from collections.abc import Collection, Mapping

from efs_backup.copy_worker.beneath import make_below
from efs_backup.copy_worker.counters import Tally
from efs_backup.copy_worker.error_numbers import NO_SPACE, NOT_THERE
from efs_backup.copy_worker.new_entry import point_symlink, read_alike, write_small
from efs_backup.copy_worker.roots import Sides
from efs_backup.copy_worker.rules import GO_ON, HAND_OVER, POINT, WRITE, first_mode, is_equal, way_of
from efs_backup.copy_worker.source import SourceDirectory, listed
from efs_backup.copy_worker.throttling import NAMES_IN_A_REQUEST
from efs_backup.copy_worker.witness import Names, Witness, pack

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes

_OPERATIONS = {WRITE: 5, POINT: 3}
"""Of a new entry whose owner is that of this process: of a file open, read, create, write and times."""


class DirectoryCopy:
    """The names of one directory. `run` raises OSError only for the target's side: full, or something in the way."""

    def __init__(self, sides: Sides, directory: str, names: Mapping[str, bytes]) -> None:
        self.tally = Tally()
        self._placed: list[str] = []
        self._inodes = bytearray()
        self._sides = sides
        self._directory = directory
        self._names = names
        self._source = SourceDirectory(sides, directory, names)
        self._throttle = sides.throttle
        self._refused: set[str] = set()
        self._existing: set[str] = set()

    @property
    def witness(self) -> Witness:
        """What is in place that was not there before; a name that was, whoever brought it, is not witnessed."""
        names = Names()
        names.add([os.fsencode(name) for name in self._placed])
        return Witness(names, bytes(self._inodes))

    def run(self) -> None:
        """Bring every name that is still there; what cannot be looked at is left to rsync, which knows what to say."""
        if not self._names:
            os.close(self._make_target(stat.S_IRWXU)[0])
            return
        try:
            if surveyed := self._sides.references and self._source.surveyed():
                self._bring(surveyed, is_surveyed=True)
            elif found := self._look(self._names):
                self._bring(found)
        finally:
            self._source.close()

    def _look(self, names: Collection[str]) -> "dict[str, Attributes]":
        try:
            found, unreadable = self._source.look(names)
        except OSError as error:
            found, unreadable = {}, [] if error.errno in NOT_THERE else [*names]
        self.tally.with_references += map(self._path, unreadable)
        self.tally.vanished += len(names) - len(found) - len(unreadable)
        return found

    def _bring(self, found: "dict[str, Attributes]", *, is_surveyed: bool = False) -> None:
        """What the survey saw is enough to link by. What has to be read is looked at again, if it is still there."""
        target = self._open_target()
        try:
            for reference in self._sides.references:
                self._link_from(reference, target, found)
            if is_surveyed and found:
                found = self._look(found)
            for name, attributes in found.items():
                self._make_anew(target, name, attributes)
        finally:
            os.close(target)

    def _open_target(self) -> int:
        mode = first_mode(self._source.mode) if self._sides.into_empty else stat.S_IRWXU
        target, is_new = self._make_target(mode)
        if not is_new and not self._sides.into_empty:
            listing = self._sides.opened(self._sides.target, self._directory)
            self._existing = set(os.listdir(listing))
            os.close(listing)
        return target

    def _make_target(self, mode: int) -> tuple[int, bool]:
        self._throttle.pay()
        return make_below(self._sides.target, self._directory, mode)

    def _link_from(self, reference: int, target: int, found: "dict[str, Attributes]") -> None:
        """Link what the reference has, and take it from `found`. A reference that cannot be read has nothing."""
        if not found:
            return
        try:
            self._sides.learn_names(reference, self._directory)
            place = self._sides.opened(reference, self._directory)
        except OSError:
            return
        try:
            known = listed(place, found)
            self._throttle.pay(len(known) // NAMES_IN_A_REQUEST)
            until = self._sides.believed_ns.get(reference)
            for name, attributes in known.items():
                is_believed = until is None or attributes.st_ctime_ns < until
                is_the_same = is_believed and self._is_the_same(place, name, found[name], attributes)
                if is_the_same and self._link(place, target, name, attributes.st_ino):
                    self.tally.count(found.pop(name))
        finally:
            os.close(place)

    def _is_the_same(self, place: int, name: str, found: "Attributes", attributes: os.stat_result) -> bool:
        if not is_equal(found, attributes, self._sides.time_step_ns) or not self._leads_alike(place, name, attributes):
            return False
        if not self._sides.with_content or not stat.S_ISREG(attributes.st_mode) or self._reads_alike(place, name):
            return True
        self._refused.add(name)  # an rsync with references would link it by its attributes
        return False

    def _reads_alike(self, place: int, name: str) -> bool:
        self._throttle.pay(4)
        try:
            return read_alike(self._source.descriptor, place, name, self._throttle)
        except OSError:
            return False

    def _leads_alike(self, place: int, name: str, attributes: os.stat_result) -> bool:
        if not stat.S_ISLNK(attributes.st_mode):
            return True
        self._throttle.pay(2)
        try:
            return os.readlink(name, dir_fd=self._source.descriptor) == os.readlink(name, dir_fd=place)
        except OSError:
            return False

    def _link(self, place: int, target: int, name: str, inode: int) -> bool:
        """False where the link is refused, most often because the file has as many as the file system allows."""
        self._throttle.pay()
        try:
            os.link(name, name, src_dir_fd=place, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError:
            if os.stat(name, dir_fd=target, follow_symlinks=False).st_ino != inode:
                self.tally.doubtful.append(self._path(name))
            return True
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
            self._refused.add(name)
            return False
        self._placed.append(name)
        self._inodes += pack(inode)
        return True

    def _make_anew(self, target: int, name: str, attributes: "Attributes") -> None:
        way = HAND_OVER if name in self._existing else way_of(attributes, is_root=self._sides.is_root)
        if way == GO_ON and self._sides.unfinished:
            self.tally.large.append((self._path(name), attributes))
            return
        is_there = is_written = False
        try:
            is_there = self._make(way, target, name, attributes)
            is_written = is_there and way == WRITE
            if is_there:
                self._placed.append(name)
        except FileExistsError:
            is_there = self._sides.into_empty
            self.tally.doubtful += [self._path(name)] if is_there else []
        if is_there:
            self.tally.count(attributes, is_transferred=is_written)
        else:
            self.tally.left_size += attributes.st_size
            (self.tally.fresh if name in self._refused else self.tally.with_references).append(self._path(name))

    def _make(self, way: str, target: int, name: str, attributes: "Attributes") -> bool:
        """False where rsync has to do it. Raises FileExistsError, and OSError where no space is left."""
        is_given_away = (attributes.st_uid, attributes.st_gid) != self._sides.owner
        self._throttle.pay(_OPERATIONS.get(way, 0) + is_given_away)
        try:
            if way == WRITE:
                return write_small(self._source.descriptor, target, name, attributes)
            if way == POINT:
                point_symlink(self._source.descriptor, target, name, attributes)
                return True
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
        return False

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}" if self._directory else name
