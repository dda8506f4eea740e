"""One directory brought up to date: what stays, what is linked, made, removed, or left to others."""

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.copy_worker import directory as directory_module
from efs_backup.copy_worker import new_entry
from efs_backup.copy_worker.directory import UNKNOWN, DirectoryCopy
from efs_backup.copy_worker.facts import directory_facts, set_directory_attributes
from efs_backup.copy_worker.left_out import CLOSED
from efs_backup.copy_worker.new_entries import NewEntries, Stuck
from efs_backup.copy_worker.new_entry import make_symlink, write_small
from efs_backup.copy_worker.receipts import SOURCE, TARGET
from efs_backup.copy_worker.roots import COMPARES, OVERLAYS, REPLACES, Setup
from efs_backup.copy_worker.rules import LARGE_FILE_SIZE, SMALL_FILE_SIZE
from tests.copy_worker.pair import UMASK, Pair
from tests.support.builders import A_DAY_AGO_NS, account, write
from tests.support.mounts import Mounts
from tests.support.simulator import Simulator

KEPT_BY_ALL = [COMPARES, OVERLAYS, REPLACES]


def _facts(path: Path) -> tuple[int, ...]:
    return directory_facts(path.lstat())


def _stamp(path: Path) -> tuple[int, int]:
    """Nothing but a look at it leaves both as they are."""
    return path.lstat().st_ino, path.lstat().st_ctime_ns


@pytest.mark.parametrize("way", KEPT_BY_ALL)
def test_what_is_equal_is_kept_without_a_write(pair: Pair, way: str) -> None:
    """Neither the file nor any attribute of it is touched, whatever the worker may do."""
    kept = pair.both("directory/file")
    (pair.target / "link").symlink_to("nowhere")
    os.utime(pair.target / "link", ns=(1, A_DAY_AGO_NS), follow_symlinks=False)
    (pair.source / "link").symlink_to("nowhere")
    os.utime(pair.source / "link", ns=(2, A_DAY_AGO_NS), follow_symlinks=False)
    before = _stamp(kept), _stamp(pair.target / "link")
    pair.setup.way = way
    pair.walk()
    assert (_stamp(kept), _stamp(pair.target / "link")) == before
    assert (pair.total("files"), pair.total("size")) == (2, 11)
    assert pair.total("kept") == (0 if way == COMPARES else 2)
    assert not [one for receipts in pair.receipts.values() for one in receipts if one.has_work_left()]


