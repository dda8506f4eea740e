"""`efs-backup versions`, `vanished` and `growth`, after real nights."""

import base64
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, write
from tests.support.cli import Cli
from tests.support.proved import manifests_of

NAMES = ["plain", "two words", "new\nline", "*", "[bold]", "\udcff no UTF-8", "back\\slash"]


def _nights(cli: Cli, source: Path, backup: Path, *changes: object) -> list[str]:
    """A backup, and another one after each change, which is a path to be removed, or (path, text) to be written."""
    names = [cli("run", source, backup, "--json", "--retain", 2).json["snapshot"]]
    for change in changes:
        if isinstance(change, tuple):
            write(source / change[0], change[1], A_DAY_AGO_NS + len(names))
        else:
            (source / str(change)).unlink()
        names.append(cli("run", source, backup, "--json").json["snapshot"])
    return names


def test_versions_tells_what_a_file_was_also_in_snapshots_that_are_gone(cli: Cli, source: Path, backup: Path) -> None:
    """Each version once, with the snapshots that hold it, and until when."""
    path = "directory 0/file 0"
    names = _nights(cli, source, backup, (path, "another"), ("other", "x"), path)
    newer, older = cli("versions", backup, f"/{path}/", "--json").json["versions"]
    assert newer == {
        "version": 2, "path": path, "type": "file", "mode": "0644", "uid": os.geteuid(), "gid": os.getegid(), "size": 7,
        "mtime": "2025-10-09T08:53:20.123456790Z", "sha256": hashlib.sha256(b"another").hexdigest(), "link": None,
        "snapshots": [names[2], names[1]], "still_in": [names[2]], "first": names[1], "last": names[2],
        "not_in_before": names[0], "not_in_after": names[3], "vanished_in": names[3], "was_called": None,
        "renamed_to": None,
    }  # fmt: skip
    assert (older["snapshots"], older["still_in"], older["sha256"]) == (
        [names[0]], [], hashlib.sha256(b"content 0").hexdigest(),
    )  # fmt: skip
    assert (older["not_in_before"], older["not_in_after"], older["vanished_in"]) == (None, names[1], None)
    first, second = cli("versions", backup, path, "--long").stdout.split("\n\n")
    assert first.splitlines()[:6] == [
        "version   2", f"path      {path}", f"first     {names[1]}", f"last      {names[2]}", f"still in  {names[2]}",
        f"then      vanished in {names[3]}",
    ]  # fmt: skip
    assert f"first     {names[0]} or before\n" in second
    assert "still in  none\n" in second


def test_versions_follows_a_rename(cli: Cli, source: Path, backup: Path) -> None:
    """Backwards, to what the file was called before."""
    first = cli("run", source, backup, "--json").json["snapshot"]
    (source / "directory 1/file 1").rename(source / "renamed")
    second = cli("run", source, backup, "--json").json["snapshot"]
    newer, older = cli("versions", backup, "renamed", "--json").json["versions"]
    assert (newer["path"], newer["was_called"], newer["snapshots"]) == ("renamed", "directory 1/file 1", [second])
    assert (older["path"], older["renamed_to"], older["snapshots"]) == ("directory 1/file 1", "renamed", [first])
    assert "was called  directory 1/file 1\n" in cli("versions", backup, "renamed", "-l").stdout
    assert f"renamed to renamed in {second}" in cli("versions", backup, "directory 1/file 1", "-l").stdout


def test_versions_of_a_directory_and_of_a_symlink(cli: Cli, source: Path, backup: Path) -> None:
    """A directory's own attributes, but for its mtime; a symlink's text; the root."""
    (name,) = _nights(cli, source, backup)
    (directory,) = cli("versions", backup, "directory 0", "--json").json["versions"]
    assert (directory["type"], directory["size"], directory["mtime"], directory["snapshots"]) == (
        "dir", None, None, [name],
    )  # fmt: skip
    assert cli("versions", backup, "link", "--json").json["versions"][0]["link"] == "directory 0/file 0"
    assert "leads to  directory 0/file 0\n" in cli("versions", backup, "link", "-l").stdout
    assert cli("versions", backup, "/", "--json").json["versions"][0]["path"] == "."


def test_versions_of_what_was_never_there_says_so(cli: Cli, source: Path, backup: Path) -> None:
    """Exit code 5; what cannot be a path in a snapshot is wrong usage."""
    cli("versions", backup, "x", code=5)
    cli("run", source, backup)
    assert "Nothing is known of 'directory 0/x'" in cli("versions", backup, "directory 0/x", code=5).stderr
    assert cli("versions", backup, "x", "--json", code=5).json["status"] == "Failed"
    cli("versions", backup, "a/../../x", code=2)
    cli("versions", backup, "link", "--label", "other", code=5)
    cli("versions", backup, "link", "--interval", "weekly", code=5)


def test_odd_names_are_found_and_told(cli: Cli, source: Path, backup: Path) -> None:
    """JSON keeps every byte, and a terminal gets one line."""
    for name in NAMES:
        write(source / name, name.encode(errors="surrogateescape").hex())
    first = cli("run", source, backup, "--json").json["snapshot"]
    for name in NAMES:
        (source / name).unlink()
    second = cli("run", source, backup, "--json").json["snapshot"]
    found = cli("vanished", backup, "--json").json["vanished"]
    for name in NAMES:
        (version,) = cli("versions", backup, name, "--json").json["versions"]
        assert (_raw(version), version["still_in"], version["vanished_in"]) == (os.fsencode(name), [first], second)
    assert sorted(map(_raw, found)) == sorted(map(os.fsencode, NAMES))
    assert len(cli("vanished", backup).stdout.splitlines()) == len(NAMES) + 2


