"""The copy tool that fpsync calls for each part, in rsync's place, with rsync's arguments after its own (`main`).

It lists each directory once in the references, makes links of what is equal to what the survey saw, writes small new
files itself, and leaves the rest to rsync. It says what rsync says, statistics and complaints, and at last a line with
its exit code; a file beside the part's witnesses which names it has put in place. Lean, for it starts many times: only
a few modules of the standard library.
"""

import os
import sys
import threading
import time
from collections import Counter

from efs_backup.copy_worker.attributes import NOT_SURVEYED, each_packed
from efs_backup.copy_worker.beneath import open_root
from efs_backup.copy_worker.counters import Tally
from efs_backup.copy_worker.directory import DirectoryCopy
from efs_backup.copy_worker.error_numbers import NO_SPACE
from efs_backup.copy_worker.large_file import OPERATIONS_OF_A_MEBIBYTE, LargeFile
from efs_backup.copy_worker.roots import Sides
from efs_backup.copy_worker.rules import by_directory, rsyncs_for, worst_code
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.copy_worker.witness import written

HANDED_OVER = "handed-over."
"""What the names of the lists begin with, beside the part's, of what somebody else is asked to bring, or may have."""

_REFERENCE = "--link-dest="
_LISTED_IN = "--files-from="
_INTO_EMPTY = "--ignore-existing"
_ACCOUNT_SECONDS = 1.0
_RSYNC_OPERATIONS = 10

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable

    from efs_backup.copy_worker.rules import Attributes

_SOME_FILES_FAILED = 23
_ERROR_IN_FILE_OUTPUT = 11