@pytest.mark.parametrize("sorts", [True, False])
def test_names_are_gone_through_by_inode_where_that_is_wished(
    pair: Pair, sorts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By inode within a slice of the listing, and as they come from a server; every name is met once either way."""
    monkeypatch.setattr(directory_module, "_SORTED_AT_ONCE", 8)
    names = [f"{number * 7919 % 100:02}" for number in range(20)]
    for name in names:
        (pair.source / name).mkdir()
    listed = os.listdir(pair.source)
    inode = {name: (pair.source / name).lstat().st_ino for name in names}
    slices = [listed[start : start + 8] for start in (0, 8, 16)]
    pair.setup.sorts = sorts
    found = [name for name, *_ in pair.enter().below]
    assert found == ([name for some in slices for name in sorted(some, key=inode.__getitem__)] if sorts else listed)


def test_what_compares_only_counts_what_was_linked_before(pair: Pair) -> None:
    """A file with one link has just been made by somebody else."""
    pair.both("one")
    os.link(pair.both("two"), pair.reference / "two")
    pair.setup.way = COMPARES
    assert pair.enter().kept == 1


def test_what_is_equal_in_a_reference_is_linked_and_what_is_new_is_written(pair: Pair) -> None:
    """Both are counted, with their bytes."""
    kept = pair.known("directory/kept")
    write(pair.source / "directory/new", "fresh")
    pair.walk()
    assert (pair.target / "directory/kept").samefile(kept)
    assert (pair.target / "directory/new").read_text() == "fresh"
    counted = {
        name: pair.total(name) for name in ("files", "linked", "kept", "transferred", "transferred_size", "size")
    }
    assert counted == {"files": 2, "linked": 1, "kept": 0, "transferred": 1, "transferred_size": 5, "size": 9}
    pair.assert_equal()


@pytest.mark.parametrize("number", [1, 3, 4, 200])
def test_a_reference_is_looked_at_name_by_name_or_listed(pair: Pair, number: int) -> None:
    """However many names are missing, and whatever else it has."""
    kept = [pair.known(f"directory/{name}") for name in range(number)]
    for name in range(50):
        write(pair.reference / "directory" / f"other {name}")
    pair.walk()
    assert [(pair.target / "directory" / file.name).samefile(file) for file in kept] == [True] * number
    pair.assert_equal()


@pytest.mark.root
def test_nothing_of_a_reference_ever_changes_but_its_number_of_links(pair: Pair) -> None:
    """Whatever differs in the source: content, mode, owner, time or type."""
    for name in ("mode", "owner", "time", "content", "type", "nothing"):
        pair.known(name)
    _change_each(pair.source)
    before = account(pair.reference)
    pair.walk()
    assert account(pair.reference) == before
    assert {path.name for path in pair.reference.iterdir() if path.stat().st_nlink > 1} == {"nothing"}
    pair.assert_equal()


def _change_each(source: Path) -> None:
    (source / "mode").chmod(0o600)
    os.chown(source / "owner", 7, 7)
    os.utime(source / "time", ns=(1, A_DAY_AGO_NS + 1))
    write(source / "content", "other", A_DAY_AGO_NS + 1)
    (source / "type").unlink()
    (source / "type").symlink_to("nothing")


@pytest.mark.root
def test_what_differs_is_made_anew_and_a_published_file_of_the_same_inode_is_unharmed(pair: Pair) -> None:
    """The target's file may be a name of a snapshot's file: it is unlinked, and never written, chmodded or dated."""
    published = pair.reference.with_name("published")
    for name in ("mode", "owner", "time", "content", "type", "nothing"):
        file = pair.both(name)
        published.mkdir(exist_ok=True)
        os.link(file, published / name)
    _change_each(pair.source)
    pair.references = []
    before, dates = account(published), {path.name: path.stat().st_mtime_ns for path in published.iterdir()}
    pair.walk()
    assert account(published) == before
    assert {path.name: path.stat().st_mtime_ns for path in published.iterdir()} == dates
    assert {path.name for path in published.iterdir() if path.stat().st_nlink > 1} == {"nothing"}
    pair.assert_equal()


def test_what_the_source_has_no_more_is_removed(pair: Pair) -> None:
    """A file by an unlink, a directory by one rename to the trash, a symlink without a look at where it leads."""
    pair.both("stays")
    outside = write(pair.source.with_name("outside") / "file")
    write(pair.target / "gone")
    write(pair.target / "directory/below/deep/file")
    (pair.target / "link").symlink_to(outside.parent)
    pair.walk()
    pair.assert_equal()
    (moved,) = pair.trash.iterdir()
    assert (moved / "below/deep/file").read_text() == "text"
    assert outside.read_text() == "text"


KINDS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: write(path, "a file"),
    "symlink": lambda path: path.symlink_to("nowhere"),
    "directory": lambda path: write(path / "below" / "file", "a directory"),
}


@pytest.mark.parametrize("before", KINDS)
@pytest.mark.parametrize("after", KINDS)
def test_a_name_may_change_its_type(pair: Pair, before: str, after: str) -> None:
    """In each direction; a directory goes to the trash by one rename, with all that is in it."""
    KINDS[before](pair.target / "name")
    KINDS[after](pair.source / "name")
    pair.walk()
    pair.assert_equal()
    goes = before == "directory" != after
    assert [path.name for place in pair.trash.iterdir() for path in place.iterdir()] == (["below"] if goes else [])


def test_what_cannot_be_removed_makes_its_directory_anew(pair: Pair, mounts: Mounts) -> None:
    """The whole directory goes to the trash by a rename, and all that is in it is brought or linked again."""
    write(pair.source / "directory" / "name")
    pair.known("directory/other")
    pair.both("directory/equal")
    write(pair.target / "directory" / "name", "immutable")
    subprocess.run(["chattr", "+i", pair.target / "directory" / "name"], check=True)
    try:
        pair.walk()
        pair.assert_equal()
    finally:
        subprocess.run(["chattr", "-R", "-i", pair.trash], check=True)
    assert [path.name for path in sorted(pair.trash.glob("*/*"))] == ["equal", "name"]


@pytest.mark.parametrize("in_source", [True, False])
def test_what_cannot_be_removed_from_the_root_ends_the_walk(pair: Pair, mounts: Mounts, *, in_source: bool) -> None:
    """Nobody can make the root anew from inside; the backup begins another partial."""
    write(pair.source / ("name" if in_source else "other"))
    mounts.memory(pair.target / "name")
    with pytest.raises(Stuck, match="busy"):
        pair.enter()


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("place", ["directory", "directory/below"])
def test_what_is_mounted_in_a_partial_is_never_entered(pair: Pair, mounts: Mounts, place: str, is_known: bool) -> None:
    """Nothing in it is changed, whatever the source has there; a bind mount has the same device."""
    outside = write(pair.source.with_name("outside") / "file").parent
    write(outside / "below/file")
    pair.both("directory/below/file", "new")
    mounts.bind(outside, pair.target / place)
    facts = _facts(pair.target / place) if is_known else UNKNOWN
    before = account(outside), _stamp(outside / "file"), _stamp(outside)
    for path in ("directory", "directory/below")[place.count("/") :]:
        with pytest.raises(OSError, match="cross-device"):
            pair.enter(path, there=facts)
    assert (account(outside), _stamp(outside / "file"), _stamp(outside)) == before


def test_a_symlink_in_the_place_of_a_directory_of_the_target_is_never_followed(pair: Pair) -> None:
    """Nothing is written, listed or removed where it leads."""
    outside = pair.source.with_name("outside")
    write(outside / "secret")
    write(pair.source / "directory/file")
    (pair.target / "directory").symlink_to(outside)
    facts = _facts(outside)
    for there in (None, facts, UNKNOWN):
        shutil.rmtree(pair.target)
        pair.target.mkdir()
        (pair.target / "directory").symlink_to(outside)
        if there == facts:
            with pytest.raises(NotADirectoryError):
                pair.enter("directory", there=there)
        else:
            pair.enter("directory", there=there)
            assert (pair.target / "directory/file").read_text() == "text"
        assert os.listdir(outside) == ["secret"]


@pytest.mark.parametrize("replacement", ["symlink", "file", "nothing"])
def test_a_directory_of_the_source_that_is_none_any_more_has_vanished(pair: Pair, replacement: str) -> None:
    """Nothing comes from where a symlink in its place leads, and the target has no such directory either."""
    outside = write(pair.source.with_name("outside") / "secret").parent
    pair.both("directory/kept")
    write(pair.source / "directory/new")
    wanted, there = (pair.source / "directory").lstat(), _facts(pair.target / "directory")
    shutil.rmtree(pair.source / "directory")
    if replacement == "symlink":
        (pair.source / "directory").symlink_to(outside)
    elif replacement == "file":
        write(pair.source / "directory")
    receipt = pair.enter("directory", there=there, wanted=wanted)
    assert (receipt.is_gone, receipt.is_discarded, receipt.files, receipt.troubles) == (True, True, 0, [])
    assert list(pair.target.iterdir()) == []


def test_a_new_directory_that_vanishes_before_its_turn_is_not_made(pair: Pair) -> None:
    """Nothing had to be moved away for it."""
    receipt = pair.enter("directory", there=None, wanted=pair.source.lstat())
    assert (receipt.is_gone, receipt.is_discarded) == (True, False)
    assert list(pair.target.iterdir()) == []


def test_a_file_that_vanishes_before_its_turn_is_left_to_the_last_look(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks there sees that it is gone."""
    write(pair.source / "file")
    original = new_entry._read
    monkeypatch.setattr(
        new_entry,
        "_read",
        lambda place, name, listed: [(pair.source / name).unlink(), original(place, name, listed)][1],
    )
    receipt = pair.enter()
    assert [name for name, _ in receipt.rest] == ["file"]
    assert list(pair.target.iterdir()) == []


@pytest.mark.parametrize("change", [lambda path: path.chmod(0o600), lambda path: write(path, "longer than before")])
def test_a_file_that_changes_before_its_turn_is_left_to_the_last_look(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    """Attributes and content belong together: nothing is written with those of another version."""
    write(pair.source / "file")
    original = new_entry._read
    monkeypatch.setattr(
        new_entry, "_read", lambda place, name, listed: [change(pair.source / name), original(place, name, listed)][1]
    )
    assert [name for name, _ in pair.enter().rest] == ["file"]
    assert list(pair.target.iterdir()) == []


@pytest.mark.parametrize("has_unfinished", [True, False])
def test_large_sparse_and_special_files_are_left_to_others(pair: Pair, has_unfinished: bool) -> None:
    """Large ones to a worker at the end, where there is a place for them to grow; their directory waits."""
    sizes = {"small": SMALL_FILE_SIZE, "medium": SMALL_FILE_SIZE + 1, "large": LARGE_FILE_SIZE}
    for name, size in sizes.items():
        write(pair.source / "directory" / name, "x" * size)
    with (pair.source / "directory/sparse").open("wb") as file:
        file.truncate(10_000)
    os.mkfifo(pair.source / "directory/fifo")
    with pair.roots() as roots:
        roots.unfinished = roots.unfinished if has_unfinished else -1
        facts = _facts(pair.source / "directory")
        receipt = pair._enter(roots, "directory", facts, None, 0)
    left = {"medium": SMALL_FILE_SIZE + 1, "sparse": 10_000, "fifo": 0}
    assert dict(receipt.rest) == (left if has_unfinished else {**left, "large": LARGE_FILE_SIZE})
    assert receipt.large == ([("large", LARGE_FILE_SIZE)] if has_unfinished else [])
    assert (receipt.files, receipt.transferred, receipt.size, receipt.is_left) == (5, 1, SMALL_FILE_SIZE, False)
    assert os.listdir(pair.target / "directory") == ["small"]


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o000, 0o644, 0o1644, 0o2755, 0o4755, 0o7777])
def test_modes_and_owners_are_kept_whatever_the_umask(pair: Pair, mode: int) -> None:
    """The bits that a change of the owner takes away are, too; so are those of directories and symlinks."""
    for path in (write(pair.source / "directory/file"), pair.source / "directory"):
        os.chown(path, 54321, 65432)
        path.chmod(mode)
    (pair.source / "link").symlink_to("nowhere")
    os.chown(pair.source / "link", 54321, 65432, follow_symlinks=False)
    umask = os.umask(UMASK)
    try:
        pair.walk()
    finally:
        os.umask(umask)
    pair.assert_equal()