def _raw(found: dict[str, str]) -> bytes:
    return base64.b64decode(found["path_bytes"]) if "path_bytes" in found else found["path"].encode()


def test_vanished_tells_where_everything_is_still_to_be_had(cli: Cli, source: Path, backup: Path) -> None:
    """Newest first; of what no snapshot has any more it says so, and what came back is said to be back."""
    one, two = "directory 0/file 0", "directory 1/file 1"
    names = _nights(cli, source, backup, one, two, (two, "again"))
    shutil.rmtree(source / "directory 2")
    names.append(cli("run", source, backup, "--json", "--retain", 2).json["snapshot"])
    found = cli("vanished", backup, "--json").json
    assert found["notes"] == []
    told = {
        one["path"]: (one["vanished_in"], one["last_in"], one["still_in"], one["back_in"]) for one in found["vanished"]
    }
    assert told[one] == (names[1], names[0], None, None)
    assert told[two] == (names[2], names[1], None, names[3])
    assert told["directory 2"] == told["directory 2/file 2"] == (names[4], names[3], names[3], None)
    text = cli("vanished", backup).stdout.splitlines()
    assert text[0].split() == ["VANISHED", "IN", "STILL", "IN", "PATH"]
    assert f"{names[4]}  {names[3]}  directory 2/" in text
    assert f"{names[2]}  {'none':16}  {two} (back in {names[3]})" in text
    assert text[-1] == "7 names vanished, of which 0 were renamed and 1 came back"
    assert len(cli("vanished", backup, "directory 2", "--json").json["vanished"]) == 5
    since = cli("vanished", backup, "--since", names[2], "--json").json["vanished"]
    assert {one["vanished_in"] for one in since} == {names[4]}
    assert cli("vanished", backup, "--since", "2999-01-01", "--json").json == {"schema": 1, "vanished": [], "notes": []}
    cli("vanished", backup, "--since", "soon", code=2)


def test_growth_tells_then_and_now(cli: Cli, source: Path, backup: Path) -> None:
    """By directory at a depth; also since a snapshot that is gone."""
    names = _nights(cli, source, backup, ("a/b/c/new", "x" * 1000), ("a/b/more", "x" * 10), "directory 0/file 0")
    found = cli("growth", backup, "--json").json
    assert [found[one]["snapshot"] for one in ("then", "now")] == names[2:4]
    assert (found["by"], found["notes"]) == (2, [])
    rows = {row["path"]: (row["then"], row["now"], row["grown_bytes"]) for row in found["directories"]}
    assert rows["directory 0"] == ({"files": 4, "bytes": 36}, {"files": 3, "bytes": 27}, -9)
    assert rows["a/b"][2] == 0
    since = cli("growth", backup, "--since", names[0], "--by", 1, "--json").json
    assert since["then"]["snapshot"] == names[0]
    assert since["directories"][0] == {
        "path": "a", "then": {"files": 0, "bytes": 0}, "now": {"files": 2, "bytes": 1010}, "grown_bytes": 1010,
    }  # fmt: skip
    assert since["then"]["files"] == 13
    text = cli("growth", backup, "--since", names[0], "--by", 0).stdout.splitlines()
    assert text[1].split()[:5] == [".", "13", "14", "128", "bytes"]
    assert text[-1].startswith(f"{names[0]} to {names[3]}")
    cli("growth", backup, "--by", -1, code=2)


def test_what_nobody_can_tell_is_said(cli: Cli, source: Path, backup: Path) -> None:
    """Snapshots of a version that had no manifests: on standard error, and in JSON."""
    old = cli("run", source, backup, "--json").json
    shutil.rmtree(manifests_of(Path(old["path"])).path)
    name, sentence = old["snapshot"], f"Nothing is stored of {old['snapshot']}: neither a manifest nor changes."
    assert sentence in cli("growth", backup, code=5).stderr
    assert sentence in cli("vanished", backup, code=5).stderr
    found = cli("versions", backup, "link", "--json").json
    assert (found["versions"][0]["still_in"], found["notes"]) == ([name], [sentence])
    (source / "link").unlink()
    newer = cli("run", source, backup, "--json").json["snapshot"]
    gap = f"What changed from {name} to {newer} is not known: the changes of {newer} begin from nothing, or are gone."
    assert cli("vanished", backup, "--json").json["notes"] == [sentence, gap]
    assert cli("versions", backup, "link", "--json").json["versions"][0]["vanished_in"] == newer
    assert gap in cli("versions", backup, "link").stderr


@pytest.mark.long
def test_a_reader_that_goes_away_ends_a_long_answer(cli: Cli, source: Path, backup: Path) -> None:
    """As with `head`: without a word, and with exit code 0; more than a pipe holds is left."""
    for number in range(800):
        write(source / f"many/{'x' * 200}{number}")
    cli("run", source, backup)
    shutil.rmtree(source / "many")
    cli("run", source, backup)
    for more in ((), ("--json",)):
        with cli.start("vanished", backup, *more) as process:
            assert process.stdout
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr
            assert (process.stderr.read(), process.wait(60)) == (b"", 0)


@pytest.mark.long
def test_an_answer_that_is_lost_is_said(cli: Cli, source: Path, backup: Path) -> None:
    """A full disk under standard output."""
    _nights(cli, source, backup, "link")
    for command in (("versions", backup, "link"), ("vanished", backup), ("growth", backup), ("manifest", backup)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                cli.line(*command), stdout=full, stderr=subprocess.PIPE, env=cli.environment, check=False
            )
        assert done.returncode == 1, command
        assert b"is not all on standard output" in done.stderr
