"""`efs-backup restore` as people ask: patterns, lists, versions, new names, the original place, and the question."""

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import write
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli, Ended
from tests.support.namespaces import run_with_mounts, tmpfs
from tests.support.nightly import mostly_nightly
from tests.support.warm import WarmProgram

ODD = "odd\nname [1] *\udcff"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Path:
    """Two snapshots of two homes: in the second alice's notes are others, and a file has another name."""
    place = tmp_path_factory.mktemp("saved")
    source, backup = place / "source", place / "backup"
    for name in ("alice", "bob"):
        write(source / "home" / name / "thesis.tex", name)
        write(source / "home" / name / "old" / "thesis.bak", name)
        write(source / "home" / name / "notes", "first")
    write(source / "home" / "former", "it was renamed")
    write(source / "home" / ODD, "odd")
    write(source / "home" / "a[1]", "literal")
    backup.mkdir()
    cli = Cli({**os.environ, **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}, warm_program)
    cli("run", source, backup)
    write(source / "home" / "alice" / "notes", "second, and longer", 1_770_000_000_000_000_000)
    (source / "home" / "former").rename(source / "home" / "latter")
    cli("run", source, backup)
    return backup


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


@pytest.mark.parametrize(
    ("paths", "found"),
    mostly_nightly(
        [
            (["home/*/thesis*"], {"home/alice/thesis.tex", "home/bob/thesis.tex"}),
            (["home/**/thesis*", "/home/latter"],
             {f"home/{name}/{path}" for name in ("alice", "bob") for path in ("thesis.tex", "old/thesis.bak")}
             | {"home/latter"}),
            (["home/al*"], {"home/alice/thesis.tex", "home/alice/old/thesis.bak", "home/alice/notes"}),
            (["home/a[1]"], {"a[1]"}),
            (["home/a[[]1]"], {"home/a[1]"}),
            (["home/alice/notes"], {"notes"}),
            (["home/alice/notes", "home/latter"], {"notes", "latter"}),
        ],
        4,
    ),
)  # fmt: skip
def test_patterns_keep_places_and_plain_paths_do_not(
    cli: Cli, saved: Path, tmp_path: Path, paths: list[str], found: set[str]
) -> None:
    """A name with marks in it that is there is what is meant, too."""
    cli("restore", saved, tmp_path / "to", *(word for path in paths for word in ("--path", path)))
    assert _files(tmp_path / "to") == found