@pytest.mark.parametrize(("size", "is_small"), [(10, True), (300_000, False)])
def test_a_refused_link_becomes_a_copy_of_what_the_source_has_now(
    tmp_path: Path, simulator: Simulator, size: int, is_small: bool
) -> None:
    """A file of the reference that has all its links already is older than the source: nothing comes from it."""
    pair = Pair(tmp_path, simulator.mount("efs", "max_links=1"))
    file = pair.known("file", "x" * size)
    file.write_text("y" * size)
    os.utime(file, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    receipt = pair.enter()
    assert receipt.linked == 0
    assert [name for name, _ in receipt.rest] == ([] if is_small else ["file"])
    assert (pair.target / "file").exists() is is_small
    if is_small:
        assert (pair.target / "file").read_text() == "x" * size


@pytest.mark.parametrize("operation", ["create", "write", "flush", "link", "mkdir"])
def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path: Path, simulator: Simulator, operation: str) -> None:
    """A half file of the right size and time would pass for whole in the next backup."""
    pair = Pair(tmp_path, simulator.mount("efs"))
    write(pair.source / "directory/file", "x" * 10_000)
    pair.known("directory/linked")
    pair = Pair(tmp_path, simulator.mount("efs", f"fail_op={operation}", "fail_errno=ENOSPC"))
    with pytest.raises(OSError, match="No space left") as raised:
        pair.walk()
    assert raised.value.errno == errno.ENOSPC
    assert not (pair.target / "directory/file").exists()


