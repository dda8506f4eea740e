"""The walk: a source brought into a target by workers, with all that may happen on the way."""

import os
import shutil
import stat
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from efs_backup.copy_worker.protocol import DISCARD, ENTER, LARGE, LEAVE
from efs_backup.copy_worker.roots import REPLACES, Setup
from efs_backup.copy_worker.rules import LARGE_FILE_SIZE
from efs_backup.domain.copying.arrival import Cause
from efs_backup.domain.copying.commands import Command
from efs_backup.domain.copying.environment import environment_of_programs
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import CopyFailed, Hung
from efs_backup.engine.machine.process import Runner, _members
from efs_backup.engine.trees.left_out import Description, LeftOut, Paths
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.walk import walk as walk_module
from efs_backup.engine.walk.walk import Scope, Task, Walk, Walked
from efs_backup.engine.walk.workers import Workers
from tests.support.builders import A_DAY_AGO_NS, account, small_tree, write
from tests.support.simulator import Simulator

if TYPE_CHECKING:
    import subprocess

FAULT = """
import os
from efs_backup.copy_worker import worker
do = worker.Worker._do
def dying(self, work):
    if work[1] == {kind} and work[2] == {path!r} and not os.path.exists({mark!r}):
        {before}
        os.write(2, b"it ends here\\n")
        os._exit(9)
    return do(self, work)
worker.Worker._do = dying
"""