def test_places_are_kept_or_not_as_asked(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """And two that would be one name are refused as ever."""
    cli("restore", saved, tmp_path / "kept", "--path", "home/alice/notes", "--keep-paths")
    cli("restore", saved, tmp_path / "flat", "--path", "home/alice/th*", "--no-keep-paths")
    assert (_files(tmp_path / "kept"), _files(tmp_path / "flat")) == ({"home/alice/notes"}, {"thesis.tex"})
    twice = cli("restore", saved, tmp_path / "twice", "--path", "home/*/notes", "--no-keep-paths", code=2)
    assert "nothing was touched" in twice.stderr
    assert not (tmp_path / "twice").exists()


def test_what_matches_nothing_is_named(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Each of them, and nothing is restored of the others."""
    words = ["--path", "home/x*", "--path", "home/alice", "--path", "*/*/*/*/*/none", "--path", "missing"]
    refused = cli("restore", saved, tmp_path / "to", *words, code=5)
    assert all(repr(one) in refused.stderr for one in ("home/x*", "*/*/*/*/*/none", "missing"))
    assert "alice" not in refused.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("end", [b"\n", b"\0"])
def test_a_list_names_paths(cli: Cli, saved: Path, tmp_path: Path, end: bytes) -> None:
    """Any name with -0, all but those with a line's end without; none is a pattern."""
    listed = [b"./home/bob", b"/home/a[1]", b"home/bob/notes", *([os.fsencode(f"home/{ODD}")] if end == b"\0" else [])]
    (tmp_path / "list").write_bytes(end.join([*listed, b""]))
    null = ["-0"] if end == b"\0" else []
    cli("restore", saved, tmp_path / "to", "--files-from", tmp_path / "list", *null)
    wanted = {"home/a[1]", *(f"home/bob/{name}" for name in ("notes", "thesis.tex", "old/thesis.bak"))}
    assert _files(tmp_path / "to") == wanted | ({f"home/{ODD}"} if null else set())


def test_a_list_comes_from_standard_input(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Of a `find` or a `grep`, say."""
    line = cli.line("restore", saved, tmp_path / "to", "--files-from", "-")
    subprocess.run(line, input=b"home/latter\n", env=cli.environment, check=True, capture_output=True)
    assert _files(tmp_path / "to") == {"home/latter"}


@pytest.mark.parametrize(("text", "code", "said"), [("", 2, "names no path"), ("home/al*\n", 5, "home/al*")])
def test_a_list_of_nothing_is_not_everything(
    cli: Cli, saved: Path, tmp_path: Path, text: str, code: int, said: str
) -> None:
    """Refused before anything is touched."""
    (tmp_path / "list").write_text(text)
    assert said in cli("restore", saved, tmp_path / "to", "--files-from", tmp_path / "list", code=code).stderr
    assert not (tmp_path / "to").exists()


def test_a_file_gets_a_new_name(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Over a symlink too, which is not followed; beside it nothing changes."""
    place = tmp_path / "a" / "new" / "place"
    cli("restore", saved, "--path", "home/latter", "--as", place / "name")
    assert (_files(place), (place / "name").read_text()) == ({"name"}, "it was renamed")
    precious = write(tmp_path / "precious", "precious") or tmp_path / "precious"
    (place / "link").symlink_to(precious)
    cli("restore", saved, "--path", "home/alice/notes", "--as", place / "link")
    assert not (place / "link").is_symlink()
    assert (place / "link").read_text() == "second, and longer"
    assert precious.read_text() == "precious"
    (place / "directory").mkdir()
    for new, path in ((place / "directory", "home/latter"), (place / "x", "home/alice"), (f"{place}/", "home/latter")):
        assert "directory" in cli("restore", saved, "--path", path, "--as", new, code=2).stderr


def test_a_version_is_restored(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Counted from the oldest, under the name by which it was asked for, also where it had another then."""
    cli("restore", saved, tmp_path / "to", "--path", "home/alice/notes", "--version", 1)
    assert (tmp_path / "to" / "notes").read_text() == "first"
    cli("restore", saved, "--path", "home/alice/notes", "--version", 2, "--as", tmp_path / "to" / "second")
    assert (tmp_path / "to" / "second").read_text() == "second, and longer"
    cli("restore", saved, tmp_path / "to", "--path", "home/latter", "--version", 1, "--keep-paths")
    assert (tmp_path / "to" / "home" / "latter").read_text() == "it was renamed"
    missing = cli("restore", saved, tmp_path / "to", "--path", "home/alice/notes", "--version", 3, code=5)
    assert "there are 2" in missing.stderr
    assert "Nothing is known" in cli("restore", saved, tmp_path, "--path", "no", "--version", 1, code=5).stderr


@pytest.fixture
def original(cli: Cli, tmp_path: Path) -> tuple[Path, Path]:
    """A source and its backup; since then a file was lost, one was changed and one was made."""
    source, backup = tmp_path / "around" / "source", tmp_path / "backup"
    for name in ("lost", "changed", "other"):
        write(source / "home" / name, name)
    backup.mkdir()
    cli("run", source, backup)
    (source / "home" / "lost").unlink()
    write(source / "home" / "changed", "newer", 1)
    write(source / "home" / "made")
    return source, backup


def test_all_comes_back_to_the_original_place(cli: Cli, original: tuple[Path, Path]) -> None:
    """Each to its own path; what is replaced is kept, what the snapshot has not stays; and it can be undone."""
    source, backup = original
    cli("restore", backup, "--to-original", "--path", "home/lost")
    assert (source / "home" / "lost").read_text() == "lost"
    assert (source / "home" / "changed").read_text() == "newer"
    ended = cli("restore", backup, "--to-original", "--json").json
    assert (source / "home" / "changed").read_text() == "changed"
    assert (source / "home" / "made").exists()
    assert (Path(ended["quarantine"]) / "home" / "changed").read_text() == "newer"
    cli("undo", ended["quarantine"])
    assert (source / "home" / "changed").read_text() == "newer"
    assert (source / "home" / "lost").exists()


@pytest.mark.root
def test_an_original_place_that_is_another_is_refused(cli: Cli, original: tuple[Path, Path]) -> None:
    """Not there, on another file system, or not known."""
    source, backup = original
    line = [os.fsdecode(word) for word in cli.line("restore", backup, "--to-original")]
    refused = run_with_mounts(cli, [tmpfs(source)], line, code=1)
    assert "is not the one that was backed up" in refused.stderr
    source.rename(source.with_name("away"))
    assert "is not there" in cli("restore", backup, "--to-original", code=1).stderr
    (backup / "efs-backup" / "series.json").unlink()
    assert "Nobody knows" in cli("restore", backup, "--to-original", code=1).stderr
    assert not source.exists()


def test_the_only_label_needs_no_naming(cli: Cli, original: tuple[Path, Path], tmp_path: Path) -> None:
    """Of several, none is guessed; but that of old is what it always was."""
    _, backup = original
    (backup / "efs-backup").rename(backup / "data")
    cli("restore", backup, tmp_path / "to")
    assert (tmp_path / "to" / "home" / "lost").exists()
    shutil.copytree(backup / "data", backup / "more", symlinks=True)
    (backup / "not ours").mkdir()
    refused = cli("restore", backup, tmp_path / "to", code=2)
    assert "data, more" in refused.stderr
    assert "not ours" not in refused.stderr
    cli("restore", backup, tmp_path / "to", "--label", "more")
    missing = cli("restore", backup, tmp_path / "to", "--label", "typo", code=5)
    assert "data, more" in missing.stderr
    (backup / "data").rename(backup / "efs-backup")
    cli("restore", backup, tmp_path / "to")


def _on_a_terminal(cli: Cli, *arguments: object, answer: Callable[[int, int], None]) -> Ended:
    """Run it there; `answer` gets the terminal and the process when the question is asked."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        cli.line(*arguments), stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, env=cli.environment
    )
    os.close(terminal)
    seen, give_up = b"", time.monotonic() + 60
    with contextlib.suppress(OSError):  # the terminal ends with its last process
        while time.monotonic() < give_up:
            if not select.select([master], [], [], 1)[0]:
                continue
            seen += os.read(master, 4096)
            if b"[y/N]" in seen.rpartition(b"answered")[2]:
                seen += b"answered"
                answer(master, process.pid)
    stdout, _ = process.communicate(timeout=60)
    os.close(master)
    return Ended(process.returncode, os.fsdecode(stdout), os.fsdecode(seen))


def _types(text: bytes) -> Callable[[int, int], None]:
    def answer(terminal: int, _process: int) -> None:
        os.write(terminal, text)

    return answer


def _interrupts(_terminal: int, process: int) -> None:
    os.kill(process, signal.SIGINT)


@pytest.mark.parametrize(("answer", "is_done"), [(_types(b"y\n"), True), (_types(b"\n"), False), (_interrupts, False)])
def test_a_person_is_asked_before_anything_is_replaced(
    cli: Cli, saved: Path, tmp_path: Path, answer: Callable[[int, int], None], *, is_done: bool
) -> None:
    """With counts; only a yes goes on, and nothing was touched else."""
    write(tmp_path / "to" / "notes", "mine", 1)
    words = ("restore", saved, tmp_path / "to", "--path", "home/alice")
    ended = _on_a_terminal(cli, *words, answer=answer)
    assert "[y/N]" in ended.stderr
    assert "replaced" in ended.stderr
    assert "--keep-replaced" in ended.stderr
    assert ended.code == (0 if is_done else 3)
    assert (tmp_path / "to" / "notes").read_text() == ("second, and longer" if is_done else "mine")
    assert (tmp_path / "to" / "thesis.tex").exists() is is_done


def test_nobody_is_asked_where_there_is_nothing_to_lose(cli: Cli, saved: Path, tmp_path: Path) -> None:
    """Nothing is replaced, or --yes was said; and an undo asks too."""
    words = ("restore", saved, tmp_path / "to", "--path", "home/alice")
    never = pytest.fail
    assert "[y/N]" not in _on_a_terminal(cli, *words, answer=lambda _t, _p: never("asked")).stderr
    write(tmp_path / "to" / "notes", "mine", 1)
    ended = _on_a_terminal(cli, *words, "--yes", "--keep-replaced", answer=lambda _t, _p: never("asked"))
    assert ended.code == 0
    undone = _on_a_terminal(cli, "undo", tmp_path / "to", answer=_types(b"yes\n"))
    assert undone.code == 0
    assert "[y/N]" in undone.stderr
    assert (tmp_path / "to" / "notes").read_text() == "mine"
