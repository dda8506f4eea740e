"""The last walk: what it takes for granted from survey and copy, and where it looks."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from efs_backup.copy_worker.witness import Witness, read
from efs_backup.domain.copying.arrival import Fidelity
from efs_backup.domain.copying.evidence import Evidence
from efs_backup.engine.finalize.finish import Finish, Finished, FinishOrder
from efs_backup.engine.trees.bring import Bringer
from efs_backup.engine.trees.left_out import LeftOut
from efs_backup.engine.trees.tree import Tree
from efs_backup.engine.walk.survey import Survey, take_survey
from tests.builders import account, write
from tests.conftest import Cli, both_copiers
from tests.engine.test_part_copy import Part
from tests.simulator import Simulator

FILES = ["one", "directory/two", "directory/new\nline \udcff", "directory/below/three", "directory/below/four"]


class Finishing:
    """A survey, a copy and the last walk over a tree that has not changed for long."""

    def __init__(self, place: Path) -> None:
        self.part = Part(place)
        for path in FILES:
            self.part.keep(path)
        (self.part.source / "directory" / "empty").mkdir()
        self.list = place / "part.1"
        self.evidence = Evidence()

    def survey(self) -> Survey:
        """Look at the source, some time after its last change: the kernel's clock ticks coarsely."""
        time.sleep(0.03)
        with Tree(self.part.source) as source:
            return take_survey(source, _is_left_out)

    def copy(self, survey: Survey, *paths: str) -> None:
        """Bring these paths and the empty directory, and hear the witness."""
        assert self.part.run(*paths).code == 0
        (self.part.partial / "directory" / "empty").mkdir(parents=True)
        self.evidence = Evidence(survey.remembered, self.witnesses())

    def witnesses(self) -> dict[str, Witness]:
        """What the copy tool left beside the part."""
        raw = self.list.with_name("witness.part.1").read_bytes()
        return {os.fsdecode(path): witness for path, witness in read(raw)}

    def finish(self) -> Finished:
        """The last walk."""
        with Tree(self.part.source) as source, Tree(self.part.partial) as target:
            bringer = Bringer(source, target, Fidelity(owners=os.geteuid() == 0))
            order = FinishOrder(_is_left_out, self.evidence, whole_target=True)
            return Finish(source, target, bringer, order).run()


_is_left_out = LeftOut(lambda path: path.endswith("left out"))