class PartCopy:
    """The copy of one part; `options` are rsync's, without the paths: at the end of them the list of the part."""

    def __init__(
        self, options: list[str], places: list[str], threads: int, throttle: Throttle, comparing: list[str]
    ) -> None:
        self._options = [option for option in options if not option.startswith(_LISTED_IN)]
        self._part = next(option.removeprefix(_LISTED_IN) for option in options if option.startswith(_LISTED_IN))
        self._places = places
        self._comparing = comparing
        self._threads = threads
        self._throttle = throttle
        self._tally = Tally()
        self._codes = [0]
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._next_account = time.monotonic() + _ACCOUNT_SECONDS

    def run(self) -> int:
        """Copy; the exit code, as rsync's."""
        try:
            sides = self._open()
        except OSError as error:
            return self._refuse(error)
        with open(self._beside("witness"), "wb") as self._witnesses:
            mask = os.umask(0)  # what is made here gets the mode that it is made with
            self._copy_directories(sides)
            os.umask(mask)
        if self._errors:
            raise self._errors[0]
        self._say_statistics()
        self._list("doubtful", self._tally.doubtful)
        if _ERROR_IN_FILE_OUTPUT not in self._codes:
            self._leave_to_rsync(self._tally.with_references, self._options_with_references(sides), "rest")
            fresh = [option for option in self._options if not option.startswith(_REFERENCE)]
            self._leave_to_rsync(self._tally.fresh, fresh, "fresh")
            self._copy_large_files(sides)
        return worst_code(self._codes)

    def _copy_large_files(self, sides: Sides) -> None:
        """Last of all, for they may take longer than the window; what is refused is looked at when all is done."""
        waiting, refused = self._tally.large, list[str]()
        size = sum(listed.st_size for _, listed in waiting)
        several = rsyncs_for(len(waiting), size, self._threads) if waiting else 0
        _at_a_time(several, self._copy_some, sides, waiting, refused)
        self._list("large", refused)
        self._say_statistics()

    def _copy_some(self, sides: Sides, waiting: "list[tuple[str, Attributes]]", refused: list[str]) -> None:
        while waiting and _ERROR_IN_FILE_OUTPUT not in self._codes:
            try:
                path, listed = waiting.pop()
            except IndexError:  # another thread took the last one
                return
            if self._copy_large(LargeFile(sides, path, listed), path):
                self._count_transferred(listed)
            else:
                refused.append(path)

    def _copy_large(self, file: LargeFile, path: str) -> bool:
        try:
            return file.copy()
        except OSError as error:
            if error.errno in NO_SPACE:
                self._complain(error, path)
            return False

    def _count_transferred(self, listed: "Attributes") -> None:
        with self._lock:
            self._tally.count(listed, is_transferred=True)
            self._say_statistics()

    def _options_with_references(self, sides: Sides) -> list[str]:
        """Without references of which not all is believed: rsync does not ask when a file was flushed."""
        references = (option for option in self._options if option.startswith(_REFERENCE))
        doubted = {
            option for option, root in zip(references, sides.references, strict=True) if root in sides.believed_ns
        }
        return [option for option in self._options if option not in doubted]

    def _refuse(self, error: OSError) -> int:
        """A root that cannot be opened: the source's, if it is not one on the backup's side."""
        side = "sender" if error.filename == self._places[0] else "receiver"
        path = escaped(os.fsdecode(error.filename))
        sys.stderr.write(f'part_copy: [{side}] change_dir "{path}" failed: {error.strerror} ({error.errno})\n')
        return _SOME_FILES_FAILED

    def _open(self) -> Sides:
        source, target = (open_root(place) for place in self._places)
        references = [
            open_root(option.removeprefix(_REFERENCE)) for option in self._options if option.startswith(_REFERENCE)
        ]
        sides = Sides(source, target, references, self._throttle, into_empty=_INTO_EMPTY in self._options)
        step, with_content, believed, unfinished = self._comparing
        sides.unfinished = open_root(unfinished) if unfinished else 0
        sides.time_step_ns, sides.with_content = int(step), with_content == "1"
        sides.believed_ns = {
            root: int(until) for root, until in zip(references, believed.split(","), strict=False) if until
        }
        return sides

    def _copy_directories(self, sides: Sides) -> None:
        """One thread at a time in a directory, for the kernel lets no more work there; the largest are begun first."""
        with open(self._part, "rb") as listed:
            entries = [os.fsdecode(entry) for entry in listed.read().split(b"\0") if entry]
        names = by_directory(zip(entries, self._surveyed(len(entries)), strict=True))
        self._tally.files = sum(not entry.endswith("/") for entry in entries) - sum(map(len, names.values()))
        sides.siblings = Counter(os.path.dirname(directory) for directory in names)
        waiting = sorted(names.items(), key=lambda item: len(item[1]))
        _at_a_time(min(self._threads, len(waiting)), self._work, sides, waiting)

    def _surveyed(self, entries: int) -> list[bytes]:
        """What the survey has seen of each entry. A second try looks for itself: some of it was no longer so."""
        path = self._beside("attributes")
        if not os.path.exists(path):
            return [NOT_SURVEYED] * entries
        with open(path, "rb") as surveyed:
            attributes = each_packed(surveyed.read())
        os.unlink(path)
        return attributes

    def _work(self, sides: Sides, waiting: list[tuple[str, dict[str, bytes]]]) -> None:
        try:
            while next_one := self._take(waiting):
                self._copy_directory(sides, *next_one)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            self._errors.append(error)

    def _take(self, waiting: list[tuple[str, dict[str, bytes]]]) -> tuple[str, dict[str, bytes]] | None:
        with self._lock:
            is_hopeless = self._errors or _ERROR_IN_FILE_OUTPUT in self._codes
            return waiting.pop() if waiting and not is_hopeless else None

    def _copy_directory(self, sides: Sides, directory: str, names: dict[str, bytes]) -> None:
        copy = DirectoryCopy(sides, directory, names)
        try:
            copy.run()
        except OSError as error:
            self._complain(error, directory)
            copy.tally.doubtful += [os.path.join(directory, name) for name in names]
        witness = written(os.fsencode(directory), copy.witness)
        with self._lock:
            self._tally.add(copy.tally)
            self._witnesses.write(witness)
            if time.monotonic() >= self._next_account:
                self._say_statistics()

    def _complain(self, error: OSError, directory: str) -> None:
        """In rsync's words, for the same reader."""
        is_full = error.errno in NO_SPACE
        path = escaped(os.path.join(self._places[1], directory))
        sys.stderr.write(f'part_copy: [receiver] write in "{path}" failed: {error.strerror} ({error.errno})\n')
        self._codes.append(_ERROR_IN_FILE_OUTPUT if is_full else _SOME_FILES_FAILED)

    def _say_statistics(self) -> None:
        """What was done since the last account; whoever reads them adds them up."""
        tally = self._tally.taken()
        self._next_account = time.monotonic() + _ACCOUNT_SECONDS
        sys.stdout.write(
            f"Number of files: {tally.files}\nNumber of regular files transferred: {tally.transferred}\n"
            f"Total file size: {tally.size} bytes\nTotal transferred file size: {tally.transferred_size} bytes\n"
            f"Number of vanished files: {tally.vanished}\n"
        )
        sys.stdout.flush()

    def _leave_to_rsync(self, paths: list[str], options: list[str], name: str) -> None:
        """Several at a time, for each does one thing after the other; no more than are worth their start."""
        if self._throttle.is_on:
            self._leave_to_rsync_slowly(paths, options, name)
        elif paths:
            several = rsyncs_for(len(paths), self._tally.left_size, self._threads)
            self._end([self._start_rsync(paths[one::several], options, f"{name}{one}") for one in range(several)])

    def _leave_to_rsync_slowly(self, paths: list[str], options: list[str], name: str) -> None:
        """What rsync does with each file is paid beforehand; the content of large ones it brakes itself."""
        most = self._throttle.in_a_second // _RSYNC_OPERATIONS or 1
        kibibytes = self._throttle.in_a_second * 1024 // OPERATIONS_OF_A_MEBIBYTE
        for begin in range(0, len(paths), most):
            batch = paths[begin : begin + most]
            self._throttle.pay(_RSYNC_OPERATIONS * len(batch))
            self._end([self._start_rsync(batch, [*options, f"--bwlimit={max(1, kibibytes)}"], f"{name}{begin}")])

    def _start_rsync(self, paths: list[str], options: list[str], name: str) -> int:
        """Its list lies beside the part's. Directories are made elsewhere: listed by name, their content would come."""
        listed = self._list(name, paths)
        command = ["rsync", *options, "--no-dirs", f"{_LISTED_IN}{listed}", *self._places]
        return os.posix_spawnp("rsync", command, os.environ)

    def _list(self, name: str, paths: list[str]) -> str:
        """Write a list of names that are to be looked at when all is done; the path of the list."""
        listed = self._beside(f"{HANDED_OVER}{name}")
        with open(listed, "wb") as out:
            out.write(b"".join(os.fsencode(f"./{path}") + b"\0" for path in paths))
        return listed

    def _end(self, processes: list[int]) -> None:
        self._codes += [_exit_code(os.waitpid(process, 0)[1]) for process in processes]

    def _beside(self, name: str) -> str:
        place, _, part = self._part.rpartition("/")
        return f"{place}/{name}.{part}"


def _at_a_time(number: int, work: "Callable[..., None]", *arguments: object) -> None:
    """Do the same work by so many threads, until all of them have ended."""
    workers = [threading.Thread(target=work, args=arguments) for _ in range(number)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _exit_code(status: int) -> int:
    """As a shell gives it: 128 and the signal for what was killed."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def escaped(path: str) -> str:
    r"""A path in rsync's spelling: `\#012` for a newline."""
    raw = os.fsencode(path)
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\#{byte:03o}" for byte in raw)  # noqa: PLR2004


def main() -> None:
    """Copy a part, say how it ended, and exit so. The arguments are as `domain.commands.linking_tool` writes them."""
    threads, rate, step, with_content, believed, unfinished, *options, source, target = sys.argv[1:]
    throttle = Throttle(float(rate) or None)
    comparing = [step, with_content, believed, unfinished]
    code = PartCopy(options, [source, target], int(threads), throttle, comparing).run()
    sys.stdout.write(f"part ended with exit code {code}\n")
    sys.stdout.flush()
    sys.exit(code)