class DyingRunner(Runner):
    """Starts workers that die over one piece of work."""

    fault = ""

    def serve(self, command: Command, descriptors: Sequence[int], errors: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a worker with the fault in it."""
        faulty = tuple(part.replace("; main()", f"\n{self.fault}\nmain()") for part in command)
        assert faulty != command or not self.fault
        return super().serve(faulty if self.fault else command, descriptors, errors)


@dataclass
class Walking:
    """A source, a target, and a walk between them by two workers."""

    place: Path
    rest: list[str] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    pulses: list[CopyStatistics] = field(default_factory=list)
    should_stop: bool = False
    throttle: int = -1

    def __post_init__(self) -> None:
        self.source, self.target = self.place / "source", self.place / "target"
        self.trash, self.unfinished = self.place / "trash", self.place / "unfinished"
        for directory in (self.source, self.target, self.trash, self.unfinished):
            directory.mkdir(exist_ok=True)
        self.runner = DyingRunner(environment_of_programs(os.environ), os.urandom(8).hex())

    def die_over(self, kind: int, path: str, before: str = "pass", mark: str = "/nowhere") -> None:
        """Workers die over this piece of work, unless there is a file `mark`; `before` is done first."""
        self.runner.fault = FAULT.format(kind=kind, path=path, before=before, mark=mark)

    def walk(self, *, with_large: bool = False) -> Walked:
        """Walk, and copy the large files too if that is asked for."""
        with Tree(self.source) as source:
            opened = [os.open(place, os.O_PATH) for place in (self.target, self.trash, self.unfinished)]
            setup = Setup(source.descriptor, opened[0], REPLACES)
            setup.trash, setup.unfinished, setup.throttle = opened[1], opened[2], self.throttle
            setup.left_out, setup.threads = self.left_out.description().arguments, 2
            try:
                with closing(Workers[Task](self.runner, setup, 2, 2)) as workers:
                    return self._walk(source, workers, with_large=with_large)
            finally:
                for descriptor in opened:
                    os.close(descriptor)
                assert _members(self.runner.family) == []

    def _walk(self, source: Tree, workers: Workers[Task], *, with_large: bool) -> Walked:
        walk = Walk(
            source, workers, Scope(self.left_out), rest=self._rest, should_stop=lambda: self.should_stop,
            pulse=self.pulses.append,
        )  # fmt: skip
        walked = walk.run()
        return walk.copy_large(walked.large) if with_large else walked

    def _rest(self, directory: str, names: list[tuple[str, int]]) -> None:
        self.rest += [os.path.join(directory, name) for name, _ in names]

    def assert_equal(self) -> None:
        """All but the roots, whose attributes come at the very end."""
        source, target = account(self.source), account(self.target)
        assert {**source, ".": None} == {**target, ".": None}


@pytest.fixture
def walking(tmp_path: Path) -> Walking:
    """An empty source."""
    return Walking(tmp_path)


def _deep_and_wide(root: Path) -> int:
    """A tree of directories with modes and times of their own; how many directories it has."""
    small_tree(root / "small")
    for number in range(120):
        write(root / f"wide/{number}/file", f"content {number}")
    write(root / ("deep/" * 60) / "file")
    directories = [root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]
    for number, path in enumerate(sorted(directories, reverse=True)):
        path.chmod(0o700 + number % 64)
        os.utime(path, ns=(A_DAY_AGO_NS + number, A_DAY_AGO_NS + number))
    return len(directories)


def test_a_whole_tree_is_brought_with_the_attributes_of_its_directories(walking: Walking) -> None:
    """Each gets them when all below it is done; a second walk has nothing to do."""
    directories = _deep_and_wide(walking.source)
    files = [path for path in walking.source.rglob("*") if path.is_symlink() or not path.is_dir()]
    walked = walking.walk()
    walking.assert_equal()
    assert (walked.is_whole, walked.directories, walked.troubles, walked.waiting) == (True, directories, [], [])
    statistics = walked.statistics
    assert (statistics.number_of_files, statistics.number_of_files_linked) == (len(files), 0)
    assert statistics.total_file_size == sum(path.lstat().st_size for path in files)
    again = walking.walk().statistics
    assert (again.number_of_files, again.number_of_files_linked) == (len(files), len(files))
    assert again.number_of_files_transferred == 0
    walking.assert_equal()


def test_directories_wait_for_what_others_bring_into_them(walking: Walking) -> None:
    """And those above them, each after those below it; all others are left at once."""
    _deep_and_wide(walking.source)
    os.mkfifo(walking.source / "small/directory 1/fifo")
    write(walking.source / "wide/7/large", "x" * LARGE_FILE_SIZE)
    walked = walking.walk()
    assert walking.rest == ["small/directory 1/fifo"]
    assert walked.large == [("wide/7/large", LARGE_FILE_SIZE)]
    waiting = [one.path for one in walked.waiting]
    assert sorted(waiting) == ["small", "small/directory 1", "wide", "wide/7"]
    assert waiting.index("small/directory 1") < waiting.index("small")
    assert waiting.index("wide/7") < waiting.index("wide")


def test_large_files_are_copied_after_all_directories(walking: Walking) -> None:
    """With all their attributes; those that are gone, or cannot be had, are looked at afterwards and no trouble yet."""
    for number in range(10):
        write(walking.source / f"directory/large {number}", str(number) * LARGE_FILE_SIZE)
    write(walking.source / "gone/large", "x" * LARGE_FILE_SIZE)
    walked = walking.walk()
    assert len(walked.large) == 11
    shutil.rmtree(walking.source / "gone")
    with Tree(walking.source) as source:
        opened = [os.open(place, os.O_PATH) for place in (walking.target, walking.unfinished)]
        setup = Setup(source.descriptor, opened[0], REPLACES)
        setup.unfinished = opened[1]
        with closing(Workers[Task](walking.runner, setup, 2, 2)) as workers:
            walk = Walk(source, workers, Scope(), rest=walking._rest, should_stop=lambda: False)
            copied = walk.copy_large(walked.large)
        for descriptor in opened:
            os.close(descriptor)
    assert (copied.is_whole, copied.doubtful, copied.troubles) == (True, ["gone/large"], [])
    assert copied.statistics.number_of_files_transferred == 10
    here, there = account(walking.source / "directory"), account(walking.target / "directory")
    assert {**here, ".": None} == {**there, ".": None}


@pytest.mark.parametrize(("kind", "name"), [(ENTER, "bad"), (LARGE, "directory/large")])
def test_three_deaths_over_one_name_end_the_copy_by_it(walking: Walking, kind: int, name: str) -> None:
    """With the worker's last words; a large file as well as a directory."""
    write(walking.source / "bad/file")
    write(walking.source / "directory/large", "x" * LARGE_FILE_SIZE)
    walking.die_over(kind, name)
    with pytest.raises(CopyFailed) as raised:
        walking.walk(with_large=True)
    assert raised.value.message == f"Copy workers died 3 times over {name!r}, or what was beside it: it ends here."


@pytest.mark.parametrize(("kind", "path"), [(ENTER, "wide"), (LEAVE, "small")])
def test_a_single_death_costs_nothing_but_time(walking: Walking, tmp_path: Path, kind: int, path: str) -> None:
    """All is brought, and everything is counted once."""
    directories = _deep_and_wide(walking.source)
    mark = str(tmp_path / "died")
    walking.die_over(kind, path, f"open({mark!r}, 'w').close()", mark)
    walked = walking.walk()
    assert Path(mark).exists()
    walking.assert_equal()
    files = [one for one in walking.source.rglob("*") if one.is_symlink() or not one.is_dir()]
    assert (walked.is_whole, walked.directories, walked.statistics.number_of_files) == (True, directories, len(files))


@pytest.mark.long
def test_a_death_in_the_middle_of_a_large_directory_adds_none_below_it_twice(walking: Walking, tmp_path: Path) -> None:
    """Its first receipts have told of directories that others work on already."""
    for number in range(5000):
        os.close(os.open(walking.source / f"{number}", os.O_CREAT))
    for number in range(40):
        write(walking.source / f"directory {number}/file")
    mark = str(tmp_path / "died")
    walking.runner.fault = f"""
import os
from efs_backup.copy_worker import directory
report = directory.DirectoryCopy._report
def dying(self, told, entries):
    report(self, told, entries)
    if not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        os._exit(9)
directory.DirectoryCopy._report = dying
"""
    write(walking.target / "there")
    walked = walking.walk()
    assert Path(mark).exists()
    walking.assert_equal()
    assert (walked.directories, walked.statistics.number_of_files) == (41, 5040)


class _Own(LeftOut):
    """One directory is the backup's own, which only its inode tells."""

    def __init__(self, inode: int) -> None:
        super().__init__()
        self._inode = inode

    def met(self, path: str, attributes: os.stat_result, /) -> bool:
        """See LeftOut."""
        return attributes.st_ino == self._inode

    def description(self) -> Description:
        """See LeftOut."""
        return Description(own=frozenset({self._inode}))


@pytest.mark.parametrize("dies", [False, True])
def test_what_is_the_backups_own_is_neither_entered_nor_kept(walking: Walking, tmp_path: Path, dies: bool) -> None:
    """A target that has it from before loses it, also where the worker dies that has to remove it."""
    write(walking.source / "above/kept")
    write(walking.target / "above/kept")
    write(walking.source / "above/own/file")
    write(walking.target / "above/own/file")
    for side in (walking.source, walking.target):
        os.utime(side / "above", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    walking.left_out = _Own((walking.source / "above/own").stat().st_ino)
    if dies:
        mark = str(tmp_path / "died")
        walking.die_over(DISCARD, "above/own", f"open({mark!r}, 'w').close()", mark)
    walked = walking.walk()
    assert os.listdir(walking.target / "above") == ["kept"]
    assert [one.path for one in walked.waiting] == ["above"], "it has another mtime now"
    assert walked.is_whole


def test_a_directory_below_which_one_vanishes_has_its_time_again(walking: Walking, tmp_path: Path) -> None:
    """The directory was as in the source until the one below was moved away."""
    for side in (walking.source, walking.target):
        write(side / "above/below/file")
        write(side / "above/kept")
        os.utime(side / "above", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    mark = str(tmp_path / "died")
    removing = f"import shutil; shutil.rmtree({str(walking.source / 'above/below')!r}); open({mark!r}, 'w').close()"
    walking.die_over(ENTER, "above/below", removing, mark)
    walked = walking.walk()
    assert Path(mark).exists()
    assert (walked.troubles, walked.directories) == ([], 2)
    assert os.listdir(walking.target / "above") == ["kept"]
    assert (walking.target / "above").stat().st_mtime_ns == A_DAY_AGO_NS


def test_what_is_left_out_is_not_brought(walking: Walking) -> None:
    """Nor counted."""
    write(walking.source / "kept")
    write(walking.source / "out/file")
    walking.left_out = Paths(["out"])
    assert walking.walk().statistics.number_of_files == 1
    assert os.listdir(walking.target) == ["kept"]


@pytest.mark.parametrize(
    ("side", "fault", "cause"),
    [("source", "fail_errno=EACCES", Cause.UNREADABLE), ("source", "fail_errno=ENAMETOOLONG", Cause.SHAPE),
     ("target", "fail_errno=EIO", Cause.REFUSED), ("target", "fail_errno=EINVAL", Cause.SHAPE)],
)  # fmt: skip
def test_each_side_is_in_trouble_for_itself(
    tmp_path: Path, simulator: Simulator, side: str, fault: str, cause: Cause
) -> None:
    """By the path of the directory; the others are brought."""
    mounted = simulator.mount("efs")
    walking = Walking(tmp_path)
    setattr(walking, side, mounted / "tree")
    (mounted / "tree").mkdir()
    if side == "target":
        walking.trash = mounted / "trash"
        walking.trash.mkdir()
    for name in ("bad", "good"):
        write(walking.source / name / "file")
        write(walking.target / name / "file")
    simulator.mount("efs", "fail_op=opendir", fault, "fail_path=/tree/bad")
    walked = walking.walk()
    assert [(trouble.path, trouble.cause) for trouble in walked.troubles] == [("bad", cause)]
    assert (walking.target / "good/file").read_text() == "text"
    assert walked.is_whole


def test_a_full_disk_ends_the_walk(tmp_path: Path, simulator: Simulator) -> None:
    """A full disk is told once, as no trouble of a name."""
    walking = Walking(tmp_path)
    walking.target = simulator.mount("efs", "fail_op=create", "fail_errno=ENOSPC", "fail_after=20")
    _deep_and_wide(walking.source)
    walked = walking.walk()
    assert (walked.is_full, walked.is_whole, walked.troubles) == (True, False, [])


def test_a_stop_ends_the_walk_soon_and_what_is_brought_is_whole(
    walking: Walking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directories under way may end, but not for ever."""
    monkeypatch.setattr(walk_module, "STOP_SECONDS", 1.0)
    _deep_and_wide(walking.source)
    walking.throttle, writing = os.pipe()
    os.write(writing, bytes(100))
    timer = threading.Timer(1, lambda: setattr(walking, "should_stop", True))
    timer.start()
    walked = walking.walk()
    timer.join()
    assert (walked.is_whole, walked.is_full) == (False, False)
    for path in walking.target.rglob("file*"):
        assert path.read_bytes() == (walking.source / path.relative_to(walking.target)).read_bytes()
    os.close(writing)
    os.close(walking.throttle)


def test_what_does_not_move_for_long_is_named(walking: Walking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directories under way; nothing waits for ever."""
    monkeypatch.setattr(walk_module, "PATIENCE_SECONDS", 2.0)
    write(walking.source / "directory/file")
    walking.throttle, writing = os.pipe()
    os.write(writing, bytes(12))  # the root's
    with pytest.raises(Hung, match=r"no answer for 0 minutes about ('\.'|'directory')\.$"):
        walking.walk()
    os.close(writing)
    os.close(walking.throttle)


def test_progress_is_told_about_every_second(walking: Walking) -> None:
    """Also of a directory that is not done yet."""
    for number in range(9000):
        os.close(os.open(walking.source / f"{number}", os.O_CREAT))
    walking.throttle, writing = os.pipe()
    stop = threading.Event()

    def feed() -> None:
        while not stop.wait(0.01):
            os.write(writing, bytes(150))

    thread = threading.Thread(target=feed)
    thread.start()
    walking.walk()
    stop.set()
    thread.join()
    files = [told.number_of_files for told in walking.pulses]
    assert files == sorted(files)
    assert [number for number in files if 0 < number < 9000], "it was told in the middle of the directory"
    os.close(writing)
    os.close(walking.throttle)


def test_files_with_several_names_are_told_by_their_paths(walking: Walking) -> None:
    """For the last step, which makes them one file again."""
    write(walking.source / "a/one")
    (walking.source / "b").mkdir()
    os.link(walking.source / "a/one", walking.source / "b/other")
    walked = walking.walk()
    assert walked.links.groups() == [["a/one", "b/other"]]
    assert stat.S_ISREG((walking.target / "b/other").stat().st_mode)


@pytest.fixture
def swapped(tmp_path: Path) -> Path:
    """A directory outside that somebody lets a symlink lead to."""
    decoy = tmp_path / "decoy"
    write(decoy / "below/secret")
    return decoy


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_directory_that_becomes_a_symlink_in_the_middle_is_not_entered(
    walking: Walking, swapped: Path, tmp_path: Path, side: str
) -> None:
    """Nothing is read from where it leads, and nothing is written or removed there."""
    for place in (walking.source, walking.target):
        write(place / "above/below/file", place.name)
    root, before = getattr(walking, side), account(swapped)
    mark = str(tmp_path / "died")
    swap = f"os.rename({str(root / 'above')!r}, {str(root / 'moved')!r}); os.symlink({str(swapped)!r}, "
    walking.die_over(ENTER, "above/below", f"{swap}{str(root / 'above')!r}); open({mark!r}, 'w').close()", mark)
    walked = walking.walk()
    assert Path(mark).exists()
    assert account(swapped) == before
    assert not (walking.target / "above/below/secret").is_file() or side == "target"
    assert [trouble.path for trouble in walked.troubles] == ([] if side == "source" else ["above/below"])