def test_of_several_references_the_first_that_has_a_file_gives_it(pair: Pair, tmp_path: Path) -> None:
    """One that lacks the directory, or has something else in its place, has nothing."""
    pair.known("directory/both")
    pair.known("directory/only in the second")
    first, odd = tmp_path / "first", tmp_path / "odd"
    write(first / "directory/both")
    write(odd / "directory")
    pair.references = [odd, first, pair.reference]
    pair.walk()
    assert (pair.target / "directory/both").samefile(first / "directory/both")
    other = "directory/only in the second"
    assert (pair.target / other).samefile(pair.reference / other)


ODD_NAMES = ["new\nline", "-dash", "\udcff\udcfe", "caf\udce9", " ", "x" * 255, "*", ".", "\\#012", "\u00fc"]


def test_names_may_have_any_bytes(pair: Pair) -> None:
    """Those of files, symlinks and directories: made, linked, kept and removed."""
    for name in ODD_NAMES:
        if name == ".":
            continue
        write(pair.source / f"d{name}"[:255] / name)
        pair.known(name)
        pair.both(f"k{name}"[:255])
        write(pair.target / f"g{name}"[:255])
        (pair.source / f"l{name}"[:255]).symlink_to(name)
    pair.walk()
    pair.assert_equal()


@pytest.mark.parametrize(("depth", "name"), [(1200, "d"), (30, "n" * 200)])
def test_a_tree_may_be_deeper_than_a_path_can_name(place_for_depth: Path, depth: int, name: str) -> None:
    """More than 4,096 bytes: each directory is opened in pieces, made, filled, compared and dated."""
    pair = Pair(place_for_depth)
    pair.references = []
    descriptor = os.open(pair.source, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    with open(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor), "w") as file:
        file.write("deep")
    deepest = os.stat(descriptor)
    os.close(descriptor)
    path = "/".join([name] * depth)
    with pair.roots() as roots:
        made = pair._enter(roots, path, directory_facts(deepest), None, 0)
        again = pair._enter(roots, path, directory_facts(deepest), UNKNOWN, 0)
    assert (made.transferred, made.is_left, again.kept, again.transferred) == (1, True, 1, 0)


def _fill(root: Path, numbers: range, text: str = "text") -> None:
    root.mkdir(exist_ok=True)
    for number in numbers:
        write(root / str(number), text)
    for number in numbers[::10]:
        write(root / f"directory {number}" / "file", text)


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> int:
    """Very few names are held in memory at a time, and in one receipt."""
    monkeypatch.setattr(directory_module, "MOST_AT_ONCE", 20)
    monkeypatch.setattr(directory_module, "_NAMES_A_RECEIPT", 7)
    return 20


@pytest.mark.parametrize(
    ("source", "target"),
    [(range(150), range(150)), (range(150), range(75, 225)), (range(150), range(0)), (range(5), range(150)),
     (range(150), range(5)), (range(100, 200), range(100))],
)  # fmt: skip
def test_a_directory_of_very_many_names_is_gone_through_in_slices(
    pair: Pair, small_slices: int, source: range, target: range
) -> None:
    """With removals and additions in each; every name is counted once, and told in several receipts."""
    _fill(pair.source / "many", source)
    _fill(pair.target / "many", target)
    write(pair.source / "many/0", "changed", A_DAY_AGO_NS + 1)
    names = os.listdir(pair.source / "many")
    files = [name for name in names if (pair.source / "many" / name).is_file()]
    kept = {*map(str, source)} & {*map(str, target)} - {"0"}
    pair.walk()
    pair.assert_equal()
    receipts = pair.receipts["many"]
    assert sum(one.files for one in receipts) == len(files)
    assert sum(one.kept for one in receipts) == len(kept)
    below = [name for one in receipts for name, *_ in one.below]
    assert sorted(below) == sorted({*names} - {*files})
    assert len(receipts) > 1 or len(names) < small_slices
    assert len(receipts) > 5 or len(target) > small_slices or len(names) < small_slices


