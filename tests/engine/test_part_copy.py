"""The copy tool that fpsync calls for each part: what it links, writes, leaves alone and says."""

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.attributes import packed
from efs_backup.copy_worker.new_entry import point_symlink, write_small
from efs_backup.copy_worker.part import escaped
from efs_backup.domain.copying.commands import PartSizes, linking_tool, part_command, rsync_options
from efs_backup.domain.copying.rsync_output import Fault, parse_complaints, parse_statistics
from efs_backup.engine.trees.tree import set_directory_attributes
from tests.builders import A_DAY_AGO_NS, Fact, account, write
from tests.conftest import Cli, Ended
from tests.domain.programs import write_part
from tests.simulator import Simulator

PACKAGE_PLACE = str(Path(__file__).parents[2] / "source")


class Part:
    """A source, a reference and a partial, and the tool between them."""

    def __init__(self, place: Path) -> None:
        self.source, self.reference, self.partial = place / "source", place / "reference", place / "partial"
        for directory in (self.source, self.reference, self.partial):
            directory.mkdir()
        self._list = place / "part.1"
        self.options = rsync_options([str(self.reference)], vanishing=True, into_empty=True)

    def survey(self, *paths: str) -> None:
        """Note what these paths are now, as the survey does for the next run."""
        places = [self.source / path for path in paths]
        surveyed = b"".join(packed(place.lstat(), place.parent.stat().st_mode) for place in places)
        self._list.with_name("attributes.part.1").write_bytes(surveyed)

    def run(self, *paths: str, rate: float | None = None, threads: int = 4) -> Ended:
        """Copy these paths."""
        write_part(self._list, *(f"./{path}" for path in paths))
        tool = linking_tool(sys.executable, PACKAGE_PLACE, PartSizes(1, 1, 1, threads, rate))
        command = part_command("tool", self.options, str(self._list), str(self.source), str(self.partial))
        done = subprocess.run((*tool, *command[1:]), capture_output=True, check=False, umask=0o077)
        return Ended(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))

    def keep(self, path: str, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """The same file in the source and in the reference; the latter's path."""
        write(self.source / path, text, mtime_ns)
        return write(self.reference / path, text, mtime_ns)


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Nothing in any of them yet."""
    return Part(tmp_path)


def test_what_is_equal_is_linked_and_what_is_new_is_written(part: Part) -> None:
    """The account of both is rsync's, and the last line is the exit code."""
    kept = part.keep("directory/kept")
    write(part.source / "directory/new", "fresh")
    ended = part.run("directory/kept", "directory/new")
    assert (part.partial / "directory/kept").samefile(kept)
    assert (part.partial / "directory/new").read_text() == "fresh"
    statistics = parse_statistics(ended.stdout)
    assert (statistics.number_of_files, statistics.number_of_files_transferred) == (2, 1)
    assert (statistics.total_file_size, statistics.total_transferred_file_size) == (9, 5)
    assert ended.stdout.endswith("part ended with exit code 0\n")


def test_what_the_partial_has_already_is_left_alone(part: Part) -> None:
    """It may be a link into an older snapshot: neither content nor any attribute of it is touched."""
    write(part.source / "one", "changed")
    old = write(part.reference / "old", "older snapshot")
    os.link(old, part.partial / "one")
    before = old.stat()
    for _ in range(2):
        assert part.run("one").code == 0
    assert old.stat() == before
    assert old.read_text() == "older snapshot"


@pytest.mark.root
def test_nothing_of_a_reference_ever_changes_but_its_number_of_links(part: Part) -> None:
    """Whatever differs in the source: content, mode, owner, time or type."""
    for name in ("mode", "owner", "time", "content", "type", "nothing"):
        part.keep(name)
    (part.source / "mode").chmod(0o600)
    os.chown(part.source / "owner", 7, 7)
    os.utime(part.source / "time", ns=(1, A_DAY_AGO_NS + 1))
    write(part.source / "content", "other")
    (part.source / "type").unlink()
    (part.source / "type").symlink_to("nothing")
    before = account(part.reference)
    assert part.run("mode", "owner", "time", "content", "type", "nothing").code == 0
    assert account(part.reference) == before
    assert {path.name for path in part.reference.iterdir() if path.stat().st_nlink > 1} == {"nothing"}
    assert _without_root(account(part.partial)) == _without_root(account(part.source))


def test_a_refused_link_becomes_a_copy_from_the_source(part: Part, simulator: Simulator) -> None:
    """Not from the reference, which is older: what counts is what the source has now."""
    efs = simulator.mount("efs", "max_links=1")
    part.reference, part.partial = efs / "reference", efs / "partial"
    part.options = rsync_options([str(part.reference)], vanishing=True, into_empty=True)
    part.partial.mkdir()
    for name in ("small", "large"):
        text = "x" * (10 if name == "small" else 300_000)
        part.keep(name, text)
        write(part.reference / name, text.replace("x", "y"))
    assert part.run("small", "large").code == 0
    assert account(part.partial)["./small"] == account(part.source)["./small"]
    assert account(part.partial)["./large"] == account(part.source)["./large"]


def test_what_was_surveyed_and_is_equal_is_linked_without_a_look_at_the_source(part: Part) -> None:
    """The snapshot holds what the survey saw: a file may have changed, or be gone, before its copy's turn comes."""
    kept = part.keep("directory/changed"), part.keep("directory/gone"), part.keep("gone directory/file")
    paths = ("directory/changed", "directory/gone", "gone directory/file")
    (part.source / "directory").chmod(0o750)
    part.survey(*paths)
    write(part.source / "directory/changed", "later")
    (part.source / "directory/gone").unlink()
    shutil.rmtree(part.source / "gone directory")
    assert part.run(*paths).code == 0
    for path, file in zip(paths, kept, strict=True):
        assert (part.partial / path).samefile(file)
    assert stat.S_IMODE((part.partial / "directory").stat().st_mode) == 0o750


@pytest.mark.parametrize("new", [1, 20], ids=["one new file", "many new files"])
def test_what_is_new_since_the_reference_is_copied_as_it_is_now(part: Part, new: int) -> None:
    """What was surveyed is no more than a hint there: it is read, and the attributes are those of what was read."""
    part.keep("kept")
    names = [f"new {number}" for number in range(new)]
    for name in names:
        write(part.source / name, "surveyed")
    part.survey("kept", *names)
    for name in names:
        write(part.source / name, "written later", A_DAY_AGO_NS + 1)
    assert part.run("kept", *names).code == 0
    assert _without_root(account(part.partial)) == _without_root(account(part.source))


def test_a_symlink_that_is_new_is_pointed_as_it_is_now(part: Part) -> None:
    """Target and times belong together."""
    part.keep("kept")
    link = part.source / "link"
    link.symlink_to("surveyed")
    part.survey("kept", "link")
    link.unlink()
    link.symlink_to("later")
    os.utime(link, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS + 1), follow_symlinks=False)
    assert part.run("kept", "link").code == 0
    assert _without_root(account(part.partial)) == _without_root(account(part.source))