@pytest.fixture
def finishing(tmp_path: Path) -> Finishing:
    """Everything is there in source and reference; nothing is copied yet."""
    return Finishing(tmp_path)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The directories that are listed, each with the name of its tree; all the rest is as it is."""
    found: list[tuple[str, str]] = []
    original = Tree.opened

    def noted(tree: Tree, path: str, *, to_list: bool = True) -> AbstractContextManager[int]:
        if to_list:
            found.append((Path(tree.root).name, path))
        return original(tree, path, to_list=to_list)

    monkeypatch.setattr(Tree, "opened", noted)
    return found


def test_what_is_witnessed_is_not_listed_again(finishing: Finishing, listed: list[tuple[str, str]]) -> None:
    """On neither side, whatever bytes the names have; files, links and attributes are right all the same."""
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    listed.clear()
    finished = finishing.finish()
    assert listed == []
    assert (finished.files, finished.linked, finished.brought) == (5, 5, 0)
    assert account(finishing.part.partial) == account(finishing.part.source)


def test_a_name_that_got_lost_between_survey_and_copy_is_brought(finishing: Finishing) -> None:
    """No part lists it, though nobody removed it."""
    survey = finishing.survey()
    finishing.copy(survey, *(path for path in FILES if path != "directory/below/four"))
    finished = finishing.finish()
    assert (finished.files, finished.linked, finished.brought) == (5, 4, 1)
    assert account(finishing.part.partial) == account(finishing.part.source)


def test_a_directory_of_which_everything_got_lost_is_brought(finishing: Finishing) -> None:
    """One without files too, which no part ever lists; the directory above it is not listed."""
    survey = finishing.survey()
    finishing.copy(survey, "one", *FILES[1:3])
    (finishing.part.partial / "directory" / "empty").rmdir()
    assert finishing.finish().brought == 2
    assert account(finishing.part.partial) == account(finishing.part.source)


def test_a_directory_that_changed_after_the_survey_is_listed(
    finishing: Finishing, listed: list[tuple[str, str]]
) -> None:
    """On both sides, and no other; what came late is brought."""
    survey = finishing.survey()
    write(finishing.part.source / "directory" / "late")
    finishing.copy(survey, *FILES)
    listed.clear()
    finished = finishing.finish()
    assert sorted(listed) == [("partial", "directory"), ("source", "directory")]
    assert (finished.files, finished.linked, finished.brought) == (6, 5, 1)


def test_a_directory_that_appeared_after_the_survey_gets_its_attributes(finishing: Finishing) -> None:
    """Nobody has surveyed it."""
    survey = finishing.survey()
    late = write(finishing.part.source / "late" / "file")
    late.parent.chmod(0o711)
    finishing.copy(survey, *FILES, "late/file")
    finished = finishing.finish()
    assert (finished.files, finished.linked, finished.brought) == (6, 5, 0)
    assert account(finishing.part.partial) == account(finishing.part.source)


def _remove(directory: Path) -> None:
    shutil.rmtree(directory / "below")


def _move(directory: Path) -> None:
    (directory / "below").rename(directory / "elsewhere")


def _replace(directory: Path) -> None:
    (directory / "below").rename(directory.parent / "elsewhere")
    (directory / "below").mkdir()


@pytest.mark.parametrize("change", [_remove, _move, _replace])
def test_a_directory_that_goes_after_the_survey_is_not_lost(
    finishing: Finishing, change: Callable[[Path], None]
) -> None:
    """Whoever removed it did that to the source."""
    survey = finishing.survey()
    change(finishing.part.source / "directory")
    finishing.copy(survey, "one", *FILES[1:3])
    assert finishing.finish().troubles == []
    assert account(finishing.part.partial) == account(finishing.part.source)


def test_what_the_partial_had_already_is_not_witnessed(finishing: Finishing) -> None:
    """A second try of a part knows nothing of what the first one brought; then one looks."""
    survey = finishing.survey()
    assert finishing.part.run("one", "directory/two").code == 0
    finishing.copy(survey, *FILES)
    assert set(finishing.evidence.witnesses) == {"", "directory", "directory/below"}
    assert [name for name in ("", "directory", "directory/below") if finishing.evidence.supposed(name)] == [
        "directory/below"
    ]
    finished = finishing.finish()
    assert (finished.files, finished.linked, finished.brought) == (5, 5, 0)


def test_what_is_left_to_rsync_is_not_witnessed(finishing: Finishing) -> None:
    """Its directory is listed."""
    os.mkfifo(finishing.part.source / "directory" / "fifo")
    survey = finishing.survey()
    finishing.copy(survey, *FILES, "directory/fifo")
    assert not finishing.evidence.supposed("directory")
    assert finishing.evidence.supposed("directory/below")
    assert finishing.finish().files == 6


def test_what_is_left_out_is_not_missed(finishing: Finishing) -> None:
    """Neither a file nor a directory."""
    write(finishing.part.source / "directory" / "left out")
    write(finishing.part.source / "directory" / "below" / "directory left out" / "file")
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    assert finishing.evidence.supposed("directory")
    finished = finishing.finish()
    assert (finished.brought, finished.troubles) == (0, [])


def test_two_names_of_one_inode_of_the_reference_are_met(finishing: Finishing) -> None:
    """Though the partial is not listed: they may be two files in the source."""
    reference = finishing.part.reference
    (reference / "one").unlink()
    os.link(reference / "directory" / "two", reference / "one")
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    assert finishing.finish().inodes.repeated() == {(reference / "one").stat().st_ino}


def test_a_directory_that_is_something_else_by_now_keeps_its_own_mode(finishing: Finishing) -> None:
    """A symlink's, which is open to everybody, is not for the directory that was copied before."""
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    below = finishing.part.source / "directory" / "below"
    mode = (finishing.part.partial / "directory" / "below").stat().st_mode
    shutil.rmtree(below)
    below.symlink_to("elsewhere")
    finishing.finish()
    assert (finishing.part.partial / "directory" / "below").stat().st_mode == mode