def test_no_batch_holds_more_names_than_fit_into_memory(
    pair: Pair, small_slices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that has a few names of a directory already, as after a kill, is no reason to hold all the others."""
    _fill(pair.source / "many", range(150))
    write(pair.target / "many/1")
    sizes = list[int]()
    original = NewEntries.make

    def make(entries: NewEntries, missing: list[tuple[str, os.stat_result]]) -> None:
        sizes.append(len(missing))
        original(entries, missing)

    monkeypatch.setattr(NewEntries, "make", make)
    pair.walk()
    pair.assert_equal()
    assert sum(sizes) == 150 - 1 + 15
    assert max(sizes) <= small_slices


def test_a_directory_that_cannot_be_listed_is_an_empty_one_in_trouble(tmp_path: Path, simulator: Simulator) -> None:
    """Nothing stale of the target is in it; it has the attributes of the source's."""
    source = simulator.mount("source")
    pair = Pair(tmp_path)
    pair.source = source
    pair.both("directory/file")
    (source / "directory").chmod(0o750)
    simulator.mount("source", "fail_op=opendir", "fail_errno=EACCES", "fail_path=directory")
    pair.walk()
    (receipt,) = pair.receipts["directory"]
    assert receipt.troubles == [("", SOURCE, errno.EACCES, "cannot be listed: Permission denied")]
    assert (receipt.is_gone, receipt.files) == (False, 0)
    assert os.listdir(pair.target / "directory") == []
    wanted, made = (source / "directory").stat(), (pair.target / "directory").stat()
    assert (made.st_mode, made.st_mtime_ns) == (wanted.st_mode, wanted.st_mtime_ns)
    assert pair.target.stat().st_mtime_ns == source.stat().st_mtime_ns


def test_a_listing_that_breaks_off_is_trouble(tmp_path: Path, simulator: Simulator) -> None:
    """Names that came until then are brought, and nothing that the source may not have stays."""
    source = simulator.mount("source")
    pair = Pair(tmp_path)
    pair.source = source
    for number in range(400):
        pair.both(f"directory/{number}")
    simulator.mount("source", "fail_op=readdir", "fail_errno=EIO", "fail_path=directory", "fail_after=1")
    pair.walk()
    (receipt,) = pair.receipts["directory"]
    assert [(name, side, number) for name, side, number, _ in receipt.troubles] == [("", SOURCE, errno.EIO)]
    assert 0 < receipt.files < 400
    assert len(os.listdir(pair.target / "directory")) == receipt.files


@pytest.mark.parametrize("operation", ["open", "read"])
def test_an_unreadable_file_is_left_to_others_and_nothing_of_it_stays(
    tmp_path: Path, simulator: Simulator, operation: str
) -> None:
    """Whoever tries again says what the matter is; the other files of its directory are brought."""
    source = simulator.mount("source")
    pair = Pair(tmp_path)
    pair.source = source
    for name in ("bad", "good"):
        write(source / "directory" / name, "new")
        write(pair.target / "directory" / name, "old!")
    simulator.mount("source", f"fail_op={operation}", "fail_errno=EIO", "fail_path=bad")
    pair.walk()
    (receipt,) = pair.receipts["directory"]
    assert (receipt.rest, receipt.is_left) == ([("bad", 3)], False)
    assert os.listdir(pair.target / "directory") == ["good"]
    assert (pair.target / "directory/good").read_text() == "new"


def test_a_directory_of_the_target_that_cannot_be_listed_is_refused_as_a_whole(
    tmp_path: Path, simulator: Simulator
) -> None:
    """The names of such a directory are not known, and nothing is taken for granted."""
    pair = Pair(tmp_path, simulator.mount("efs"))
    pair.both("directory/file")
    simulator.mount("efs", "fail_op=opendir", "fail_errno=EIO", "fail_path=target/directory")
    with pytest.raises(OSError, match="Input/output") as raised:
        pair.enter("directory")
    assert raised.value.errno == errno.EIO


def _operations(simulator: Simulator, place: Path) -> dict[str, int]:
    return {name: number for name, number in simulator.counts(place)["ops"].items() if number}


CHANGES = (
    "create",
    "mkdir",
    "mknod",
    "link",
    "symlink",
    "rename",
    "unlink",
    "rmdir",
    "chmod",
    "chown",
    "utimens",
    "write",
)


def test_an_unchanged_tree_costs_no_write(tmp_path: Path, simulator: Simulator) -> None:
    """Not even for its directories; and about one request for each hundred names."""
    pair = Pair(tmp_path, simulator.mount("efs"))
    for number in range(300):
        write(pair.source / f"{number // 100}" / f"file {number}")
    pair.walk()
    pair = Pair(tmp_path, simulator.mount("efs"))
    before = _operations(simulator, pair.target.parent)
    pair.walk()
    after = _operations(simulator, pair.target.parent)
    assert {name: after.get(name, 0) - before.get(name, 0) for name in CHANGES} == dict.fromkeys(CHANGES, 0)
    assert sum(after.values()) - sum(before.values()) <= 60
    assert pair.total("kept") == 300
    pair.assert_equal()


@pytest.mark.parametrize(
    ("change", "writes"),
    [
        (lambda path: os.utime(path, ns=(5, 5)), {"utimens": 1}),
        (lambda path: path.chmod(0o711), {"chmod": 1}),
        pytest.param(lambda path: os.chown(path, 7, 8), {"chown": 1}, marks=pytest.mark.root),
    ],
)
def test_a_directory_gets_only_the_attributes_that_differ(
    tmp_path: Path, simulator: Simulator, change: Callable[[Path], object], writes: dict[str, int]
) -> None:
    """One request for each, and none for the directories beside it."""
    pair = Pair(tmp_path, simulator.mount("efs"))
    for name in ("one", "other"):
        write(pair.source / name / "file")
    pair.walk()
    change(pair.source / "one")
    pair = Pair(tmp_path, simulator.mount("efs"))
    before = _operations(simulator, pair.target.parent)
    pair.walk()
    after = _operations(simulator, pair.target.parent)
    assert {name: after.get(name, 0) - before.get(name, 0) for name in CHANGES} == {
        **dict.fromkeys(CHANGES, 0),
        **writes,
    }
    pair.assert_equal()


@pytest.mark.parametrize(
    "change",
    [
        lambda pair: write(pair.target / "directory/stale"),
        lambda pair: write(pair.target / "directory/stale/deep"),
        lambda pair: write(pair.source / "directory/new/file"),
        lambda pair: write(pair.source / "directory/kept", "changed", 5),
        lambda pair: os.utime(pair.target / "directory/kept", ns=(5, 5)),
    ],
)
def test_a_directory_in_which_something_was_done_has_its_time_again(
    pair: Pair, change: Callable[[Pair], object]
) -> None:
    """A removal changes it as well, where source and target had the same one before."""
    pair.both("directory/kept")
    change(pair)
    for side in (pair.source, pair.target):
        os.utime(side / "directory", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    pair.walk()
    pair.assert_equal()


def test_a_directory_below_which_one_vanishes_has_its_time_again(pair: Pair) -> None:
    """The time was right until the directory below was moved away."""
    pair.both("directory/below/file")
    for side in (pair.source, pair.target):
        os.utime(side / "directory", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    with pair.roots() as roots:
        facts = [_facts(side / "directory") for side in (pair.source, pair.target)]
        receipt = pair._enter(roots, "directory", facts[0], facts[1], 0)
        assert (receipt.is_changed, receipt.is_left) == (False, False)
        shutil.rmtree(pair.source / "directory/below")
        ((name, wanted, there, _),) = receipt.below
        assert pair._enter(roots, f"directory/{name}", wanted, there, 0).is_discarded


def test_a_directory_that_its_owner_may_not_enter_gets_its_times_first(tmp_path: Path) -> None:
    """Its mode closes it."""
    directory, wanted = tmp_path / "directory", tmp_path / "wanted"
    directory.mkdir()
    wanted.mkdir(0o000)
    os.utime(wanted, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    set_directory_attributes(descriptor, wanted.stat())
    os.close(descriptor)
    assert (stat.S_IMODE(directory.stat().st_mode), directory.stat().st_mtime_ns) == (0o000, A_DAY_AGO_NS)


@pytest.mark.root
def test_a_directory_whose_owner_is_refused_is_trouble(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some servers keep another owner without a word."""
    (pair.source / "directory").mkdir()
    os.chown(pair.source / "directory", 4242, 4343)
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    pair.walk()
    (receipt,) = pair.receipts["directory"]
    assert [(name, side, number) for name, side, number, _ in receipt.troubles] == [("", TARGET, errno.EPERM)]
    assert "4242:4343" in receipt.troubles[0][3]


def test_a_run_that_compares_makes_directories_and_nothing_else(pair: Pair) -> None:
    """Missing and differing names are left to others, and what the source has not stays where it is."""
    pair.both("directory/equal")
    write(pair.source / "directory/new")
    write(pair.source / "directory/differs", "new")
    for name in ("differs", "stale"):
        write(pair.target / "directory" / name, "old!")
    (pair.source / "directory/made").mkdir()
    pair.known("directory/in the reference")
    pair.setup.way = COMPARES
    pair.walk()
    rest = [name for name, _ in pair.receipts["directory"][0].rest]
    assert sorted(rest) == ["differs", "in the reference", "new"]
    assert sorted(os.listdir(pair.target / "directory")) == ["differs", "equal", "made", "stale"]
    assert (pair.target / "directory/differs").read_text() == "old!"
    assert list(pair.trash.iterdir()) == []


def test_a_run_that_overlays_makes_what_is_missing_and_removes_nothing(pair: Pair) -> None:
    """Differing names are left to others, who replace them at once; the target is somebody's."""
    pair.both("directory/equal")
    write(pair.source / "directory/new")
    write(pair.source / "directory/differs", "new")
    write(pair.source / "directory/was a directory", "new")
    write(pair.target / "directory/was a directory/mine", "mine")
    for name in ("differs", "stale"):
        write(pair.target / "directory" / name, "old!")
    write(pair.target / "mine/below")
    pair.setup.way = OVERLAYS
    pair.walk()
    (receipt,) = pair.receipts["directory"]
    assert sorted(name for name, _ in receipt.rest) == ["differs", "was a directory"]
    assert (pair.target / "directory/new").read_text() == "text"
    assert (pair.target / "directory/differs").read_text() == "old!"
    assert (pair.target / "directory/was a directory/mine").read_text() == "mine"
    assert (pair.target / "directory/stale").exists()
    assert (pair.target / "mine/below").exists()
    assert list(pair.trash.iterdir()) == []


def test_a_run_that_overlays_does_not_remove_what_lies_in_the_place_of_a_directory(pair: Pair) -> None:
    """The directory is refused as a whole, for nothing of it can be brought."""
    write(pair.source / "directory/file")
    write(pair.target / "directory", "somebody's")
    pair.setup.way = OVERLAYS
    ((_, facts, there, _),) = pair.enter().below
    assert there is None
    with pytest.raises(NotADirectoryError):
        pair.enter("directory", there=there)
    assert facts == _facts(pair.source / "directory")
    assert (pair.target / "directory").read_text() == "somebody's"


def test_a_file_that_was_perhaps_never_flushed_is_made_anew(pair: Pair) -> None:
    """A file of one link and a ctime after the last flush may be all zeros after a power loss, with right times."""
    old = pair.both("old", "0000")
    until = old.stat().st_ctime_ns + 1
    young = pair.both("young", "0000")
    while young.stat().st_ctime_ns < until:
        young.chmod(young.stat().st_mode)  # the kernel's clock ticks coarsely
    write(pair.source / "young", "text")
    write(pair.source / "old", "text")
    pair.setup.trusted_until_ns = until
    receipt = pair.enter()
    assert (receipt.kept, receipt.transferred) == (1, 1)
    assert ((pair.target / "old").read_text(), (pair.target / "young").read_text()) == ("0000", "text")


def test_a_file_made_at_the_very_moment_of_the_flush_is_made_anew(pair: Pair) -> None:
    """Nobody knows whether it was in time."""
    file = pair.both("file")
    pair.setup.trusted_until_ns = file.stat().st_ctime_ns
    assert pair.enter().transferred == 1


def test_a_young_file_that_a_snapshot_shares_is_kept(pair: Pair) -> None:
    """A shared file has two links while the source's has one: the other is a published name."""
    os.link(pair.both("file"), pair.reference.with_name("published"))
    pair.setup.trusted_until_ns = 0
    receipt = pair.enter()
    assert (receipt.kept, receipt.transferred) == (1, 0)


def test_a_young_file_that_has_two_names_in_the_source_is_made_anew(pair: Pair) -> None:
    """Its second link may be a name of this partial, which no flush has seen either."""
    os.link(pair.both("file", "0000"), pair.target / "second")
    write(pair.source / "file")
    os.link(pair.source / "file", pair.source / "second")
    pair.setup.trusted_until_ns = 0
    assert pair.enter().kept == 0
    assert (pair.target / "file").read_text() == (pair.target / "second").read_text() == "text"


@pytest.mark.parametrize("in_reference", [True, False])
@pytest.mark.parametrize("text", ["text", "TEXT"])
def test_contents_are_compared_where_that_was_asked_for(pair: Pair, in_reference: bool, text: str) -> None:
    """A file of the same size and times but with another content is made anew."""
    file = pair.known("file", text) if in_reference else pair.both("file", text)
    write(pair.source / "file", "text")
    pair.setup.with_content = True
    receipt = pair.enter()
    assert (receipt.transferred == 0) == (text == "text")
    assert (pair.target / "file").read_text() == "text"
    assert file.read_text() == text or not in_reference


def test_times_are_compared_as_exactly_as_the_target_keeps_them(pair: Pair) -> None:
    """Of files and of directories."""
    pair.setup.time_step_ns = 1_000_000_000
    second = A_DAY_AGO_NS // 1_000_000_000 * 1_000_000_000
    write(pair.source / "directory/file", mtime_ns=second + 999)
    file = write(pair.target / "directory/file", mtime_ns=second)
    os.utime(pair.source / "directory", ns=(second, second + 999))
    os.utime(pair.target / "directory", ns=(second, second))
    before = _stamp(file), _stamp(pair.target / "directory")
    pair.walk()
    assert (_stamp(file), _stamp(pair.target / "directory")) == before


def test_a_symlink_with_another_text_is_made_anew(pair: Pair) -> None:
    """Its size and its times are the same."""
    for side, text in ((pair.source, "one"), (pair.target, "two"), (pair.reference, "six")):
        (side / "link").symlink_to(text)
        os.utime(side / "link", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    receipt = pair.enter()
    assert (receipt.kept, receipt.linked) == (0, 0)
    assert os.readlink(pair.target / "link") == "one"


def test_names_of_one_file_are_told_with_their_inodes_in_the_target(pair: Pair) -> None:
    """0 for a name that is still to be made; inodes with several links in the target are told for the last look."""
    kept = pair.both("kept")
    os.link(pair.source / "kept", pair.source / "new")
    shared = pair.known("shared")
    receipt = pair.enter()
    found = (pair.source / "kept").stat()
    assert sorted(receipt.groups) == [
        (found.st_dev, found.st_ino, "kept", kept.stat().st_ino), (found.st_dev, found.st_ino, "new", 0),
    ]  # fmt: skip
    assert bytes(receipt.inodes) == shared.stat().st_ino.to_bytes(8, "little")


def test_a_closed_directory_stays_and_nothing_in_it(pair: Pair) -> None:
    """Something else is mounted there in the source; what the target had of it goes."""
    pair.both("directory/file")
    write(pair.target / "directory/below/file")
    receipt = pair.enter("directory", flags=CLOSED)
    assert (receipt.files, receipt.below) == (0, [])
    assert os.listdir(pair.target / "directory") == []


def test_what_somebody_else_makes_in_the_meantime_is_doubtful(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of somebody else is neither overwritten nor believed."""
    write(pair.source / "directory/written")
    (pair.source / "directory/link").symlink_to("nowhere")
    pair.known("directory/linked")
    original = NewEntries.make

    def make(entries: NewEntries, missing: list[tuple[str, os.stat_result]]) -> None:
        for name, _ in missing:
            write(pair.target / "directory" / name, "somebody else's")
        original(entries, missing)

    monkeypatch.setattr(NewEntries, "make", make)
    receipt = pair.enter("directory")
    assert sorted(receipt.doubtful) == ["link", "linked", "written"]
    for name in receipt.doubtful:
        assert (pair.target / "directory" / name).read_text() == "somebody else's"


@pytest.mark.root
@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_an_owner_that_a_server_refuses_without_a_word_is_left_to_the_last_look(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nothing with a wrong owner stays in the partial."""
    path = pair.source / "theirs"
    path.symlink_to("nowhere") if kind == "symlink" else write(path)
    os.chown(path, 54321, 65432, follow_symlinks=False)
    source, target = (os.open(root, os.O_PATH) for root in (pair.source, pair.target))
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    make = make_symlink if kind == "symlink" else write_small
    with pytest.raises(PermissionError):
        make(source, target, "theirs", path.lstat())
    os.close(source)
    os.close(target)
    assert os.listdir(pair.target) == []


@pytest.mark.root
def test_who_cannot_give_files_away_keeps_what_is_their_own_copy_of_them(pair: Pair) -> None:
    """In the target all is theirs: owners and the bits that depend on them are not compared; all others are."""
    pair.both("of root").chmod(0o644)
    (pair.source / "of root").chmod(0o4644)
    pair.both("mode").chmod(0o600)
    pair.belong_to_nobody()
    os.chown(pair.source / "of root", 0, 0)
    (pair.source / "of root").chmod(0o4644)
    receipt = pair.enter()
    assert (receipt.kept, receipt.transferred) == (1, 1)
    assert (pair.target / "mode").stat().st_mode & 0o777 == 0o644


@pytest.mark.root
def test_a_file_of_somebody_else_is_left_to_others_by_who_cannot_give_it_away(pair: Pair) -> None:
    """Whoever brings it says what is lost; a file of a group to which this user belongs is made."""
    write(pair.source / "of root")
    write(pair.source / "of my group")
    pair.belong_to_nobody()
    pair.groups = [4242]
    os.chown(pair.source / "of root", 0, 0)
    os.chown(pair.source / "of my group", -1, 4242)
    receipt = pair.enter()
    assert ([name for name, _ in receipt.rest], receipt.transferred) == (["of root"], 1)
    assert (pair.target / "of my group").stat().st_gid == 4242


@pytest.mark.root
@pytest.mark.parametrize("in_reference", [True, False])
def test_a_group_that_this_user_can_give_is_compared(pair: Pair, in_reference: bool) -> None:
    """A file that has changed its group is neither kept nor linked; one of a group that they cannot give is."""
    for name in ("mine", "not mine"):
        pair.known(name) if in_reference else pair.both(name)
    pair.belong_to_nobody()
    pair.groups = [4242]
    os.chown(pair.source / "mine", -1, 4242)
    os.chown(pair.source / "not mine", -1, 4343)
    receipt = pair.enter()
    assert (receipt.kept + receipt.linked, receipt.transferred) == (1, 1)
    assert (pair.target / "mine").stat().st_gid == 4242


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_directory_that_is_closed_to_its_owner_is_brought_up_to_date(pair: Pair, mode: int) -> None:
    """As it has its mode already, it is opened for the time that something is done in it, and below it."""
    pair.both("directory/below/kept")
    write(pair.source / "directory/below/new")
    write(pair.target / "directory/stale")
    write(pair.target / "directory/stale directory/file")
    pair.belong_to_nobody()
    for path in (pair.source / "directory", pair.source / "directory/below"):
        path.chmod(0o555 | mode)
    for name in ("directory", "directory/below", "directory/stale directory"):
        (pair.target / name).chmod(mode)
    for path in (pair.source / "directory", pair.target / "directory"):
        os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    pair.walk()
    pair.assert_equal()


def test_a_setup_arrives_as_it_was_sent() -> None:
    """Every field, and all descriptors that a worker has to inherit."""
    setup = Setup(3, 4, REPLACES)
    setup.references, setup.trash, setup.threads = [7, 8], 5, 9
    setup.left_out = (("*.tmp",), ("a",), (), 0, (1, 2))
    assert Setup.of(setup.packed()).packed() == setup.packed()
    assert setup.descriptors() == [3, 4, 5, 7, 8]


def test_what_is_left_out_is_told_whenever_a_large_directory_is_reported(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each name that a pattern has left out stands in one of the receipts, whichever came before it."""
    monkeypatch.setattr("efs_backup.copy_worker.directory._NAMES_A_RECEIPT", 3)
    for number in range(30):
        write(pair.source / "many" / f"{number}{'.tmp' if number % 2 else ''}")
    pair.setup.left_out = (("*.tmp",),)
    told: list[int] = []
    with pair.roots() as roots:
        copy = DirectoryCopy(roots, "many", directory_facts((pair.source / "many").lstat()), None, 0)
        last = copy.run(lambda receipt: told.append(len(receipt.met)))  # what is added later reaches nobody
    assert len(told) > 3
    assert sum(told) + len(last.met) == 15