@pytest.mark.parametrize("new", [1, 20], ids=["one new file", "many new files"])
@pytest.mark.parametrize("size", [1, 300_000], ids=["small", "large"])
def test_a_symlink_in_the_place_of_a_surveyed_directory_is_not_entered(
    part: Part, tmp_path: Path, new: int, size: int
) -> None:
    """What was new in it has vanished, and nothing comes from where the symlink leads; what is equal is linked."""
    outside = tmp_path / "outside"
    kept = part.keep("directory/kept")
    paths = [f"directory/new {number}" for number in range(new)]
    for path in paths:
        write(part.source / path, "x" * size)
        write(outside / Path(path).name, "secret" * size)
    part.survey("directory/kept", *paths)
    shutil.rmtree(part.source / "directory")
    (part.source / "directory").symlink_to(outside)
    ended = part.run("directory/kept", *paths)
    assert ended.code == 0
    assert os.listdir(part.partial / "directory") == ["kept"]
    assert (part.partial / "directory/kept").samefile(kept)
    assert parse_statistics(ended.stdout).number_of_files == 1


def test_a_second_try_looks_for_itself(part: Part) -> None:
    """What was surveyed serves once: a part is tried again because something was no longer so."""
    kept = part.keep("one")
    part.survey("one")
    assert part.run("one").code == 0
    (part.partial / "one").unlink()
    write(part.source / "one", "changed")
    assert part.run("one").code == 0
    assert (part.partial / "one").read_text() == "changed"
    assert kept.read_text() == "text"


def test_attributes_that_do_not_fit_the_list_end_the_part(part: Part) -> None:
    """Without its closing line the part is lost, and the copy is not published."""
    part.keep("one")
    part.survey("one", "one")
    ended = part.run("one")
    assert ended.code != 0
    assert "part ended" not in ended.stdout
    assert list(part.partial.iterdir()) == []


def test_of_several_references_the_first_that_has_a_file_gives_it(part: Part, tmp_path: Path) -> None:
    """A left-over partial comes before the previous snapshot, and lacks most of it."""
    leftover = tmp_path / "leftover"
    part.keep("both")
    part.keep("only in the snapshot")
    write(leftover / "both")
    references = [str(leftover), str(part.reference)]
    part.options = rsync_options(references, vanishing=True, into_empty=True)
    assert part.run("both", "only in the snapshot").code == 0
    assert (part.partial / "both").samefile(leftover / "both")
    assert (part.partial / "only in the snapshot").samefile(part.reference / "only in the snapshot")