def test_what_the_survey_has_no_room_to_remember_is_listed(
    finishing: Finishing, listed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree of very many directories must not fill the memory; nothing is taken for granted of the rest."""
    monkeypatch.setattr("efs_backup.engine.walk.survey._MOST_REMEMBERED", 1300)
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    listed.clear()
    finished = finishing.finish()
    assert set(survey.remembered) == {""}
    assert len(listed) == 6  # three directories on two sides
    assert (finished.files, finished.linked, finished.brought) == (5, 5, 0)
    assert account(finishing.part.partial) == account(finishing.part.source)


@pytest.mark.parametrize("name", [".two.Ab12Cd", ".hidden.tar.0a0a0a", ".new\nline.AAAAAA"])
def test_what_a_killed_rsync_has_begun_is_not_published(finishing: Finishing, name: str) -> None:
    """Unless the source has a file of this name."""
    mine = write(finishing.part.source / "directory" / "below" / name)
    survey = finishing.survey()
    finishing.copy(survey, "one", FILES[2])  # where rsync worked not all is witnessed
    for directory in ("directory", "directory/below"):
        write(finishing.part.partial / directory / name)
    finished = finishing.finish()
    assert finished.troubles == []
    assert account(finishing.part.partial) == account(finishing.part.source)
    assert (finishing.part.partial / "directory" / "below" / name).read_text() == mine.read_text()


@both_copiers
@pytest.mark.root
def test_names_of_one_file_that_part_are_separated_in_directories_that_nobody_lists(
    cli: Cli, tmp_path: Path, backup: Path
) -> None:
    """The source has not changed for so long that the last walk takes it for granted; links that stay, stay."""
    source = tmp_path / "source"
    for name in ("one", "other"):
        write(source / "first" / name)
        (source / "second").mkdir(exist_ok=True)
        os.link(source / "first" / name, source / "second" / name)
    cli("run", source, backup)
    write(source / "beside").rename(source / "second" / "one")
    result = cli("run", source, backup, "--json").json
    assert account(Path(result["path"])) == account(source)
    assert (result["number_of_files"], result["number_of_files_linked"]) == (4, 3)


def test_a_directory_that_the_crawl_never_saw_is_brought(cli: Cli, simulator: Simulator) -> None:
    """The listing of the directory above it breaks off, without a word, which has no files of its own to be missed."""
    source, backup = simulator.mount("source"), simulator.mount("backup")
    for number in range(3):
        write(source / "above" / f"below {number}" / "file")
    simulator.mount("source", "fail_op=readdir", "fail_errno=EIO", "fail_path=above", "fail_after=8", "fail_count=1")
    result = cli("run", source, backup, "--json", "--copier", "rsync").json
    assert any("a listing broke off" in note for note in result["notes"]), "the fault was hit"
    assert account(Path(result["path"])) == account(source)


@both_copiers
def test_what_happens_to_directories_during_a_backup_is_in_it(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Names and empty directories that appear, directories that become files and symlinks, and the other way round."""
    for name in ("becomes a file", "becomes a symlink", "becomes another", "goes"):
        write(source / name / "below" / "file", name)
    for name in ("becomes a directory", "becomes a FIFO"):
        write(source / name)
    os.mkfifo(source / "directory 0" / "fifo")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "change").write_text(
        "set -e; rm -r becomes* goes; echo new >'becomes a file'; ln -s 'directory 1' 'becomes a symlink'\n"
        "mkdir -p 'becomes another/deep' 'becomes a directory/empty' 'appears/empty' 'directory 1/appears'\n"
        "echo new >'becomes another/deep/file'; echo new >'becomes a directory/file'; mkfifo 'becomes a FIFO'\n"
        "chmod 711 appears; echo new >'directory 1/appears/file'\n"
    )
    (programs / "rsync").write_text(
        f"#!/bin/sh\ncase \"$*\" in *--files-from*) [ -e '{programs}/done' ] || "
        f"{{ (cd '{source}' && sh '{programs}/change') && touch '{programs}/done'; }};; esac\n"
        'exec /usr/bin/rsync "$@"\n'
    )
    (programs / "rsync").chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    result = cli("run", source, backup, "--json").json
    assert (programs / "done").exists(), "it was changed"
    published, wanted = account(Path(result["path"])), account(source)
    old = {path for path in published if path.startswith(("./goes", "./becomes"))}
    assert {path: fact for path, fact in published.items() if path not in old} == {
        path: fact for path, fact in wanted.items() if path not in old and not path.startswith("./becomes")
    }
    assert account(Path(cli("run", source, backup, "--json").json["path"])) == wanted


@pytest.mark.root
def test_a_directory_that_is_gone_by_now_keeps_what_it_had(finishing: Finishing) -> None:
    """Owner, mode and time as the survey saw them, and not those of the copy."""
    below = finishing.part.source / "directory" / "below"
    os.chown(below, 1234, 1235)
    below.chmod(0o2750)
    os.utime(below, ns=(1, 2))
    survey = finishing.survey()
    finishing.copy(survey, *FILES)
    shutil.rmtree(below)
    finishing.finish()
    kept = (finishing.part.partial / "directory" / "below").stat()
    assert (kept.st_uid, kept.st_gid, kept.st_mode & 0o7777, kept.st_mtime_ns) == (1234, 1235, 0o2750, 2)
