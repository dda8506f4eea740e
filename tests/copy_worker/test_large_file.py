"""A large file that a worker copies beside the partial: where it goes on, and when it begins anew."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efs_backup.copy_worker.large_file import LargeFile, key_of
from efs_backup.copy_worker.roots import REPLACES, Roots, Setup
from efs_backup.copy_worker.rules import LARGE_FILE_SIZE
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.engine.series.unfinished import UnfinishedFiles
from tests.support.builders import A_DAY_AGO_NS, account
from tests.support.nightly import mostly_nightly
from tests.support.simulator import Simulator

SIZE = LARGE_FILE_SIZE + 12345
FLUSHED = 5_000_000
NAME = "directory/large"


class Growing:
    """A source with a large file, a target, and the directory in which it grows."""

    def __init__(self, place: Path) -> None:
        self.source, self.target, self.unfinished = place / "source", place / "target", place / ".unfinished"
        self.with_content = False
        self.descriptors = list[int]()
        for directory in (self.source / "directory", self.target, self.unfinished):
            directory.mkdir(parents=True)
        self.write(NAME)

    def write(self, path: str, letter: str = "s", size: int = SIZE, mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """The source's file."""
        place = self.source / path
        place.parent.mkdir(exist_ok=True)
        place.write_text(letter * size)
        os.utime(place, ns=(mtime_ns, mtime_ns))
        return place

    def file(self, path: str = NAME, *, listed: os.stat_result | None = None) -> LargeFile:
        """The copy of it."""
        return LargeFile(self.roots(), path, listed or (self.source / path).lstat())

    def roots(self) -> Roots:
        """The open directories between which it is copied."""
        opened = [os.open(root, os.O_PATH) for root in (self.source, self.target, self.unfinished)]
        self.descriptors += opened
        setup = Setup(opened[0], opened[1], REPLACES)
        setup.unfinished, setup.with_content = opened[2], self.with_content
        return Roots(setup, Throttle())

    def begin(self, path: str = NAME, until: bytes = b"%d" % FLUSHED) -> Path:
        """Leave what a killed copy leaves: what was flushed (told by another letter), and after it what was not."""
        key = self.unfinished / os.fsdecode(key_of(path, (self.source / path).stat()))
        key.write_text("f" * FLUSHED + "l" * 1000)
        key.with_name(f"{key.name}.until").write_bytes(until)
        return key

    def published(self, path: str = NAME) -> str:
        """The content of the target's file, and how long each letter is repeated."""
        text = (self.target / path).read_text()
        return " ".join(f"{text.count(letter)}{letter}" for letter in dict.fromkeys(text))

    @property
    def left(self) -> list[str]:
        """The names in the directory of unfinished files."""
        return sorted(os.listdir(self.unfinished))


ANEW = f"{SIZE}s"
CONTINUED = f"{FLUSHED}f {SIZE - FLUSHED}s"


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    """Nothing is copied yet."""
    made = Growing(tmp_path)
    yield made
    for descriptor in made.descriptors:
        os.close(descriptor)