def test_a_symlink_in_the_partial_is_never_followed(part: Part, tmp_path: Path) -> None:
    """Where a directory should be: nothing is written to where it leads, and the part is not finished."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (part.partial / "directory").symlink_to(outside)
    write(part.source / "directory" / "file")
    write(part.source / "directory" / "below" / "file")
    ended = part.run("directory/file", "directory/below/file")
    assert os.listdir(outside) == []
    assert ended.code == 23
    assert {found.fault for found in parse_complaints(ended.stderr)} == {Fault.TARGET}


def test_a_symlink_in_the_place_of_a_directory_of_the_source_is_not_entered(part: Part) -> None:
    """What was in the directory has vanished."""
    write(part.source / "elsewhere" / "file")
    (part.source / "directory").symlink_to("elsewhere")
    ended = part.run("directory/file")
    assert ended.code == 0
    assert parse_statistics(ended.stdout).number_of_files == 0
    assert not (part.partial / "directory").exists()


def test_what_vanished_is_not_counted(part: Part) -> None:
    """The engine compares with what the part lists; a whole directory may be gone."""
    write(part.source / "directory" / "here")
    ended = part.run("directory/here", "directory/gone", "no directory/gone")
    assert ended.code == 0
    assert parse_statistics(ended.stdout).number_of_files == 1


def test_large_sparse_and_special_files_are_left_to_rsync(part: Part) -> None:
    """In one call for all of them, with an account of its own; all accounts are added."""
    write(part.source / "large", "x" * 300_000)
    with (part.source / "sparse").open("wb") as file:
        file.truncate(10_000)
    os.mkfifo(part.source / "fifo")
    write(part.source / "small")
    ended = part.run("large", "sparse", "fifo", "small")
    assert _without_root(account(part.partial)) == _without_root(account(part.source))
    assert (part.partial / "sparse").stat().st_blocks == 0
    statistics = parse_statistics(ended.stdout)
    assert (statistics.number_of_files, statistics.number_of_files_transferred) == (4, 3)
    assert ended.stdout.count("Number of created files: ") == 1, "rsync's, and no other"


def test_a_disk_that_is_full_is_said_so_and_leaves_no_half_file(part: Part, simulator: Simulator) -> None:
    """What has the right size and time would pass for whole in the next backup."""
    part.partial = simulator.mount("efs", "fail_op=flush", "fail_errno=ENOSPC")
    write(part.source / "file")
    ended = part.run("file")
    assert ended.code == 11
    assert [found.fault for found in parse_complaints(ended.stderr)] == [Fault.BACKUP_FULL]
    assert os.listdir(part.partial) == []


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o000, 0o644, 0o1644, 0o2755, 0o4755, 0o7777])
def test_modes_and_owners_are_kept_whatever_the_umask(part: Part, mode: int) -> None:
    """Also the bits that a change of the owner takes away."""
    path = write(part.source / "file")
    os.chown(path, 54321, 65432)
    path.chmod(mode)
    assert part.run("file").code == 0
    made = (part.partial / "file").stat()
    assert (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) == (mode, 54321, 65432)


@pytest.mark.parametrize(("missing", "fault"), [("source", Fault.SOURCE_UNREADABLE), ("partial", Fault.TARGET)])
def test_a_root_that_is_gone_is_named(part: Part, missing: str, fault: Fault) -> None:
    """It is no tree of which everything has vanished."""
    write(part.source / "file")
    getattr(part, missing).rename(part.source.with_name("elsewhere"))
    ended = part.run("file")
    assert ended.code == 23
    assert [found.fault for found in parse_complaints(ended.stderr)] == [fault]


def test_the_tool_starts_lean(part: Part) -> None:
    """It starts many times: what takes long to import is not for it."""
    lean = "import sys; sys.path.append(sys.argv[1]); import efs_backup.copy_worker.part; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-I", "-S", "-c", lean, PACKAGE_PLACE], capture_output=True, check=True)
    loaded = set(listed.stdout.decode().split())
    assert "efs_backup.copy_worker.part" in loaded
    assert not loaded & {"dataclasses", "enum", "re", "subprocess", "typing", "pathlib", "click", "rich"}


@given(st.binary(min_size=1, max_size=40))
def test_a_complaint_spells_a_path_as_rsync_does(name: bytes) -> None:
    """Whatever bytes it has, it can be read back, and stands on one line."""
    spelled = escaped(os.fsdecode(name))
    assert spelled.isprintable()
    assert re.sub(r"\\#([0-3][0-7]{2})", lambda match: chr(int(match[1], 8)), spelled).encode("latin-1") == name


def test_operations_are_throttled(part: Part, simulator: Simulator) -> None:
    """Within ten percent of what was ordered, as the file systems count them."""
    part.source, part.partial = simulator.mount("source"), simulator.mount("partial")
    part.reference = part.partial / "reference"
    part.partial = part.partial / "partial"
    part.partial.mkdir()
    part.options = rsync_options([str(part.reference)], vanishing=True, into_empty=True)
    paths = [f"{number // 20}/{number}" for number in range(400)]
    for path in paths[:300]:
        part.keep(path)
    for path in paths[300:]:
        write(part.source / path)
    sides = simulator.mount("source"), simulator.mount("partial")
    started = time.monotonic()
    assert part.run(*paths, rate=400).code == 0
    seconds = time.monotonic() - started
    operations = sum(simulator.counts(side)["total_ops"] for side in sides)
    assert operations / seconds <= 1.1 * 400
    assert operations / seconds >= 0.7 * 400


def test_an_unchanged_file_costs_one_link(cli: Cli, tmp_path: Path, simulator: Simulator) -> None:
    """And little more: all steps of a backup together, counted by the file systems, whatever the machine.

    With 20 files in a directory, and some symlinks: at most 1.3 operations for each of them on the backup's side, where
    a directory that is listed twice would cost 0.1 more, and 0.16 on the source's, which only the survey lists.
    """
    source, backup = simulator.mount("source"), simulator.mount("backup")
    for number in range(4000):
        write(source / f"{number // 500}" / f"{number // 20}" / f"file {number}", "x")
    for number in range(0, 4000, 50):
        (source / f"{number // 500}" / f"{number // 20}" / "symlink").symlink_to("nowhere")
    cli("run", source, backup)
    time.sleep(2.1)  # what has just been made is looked at twice, as clocks may differ
    source, backup = simulator.mount("source"), simulator.mount("backup")
    assert cli("run", source, backup, "--json").json["number_of_files_linked"] == 4080
    assert simulator.counts(backup)["total_ops"] / 4080 <= 1.3
    assert simulator.counts(source)["total_ops"] / 4080 <= 0.16


def test_a_whole_backup_keeps_the_throttle(cli: Cli, simulator: Simulator) -> None:
    """All its steps, rsync and copies together, as both file systems count them, with changes and without.

    On a quiet machine the steps reach 0.94 to 1.08 of the ordered rate; beside other tests fpsync is slow to begin.
    """
    source = simulator.mount("source")
    for number in range(1000):
        write(source / f"{number // 200}" / f"{number // 20}" / f"file {number}", "x")
    for number in range(4):
        write(source / f"{number}" / "large", "x" * 3_000_000)
    for _ in range(2):
        sides = simulator.mount("source"), simulator.mount("backup")
        started = time.monotonic()
        steps = cli("run", *sides, "--max-operations-per-second", 400, "--json").json["seconds"]
        seconds = time.monotonic() - started
        operations = sum(simulator.counts(side)["total_ops"] for side in sides)
        assert operations / seconds <= 1.1 * 400
        assert operations / sum(steps.values()) >= 0.7 * 400


def test_a_directory_that_its_owner_may_not_enter_gets_its_times_first(tmp_path: Path) -> None:
    """Its mode closes it."""
    directory = tmp_path / "directory"
    directory.mkdir()
    wanted = tmp_path / "wanted"
    wanted.mkdir(0o000)
    os.utime(wanted, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    set_directory_attributes(descriptor, wanted.stat())
    os.close(descriptor)
    assert (stat.S_IMODE(directory.stat().st_mode), directory.stat().st_mtime_ns) == (0o000, A_DAY_AGO_NS)


def _without_root(facts: dict[str, Fact]) -> dict[str, Fact]:
    return {path: fact for path, fact in facts.items() if path != "."}


@pytest.mark.root
@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_an_owner_that_a_server_refuses_without_a_word_is_left_to_the_last_look(
    part: Part, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nothing with a wrong owner stays in the partial."""
    path = part.source / "theirs"
    path.symlink_to("nowhere") if kind == "symlink" else write(path)
    os.chown(path, 54321, 65432, follow_symlinks=False)
    source, target = (os.open(root, os.O_PATH) for root in (part.source, part.partial))
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    bring = point_symlink if kind == "symlink" else write_small
    with pytest.raises(PermissionError):
        bring(source, target, "theirs", path.lstat())
    assert os.listdir(part.partial) == []
