"""Processes, locks, private paths and file systems of the real machine."""

import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.errors import Locked
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.mounts import kind_of, mounted_at
from efs_backup.engine.machine.process import MARK, end_family, end_session
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.rest.workspace import workspace
from efs_backup.engine.series.lock import Owner, locked, reading, without_readers
from efs_backup.engine.trees.delete import delete_content
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import small_tree, write

_NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def _say_nothing(text: str) -> None:
    """There is nothing to say."""
    raise AssertionError(text)


def test_a_family_is_found_by_its_mark_and_ended_whole() -> None:
    """Also children whose parents are gone, in sessions of their own; other families are left alone."""
    ours, others = (
        subprocess.Popen(["sh", "-c", "setsid sleep 60 & setsid sleep 60 & wait"], env={**os.environ, MARK: family})
        for family in ("family one", "family two")
    )
    time.sleep(0.2)
    assert end_family("family one")
    assert ours.wait(5) != 0
    assert others.poll() is None
    assert end_family("family two")
    others.wait(5)


def test_the_end_of_a_session_does_not_wait_for_who_has_ended_already() -> None:
    """Its first process is not waited for yet while the others are ended; another session is left alone."""
    ours, others = (subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True) for _ in range(2))
    assert end_session(ours.pid)
    assert ours.returncode is None
    assert ours.wait(5) == -signal.SIGKILL
    assert others.poll() is None
    assert end_session(others.pid)
    others.wait(5)


def test_a_lock_is_held_by_one_and_names_its_owner(tmp_path: Path) -> None:
    """Until it is given back; then the next one finds no dead owner."""
    owner = Owner.this_process("none", _NOW)
    with locked(tmp_path, owner) as dead:
        assert dead is None
        with pytest.raises(Locked, match=f"process {os.getpid()} of"), locked(tmp_path, owner):
            pass
    with locked(tmp_path, owner) as dead:
        assert dead is None


def test_a_lock_with_a_text_that_nobody_understands_can_be_taken(tmp_path: Path) -> None:
    """The text is only a name; what counts is whether the kernel gives the lock."""
    (tmp_path / ".lock").write_text("nonsense")
    with locked(tmp_path, Owner.this_process("none", _NOW)) as dead:
        assert dead is not None


def test_many_may_read_and_none_is_pruned_away_from_under_them(tmp_path: Path) -> None:
    """Readers do not exclude each other."""
    with reading(tmp_path, _say_nothing), reading(tmp_path, _say_nothing), without_readers(tmp_path) as is_free:
        assert not is_free
    with without_readers(tmp_path) as is_free:
        assert is_free


def test_a_path_of_safe_characters_is_used_as_it_is(tmp_path: Path) -> None:
    """Another one gets a link, and the workspace is gone at the end."""
    odd = tmp_path / "it's"
    odd.mkdir()
    with workspace(_say_nothing) as private:
        assert private.link("safe", tmp_path) == str(tmp_path.resolve())
        link = private.link("odd", odd)
        assert Path(link).is_relative_to(private.path)
        assert Path(link).samefile(odd)
        place = private.path
    assert not place.exists()
    assert odd.is_dir()


def test_a_deletion_that_is_stopped_goes_on_another_time(tmp_path: Path) -> None:
    """The rest is still a tree that can be deleted."""
    tree = small_tree(tmp_path / "tree")
    assert delete_content(tmp_path, "tree", lambda: True).was_stopped
    assert os.listdir(tree)
    assert delete_content(tmp_path, "tree").is_whole
    assert os.listdir(tree) == []


def test_a_directory_of_very_many_files_is_deleted_in_pieces(tmp_path: Path) -> None:
    """Never are more names in memory than a piece has."""
    tree = tmp_path / "tree"
    for number in range(3):
        write(tree / f"below {number}" / "file")
    for number in range(10_001):
        (tree / str(number)).touch()
    assert delete_content(tmp_path, "tree").is_whole
    assert os.listdir(tree) == []


def test_an_empty_queue_is_looked_at_in_peace(tmp_path: Path) -> None:
    """The ls that fpsync finds answers at once where there is a job, and after a while where there is none."""
    (tmp_path / "info").touch()
    with workspace(_say_nothing) as private:
        private.fill("/bin/true")
        listed = [str(private.programs / "ls"), "-rt1"]
        started = time.monotonic()
        assert subprocess.check_output(listed, cwd=tmp_path) == b"info\n"
        assert time.monotonic() - started >= 0.3
        (tmp_path / "1").touch()
        assert subprocess.check_output(listed, cwd=tmp_path) == b"info\n1\n"


def test_a_running_process_is_found_without_looking_at_all() -> None:
    """The ps that fpsync finds answers as the real one does, however it is asked."""
    with workspace(_say_nothing) as private:
        private.fill("/bin/true")
        ps, mine, nobody = str(private.programs / "ps"), str(os.getpid()), "4194305"
        for question in ((mine,), ("-p", mine), ("-o", "pid=", "-p", mine)):
            assert subprocess.run([ps, *question], capture_output=True, check=False).returncode == 0
        for question in ((nobody,), ("-p", nobody)):
            assert subprocess.run([ps, *question], capture_output=True, check=False).returncode == 1


def test_a_deletion_follows_no_symlink(tmp_path: Path) -> None:
    """The target of a symlink is none of a deletion's business."""
    outside = write(tmp_path / "outside" / "file")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(outside.parent)
    assert delete_content(tmp_path, "tree").is_whole
    assert outside.exists()


def test_the_kernel_tells_the_kind_of_a_file_system() -> None:
    """By device number, as in the kernel's own table."""
    assert kind_of("/proc") == "proc"


def test_the_kernel_tells_what_is_mounted_exactly_somewhere() -> None:
    """A directory of a mounted file system is not where it is mounted."""
    mounted = mounted_at("/proc")
    assert mounted
    assert (mounted.kind, mounted.device, mounted.options[:1]) == ("proc", "proc", "r")
    assert mounted_at("/proc/self") is None


def test_a_tree_follows_no_symlink(tmp_path: Path) -> None:
    """A directory that is replaced by a symlink in the meantime is not entered."""
    (tmp_path / "link").symlink_to("/etc")
    with Tree(tmp_path) as tree, pytest.raises(OSError, match="link"):
        tree.list("link")


def test_a_second_request_to_stop_is_urgent() -> None:
    """The first one lets the files under way end; its reason is the one that is told."""
    stop = Stop(Window())
    assert not stop.is_due()
    stop.ask("first")
    assert (stop.reason(), stop.is_urgent) == ("first", False)
    stop.ask("second")
    assert (stop.reason(), stop.is_urgent) == ("first", True)


def test_a_window_closes_by_a_clock_that_cannot_jump() -> None:
    """Seconds since the start, as the caller's clock counts them."""
    now = [100.0]
    stop = Stop(Window(60), clock=lambda: now[0])
    assert (stop.seconds_left(), stop.is_due()) == (60, False)
    now[0] = 160.0
    assert (stop.seconds_left(), stop.reason()) == (0, "the window closed")