def test_a_large_file_is_copied_whole(growing: Growing) -> None:
    """With all its attributes, and nothing is left beside it."""
    (growing.source / NAME).chmod(0o4751)
    if os.geteuid() == 0:
        os.chown(growing.source / NAME, 54321, 65432)
        (growing.source / NAME).chmod(0o4751)
    os.utime(growing.source / NAME, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    assert growing.file().copy()
    assert account(growing.target)[f"./{NAME}"] == account(growing.source)[f"./{NAME}"]
    assert growing.left == []


def test_it_goes_on_exactly_where_it_was_flushed(growing: Growing) -> None:
    """Bytes that were written after that are not believed."""
    growing.begin()
    assert growing.file().copy()
    assert growing.published() == CONTINUED
    assert growing.left == []


@pytest.mark.parametrize("until", mostly_nightly([b"", b"-5", b"12x", b"\0\0\0\0", b"0x10", b"1e6", b"5 000"], 2))
def test_a_torn_note_of_how_far_it_is_counts_for_nothing(growing: Growing, until: bytes) -> None:
    """A file with a torn note is begun anew."""
    growing.begin(until=until)
    assert growing.file().copy()
    assert growing.published() == ANEW


def test_a_note_beyond_the_end_of_the_file_is_not_followed(growing: Growing) -> None:
    """A hole would be published."""
    growing.begin(until=b"9" * 32)
    assert growing.file().copy()
    assert growing.published() == f"{FLUSHED}f 1000l {SIZE - FLUSHED - 1000}s"


def test_without_a_note_it_is_begun_anew(growing: Growing) -> None:
    """Nobody knows what of it is on the disk."""
    key = growing.begin()
    key.with_name(f"{key.name}.until").unlink()
    assert growing.file().copy()
    assert growing.published() == ANEW


@pytest.mark.parametrize(
    "change", mostly_nightly([{"size": SIZE - 1}, {"mtime_ns": A_DAY_AGO_NS + 1}, {"size": SIZE + 1}], 2)
)
def test_another_version_is_begun_anew(growing: Growing, change: dict[str, int]) -> None:
    """Bytes that were begun of a former version go."""
    growing.begin()
    growing.write(NAME, **change)  # type: ignore[arg-type]
    assert growing.file().copy()
    assert growing.published() == f"{change.get('size', SIZE)}s"
    assert growing.left == []


def test_a_version_of_the_same_size_and_time_is_begun_anew(growing: Growing) -> None:
    """Its ctime tells; a mixture of both would be a file that never was."""
    growing.begin()
    file = growing.source / NAME
    found = file.stat()
    file.write_bytes(b"n" * found.st_size)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert growing.file().copy()
    assert growing.published() == f"{SIZE}n"
    assert growing.left == []


def test_where_contents_are_compared_nothing_is_continued(growing: Growing) -> None:
    """Bytes that were begun cannot be compared with what is there by then."""
    growing.begin()
    growing.with_content = True
    assert growing.file().copy()
    assert growing.published() == f"{SIZE}s"


@pytest.mark.long
def test_two_files_of_one_name_grow_apart(growing: Growing) -> None:
    """Of the same size and time, too."""
    growing.write("other/large")
    keys = {growing.begin().name, growing.begin("other/large").name}
    assert len(keys) == 2
    assert growing.file("other/large").copy()
    assert len(growing.left) == 2
    assert growing.file().copy()
    assert (growing.published(), growing.published("other/large"), growing.left) == (CONTINUED, CONTINUED, [])


@pytest.mark.parametrize("attribute", ["mode", "time", "size", "type"])
def test_what_is_not_as_it_was_listed_is_not_copied(growing: Growing, attribute: str) -> None:
    """A file that has changed is looked at when all is done, and brought as it is then."""
    place, listed = growing.source / NAME, (growing.source / NAME).lstat()
    if attribute == "mode":
        place.chmod(0o600)
    elif attribute == "time":
        os.utime(place, ns=(1, 1))
    elif attribute == "size":
        os.truncate(place, SIZE - 1)
        os.utime(place, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    else:
        place.unlink()
        os.mkfifo(place)
    assert not growing.file(listed=listed).copy()
    assert not (growing.target / NAME).exists()


def test_what_the_target_has_already_is_left_alone(growing: Growing) -> None:
    """A file of the target may be a link into an older snapshot."""
    there = growing.target / NAME
    there.parent.mkdir()
    there.write_text("there")
    assert not growing.file().copy()
    assert there.read_text() == "there"


def test_what_was_put_in_its_place_is_never_written_to_again(growing: Growing, tmp_path: Path) -> None:
    """A kill between the link and the end leaves one inode under both names: the published one stays as it is."""
    key, published = growing.begin(), tmp_path / "published"
    published.hardlink_to(key)
    before = (published.read_bytes(), published.stat().st_mtime_ns, published.stat().st_mode)
    (growing.source / NAME).chmod(0o640)
    assert growing.file().copy()
    assert (published.read_bytes(), published.stat().st_mtime_ns, published.stat().st_mode) == before
    assert growing.published() == ANEW


def _symlink(key: Path) -> None:
    key.symlink_to(key.parent.with_name("decoy"))


def _fifo(key: Path) -> None:
    os.mkfifo(key)


@pytest.mark.parametrize("put", [_symlink, _fifo, Path.mkdir])
def test_foreign_things_under_its_name_are_not_followed(
    growing: Growing, tmp_path: Path, put: Callable[[Path], None]
) -> None:
    """The file is either brought all the same, or left to the last look."""
    (tmp_path / "decoy").write_text("decoy")
    key = growing.begin()
    key.unlink()
    put(key)
    try:
        is_copied = growing.file().copy()
    except OSError:
        is_copied = False
    assert (growing.published() == ANEW) if is_copied else not (growing.target / NAME).exists()
    assert (tmp_path / "decoy").read_text() == "decoy"


@pytest.mark.root
def test_an_owner_that_a_server_refuses_without_a_word_is_noticed(
    growing: Growing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not put in its place."""
    os.chown(growing.source / NAME, 54321, 65432)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    with pytest.raises(PermissionError):
        growing.file().copy()
    assert not (growing.target / NAME).exists()


def test_a_request_to_stop_keeps_what_is_flushed(growing: Growing) -> None:
    """The file is not put in its place, and the next backup goes on exactly there."""
    growing.begin()
    roots = growing.roots()
    roots.is_stopping = True
    assert not LargeFile(roots, NAME, (growing.source / NAME).lstat()).copy()
    assert not (growing.target / NAME).exists()
    assert growing.file().copy()
    assert growing.published() == CONTINUED


def test_a_full_disk_is_said_and_what_is_flushed_is_kept(tmp_path: Path, simulator: Simulator) -> None:
    """Nothing is put in its place."""
    efs = simulator.mount("efs")
    growing = Growing(efs)
    growing.begin()
    simulator.mount("efs", "fail_op=write", "fail_errno=ENOSPC")
    with pytest.raises(OSError, match="No space left"):
        growing.file().copy()
    for descriptor in growing.descriptors:
        os.close(descriptor)
    growing.descriptors.clear()
    assert not (growing.target / NAME).exists()
    simulator.mount("efs")
    assert growing.file().copy()
    assert growing.published() == CONTINUED
    for descriptor in growing.descriptors:
        os.close(descriptor)


def test_a_symlink_in_the_place_of_its_directory_is_not_followed(growing: Growing, tmp_path: Path) -> None:
    """Neither in the source nor in the target."""
    decoy = tmp_path / "decoy"
    decoy.mkdir()
    (growing.target / "directory").symlink_to(decoy)
    with pytest.raises(NotADirectoryError):
        growing.file().copy()
    listed = (growing.source / NAME).lstat()
    (growing.source / "directory").rename(decoy / "moved")
    (growing.source / "directory").symlink_to(decoy / "moved")
    with pytest.raises(NotADirectoryError):
        growing.file(listed=listed).copy()
    assert os.listdir(decoy) == ["moved"]


def test_what_waits_is_told_with_how_far_it_is(growing: Growing) -> None:
    """The length that is told is what is known to be on the disk, for there the copy goes on."""
    growing.begin()
    growing.write("other/no note")
    growing.begin("other/no note", until=b"torn")
    assert sorted(UnfinishedFiles(growing.unfinished.parent).told()) == [
        "'large' was cut off after 5.0 MB; the next backup continues it there.",
        "'no note' was cut off after 0 bytes; the next backup continues it there.",
    ]


def test_a_directory_of_unfinished_files_that_is_none_is_replaced(tmp_path: Path) -> None:
    """Nothing is ever written or removed where a symlink leads."""
    decoy = tmp_path / "decoy"
    decoy.mkdir()
    (decoy / "file").write_text("decoy")
    series = tmp_path / "series"
    series.mkdir()
    (series / ".unfinished").symlink_to(decoy)
    UnfinishedFiles(series).forget()
    made = UnfinishedFiles(series).make()
    assert not made.is_symlink()
    (made / "foreign").mkdir()
    (made / "old").touch()
    UnfinishedFiles(series).forget()
    assert not made.exists()
    assert os.listdir(decoy) == ["file"]
