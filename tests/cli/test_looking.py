"""`efs-backup ls`, `find`, `cat`, `versions` and `diff --patch`, after real nights; and the words for a snapshot."""

import base64
import gzip
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.builders import A_DAY_AGO_NS, write
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.support.nightly import mostly_nightly
from tests.support.unprivileged import ended_as_nobody
from tests.support.warm import WarmProgram

EVIL = "evil\n\x1b[31m\udcff.tex"
THESIS = "home/alice/thesis.tex"
LARGE = 3_000_000


@dataclass
class Nights:
    """Three nights of a small home, and the command; names: of the snapshots, the oldest first."""

    cli: Cli
    source: Path
    backup: Path
    names: list[str] = field(default_factory=list)

    def night(self) -> None:
        """Back up what is there."""
        self.names.append(self.cli("run", self.source, self.backup, "--json").json["snapshot"])

    def tree(self, number: int) -> Path:
        """A snapshot, the oldest is 0."""
        return self.backup / "efs-backup" / "daily" / self.names[number]


def _time(name: str) -> datetime:
    return datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Nights:
    """They are only looked at, and served to all tests of this module."""
    place = tmp_path_factory.mktemp("looking")
    (place / "tmp").mkdir()
    (place / "back:up").mkdir()
    cli = Cli(
        {**os.environ, "TMPDIR": str(place / "tmp"), **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED},
        warm_program,
    )
    made = Nights(cli, place / "source", place / "back:up")
    write(made.source / THESIS, "one\ntwo\n")
    write(made.source / "home/alice/.notes.tex", "notes")
    write(made.source / EVIL, "evil")
    write(made.source / "large", "x" * LARGE)
    write(made.source / "binary", "a\0b")
    (made.source / "home/link").symlink_to("/etc")
    (made.source / "home/long").symlink_to(".")
    os.mkfifo(made.source / "fifo")
    made.night()
    write(made.source / THESIS, "one\n2\n\x1b[31m", A_DAY_AGO_NS + 1)
    write(made.source / "binary", "a\0c", A_DAY_AGO_NS + 1)
    (made.source / "home/alice/.notes.tex").unlink()
    made.night()
    write(made.source / "home/bob/paper.tex", "paper")
    made.night()
    return made


def test_ls_lists_a_directory(nights: Nights) -> None:
    """In order, directories marked, a line for each name whatever it holds; `-0` and JSON keep every byte."""
    cli, place = nights.cli, f"{nights.backup}:latest"
    assert cli("ls", place).stdout.splitlines() == ["binary", "evil\\n\\x1b[31m\\xff.tex", "fifo", "home/", "large"]
    assert cli("ls", nights.backup, "home").stdout.splitlines() == ["alice/", "bob/", "link", "long"]
    assert cli("ls", f"{nights.backup}:2/home/alice").stdout.splitlines() == [".notes.tex", "thesis.tex"]
    assert os.fsencode(cli("ls", place, "-0").stdout).split(b"\0")[1] == os.fsencode(EVIL)
    assert cli("ls", f"{place}/{THESIS}").stdout == "thesis.tex\n"
    listed = cli("ls", f"{place}/home", "-l").stdout.splitlines()
    assert listed[0].startswith(f"drwxr-xr-x {os.geteuid()}:{os.getegid()} ")
    assert listed[2].endswith("link -> /etc")
    told = cli("ls", place, "--json").json
    assert (told["snapshot"], told["path"], len(told["entries"])) == (nights.names[2], ".", 5)
    assert base64.b64decode(told["entries"][1]["path_bytes"]) == os.fsencode(EVIL)
    assert cli("ls", f"{place}/home/alice", "--json").json["entries"][0]["path"] == THESIS


def test_nothing_is_read_through_a_symlink(nights: Nights) -> None:
    """A symlink below the snapshot's root is told, and never followed; so are a FIFO and a directory."""
    cli, place = nights.cli, f"{nights.backup}:latest"
    for command, path, why in (
        ("ls", "home/link/passwd", "'home/link' is a symlink to '/etc', which is not followed"),
        ("cat", "home/link/passwd", "'home/link' is a symlink to '/etc', which is not followed"),
        ("cat", "home/long/alice/thesis.tex", "'home/long' is a symlink to '.', which is not followed"),
        ("cat", "home/link", "it is a symlink to '/etc', which is not followed"),
        ("cat", "fifo", "it is a FIFO"),
        ("cat", "home", "it is a directory"),
        ("cat", "large/x", "'large' is no directory"),
        ("ls", "no\nwhere", "There is no 'no\\nwhere'"),
    ):
        ended = cli(command, f"{place}/{path}", code=5)
        assert (why in ended.stderr, ended.stdout) == (True, ""), ended
    cli("ls", f"{place}/../..", code=2)
    cli("cat", place, code=2)
    cli("ls", f"{nights.backup}:", code=2)
    cli("ls", place, "--snapshot", 1, code=2)


def test_cat_writes_the_bytes(nights: Nights) -> None:
    """By a place, by an option, by a version; to the last one."""
    cli, backup = nights.cli, nights.backup
    assert cli("cat", f"{backup}:latest/{THESIS}").stdout == "one\n2\n\x1b[31m"
    assert cli("cat", backup, THESIS, "--snapshot", 2).stdout == "one\ntwo\n"
    assert cli("cat", backup, THESIS, "--version", 1).stdout == "one\ntwo\n"
    assert cli("cat", backup, EVIL).stdout == "evil"
    assert cli("cat", backup, "binary").stdout == "a\0c"
    assert len(cli("cat", backup, "large").stdout) == LARGE
    assert "there are 1 to 2" in cli("cat", backup, THESIS, "--version", 3, code=5).stderr
    cli("cat", f"{backup}:1/{THESIS}", "--version", 1, code=2)
    cli("cat", backup, "nothing", "--version", 1, code=5)


@pytest.mark.long
def test_a_reader_that_goes_away_is_no_failure(nights: Nights) -> None:
    """As `head` does; nothing is said about it."""
    for command, *arguments in (("cat", nights.backup, "large"), ("find", nights.backup, "**"), ("ls", nights.backup)):
        reading, writing = os.pipe()
        os.close(reading)
        line = nights.cli.line(command, *arguments)
        ended = subprocess.run(
            line, stdout=writing, stderr=subprocess.PIPE, env=nights.cli.environment, timeout=60, check=False
        )
        os.close(writing)
        assert (ended.returncode, ended.stderr) == (0, b""), command


def test_versions_are_numbered_from_the_oldest(nights: Nights) -> None:
    """In a table with the backup numbers that hold them, and when the last one vanished."""
    cli, backup = nights.cli, nights.backup
    head, *rows = cli("versions", backup, THESIS).stdout.splitlines()
    assert head.split() == ["VERSION", "MODIFIED", "SIZE", "SHA-256", "IN"]
    modified = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC).astimezone()
    assert rows[0].startswith(f"2        {modified:%Y-%m-%d %H:%M:%S %z}  11 bytes")
    assert [row.rpartition("  ")[2] for row in rows] == ["daily.0 … daily.1", "daily.2"]
    assert [one["version"] for one in cli("versions", backup, THESIS, "--json").json["versions"]] == [2, 1]
    gone = cli("versions", backup, "home/alice/.notes.tex").stdout.splitlines()[-1]
    begin, end = (_time(name).astimezone() for name in nights.names[:2])
    assert gone == f"version 1 was deleted between {begin:%Y-%m-%d %H:%M:%S %z} and {end:%Y-%m-%d %H:%M:%S %z}"
    table = cli("versions", backup, EVIL).stdout
    assert "\x1b" not in table


def test_find_goes_by_names_and_paths(nights: Nights) -> None:
    """In a snapshot; hidden names too, escaped on a terminal."""
    cli, backup = nights.cli, nights.backup
    evil = "evil\\n\\x1b[31m\\xff.tex"
    assert cli("find", backup, "*.tex").stdout.splitlines() == [evil, THESIS, "home/bob/paper.tex"]
    assert cli("find", f"{backup}:2", "*.tex").stdout.splitlines() == [evil, "home/alice/.notes.tex", THESIS]
    assert cli("find", backup, "home/*/t*").stdout == f"{THESIS}\n"
    assert cli("find", backup, "home/*/").stdout.splitlines() == ["home/alice/", "home/bob/"]
    assert cli("find", backup, "*.tex", "-0").stdout.split("\0") == [EVIL, THESIS, "home/bob/paper.tex", ""]
    assert cli("find", backup, "link", "-l").stdout.endswith("home/link -> /etc\n")
    told = cli("find", backup, "*.tex", "--snapshot", 2, "--json").json
    assert (told["snapshot"], told["notes"], len(told["found"])) == (nights.names[0], [], 3)
    assert base64.b64decode(told["found"][0]["path_bytes"]) == os.fsencode(EVIL)
    nothing = cli("find", backup, "*.txt")
    assert (nothing.stdout, nothing.stderr) == ("", "efs-backup: Nothing matches '*.txt'.\n")
    for wrong in (
        [backup, ".."],
        [f"{backup}:1/home", "x"],
        [f"{backup}:1", "x", "--deleted"],
        [backup, "x", "--deleted", "-l"],
    ):
        cli("find", *wrong, code=2)


def test_find_tells_what_changed_and_what_is_gone(nights: Nights) -> None:
    """Each name once, with the night; what is gone with the snapshot that has it."""
    cli, backup, names = nights.cli, nights.backup, nights.names
    assert cli("find", backup, "*.tex", "--changed-since", names[0]).stdout.splitlines()[1:] == [
        f"{names[2]}  home/bob/paper.tex (new)", f"{names[1]}  {THESIS}",
    ]  # fmt: skip
    assert cli("find", backup, "**", "--changed-since", "1", "-0").stdout.split("\0")[:2] == [
        "home/bob", "home/bob/paper.tex",
    ]  # fmt: skip
    (one,) = cli("find", backup, "thesis*", "--changed-since", "3d", "--json").json["changed"]
    assert (one["path"], one["changed_in"], one["is_new"], one["size"]) == (THESIS, names[1], False, 11)
    older = cli("find", f"{backup}:1", "*.tex", "--changed-since", "yesterday", "--json").json
    assert [one["path"] for one in older["changed"]] == [THESIS]
    assert "nothing older is" in older["notes"][-1]
    (gone,) = cli("find", backup, "*.tex", "--deleted", "--json").json["deleted"]
    assert (gone["path"], gone["vanished_in"], gone["still_in"]) == ("home/alice/.notes.tex", names[1], names[0])
    assert cli("find", backup, "*.tex", "--deleted", "--changed-since", "1", "--json").json["deleted"] == []


def test_without_a_manifest_the_snapshot_is_gone_through(nights: Nights, tmp_path: Path) -> None:
    """The same is found; a torn manifest is said, and never half of an answer taken for all of it."""
    cli, copy, name = nights.cli, tmp_path / "backup", nights.names[2]
    subprocess.run(["cp", "-a", nights.backup, copy], check=True)
    manifests = copy / "efs-backup/daily/.manifests"
    found = {pattern: cli("find", copy, pattern, "--json").json["found"] for pattern in ("**", "*.tex", "home/*/")}
    (manifests / f"{name}.index").write_bytes(b"torn")
    torn = cli("find", copy, "*.tex")
    assert f"The manifest of {name} cannot be read (the index is torn)" in torn.stderr
    (manifests / f"{name}.mtree.gz").unlink()
    for pattern, before in found.items():
        again = cli("find", copy, pattern, "--json").json["found"]
        assert {one["path"]: one | {"sha256": None} for one in again} == {
            one["path"]: one | {"sha256": None} for one in before
        }
    other = manifests / f"{nights.names[1]}.mtree.gz"
    content = bytearray(other.read_bytes())
    content[-len(content) // 3 :] = bytes(len(content) // 3 + 1)
    other.write_bytes(content[: other.stat().st_size])
    assert "cannot be read to its end" in cli("find", f"{copy}:1", "**", code=1).stderr


@pytest.mark.root
def test_what_cannot_be_read_is_named(nights: Nights, tmp_path: Path) -> None:
    """A whole snapshot, or a directory of one that is gone through: a sentence, and an exit code."""
    cli, copy = nights.cli, tmp_path / "backup"
    shutil.copytree(nights.backup, copy, symlinks=True, ignore=shutil.ignore_patterns("fifo"))
    series, name = copy / "efs-backup/daily", nights.names[2]
    shutil.rmtree(series / ".manifests")
    for directory in (copy, copy / "efs-backup", series, series / name):
        directory.chmod(0o755)
    (series / name / "home/alice").chmod(0o700)
    found = ended_as_nobody(cli, tmp_path, "find", copy, "*.tex")
    assert (found.code, "home/bob/paper.tex" in found.stdout) == (1, True)
    assert "'home/alice' cannot be looked at: Permission denied." in found.stderr
    (series / name).chmod(0o700)
    for command in ("ls", "find"):
        ended = ended_as_nobody(cli, tmp_path, command, copy, *(["x"] if command == "find" else []))
        assert (ended.code, ended.stdout) == (1, ""), ended
        assert "Permission denied" in ended.stderr


def test_a_prune_takes_nothing_away_that_is_read(nights: Nights, tmp_path: Path) -> None:
    """The whole file is written, however slowly; then the rule holds, and versions keep their numbers."""
    cli, copy = nights.cli, tmp_path / "backup"
    subprocess.run(["cp", "-a", nights.backup, copy], check=True)
    reading = cli.start("cat", copy, "large", "--snapshot", nights.names[0])
    assert reading.stdout
    assert reading.stdout.read(1) == b"x"
    assert "somebody reads from this series" in cli("prune", copy, "--retain", 1, "--confirm", code=4).stderr
    assert (copy / "efs-backup/daily" / nights.names[0]).is_dir()
    assert len(reading.stdout.read()) == LARGE - 1
    assert reading.wait(60) == 0
    cli("prune", copy, "--retain", 1, "--confirm")
    assert "No snapshot holds version 1" in cli("cat", copy, THESIS, "--version", 1, code=5).stderr
    assert cli("cat", copy, THESIS, "--version", 2).stdout == "one\n2\n\x1b[31m"
    assert cli("versions", copy, THESIS).stdout.splitlines()[2].endswith(f"none (dropped: {nights.names[0]})")
    assert "was dropped" not in cli("ls", f"{copy}:{nights.names[0]}", code=5).stdout


def test_diff_shows_what_changed_in_texts(nights: Nights, tmp_path: Path) -> None:
    """As `patch` takes it; of what is no text it is said."""
    cli, backup = nights.cli, nights.backup
    shown = cli("diff", backup, 2, "latest", "--patch").stdout
    assert "M binary (content)\n  no patch: binary\n" in shown
    shutil.copytree(nights.tree(0) / "home", tmp_path / "home", symlinks=True)
    subprocess.run(["patch", "-s", "-p1", "-d", tmp_path], input=shown.encode(), check=True)
    assert (tmp_path / THESIS).read_text() == "one\n2\n\x1b[31m"
    assert (tmp_path / "home/bob/paper.tex").read_text() == "paper"
    one = cli("diff", backup, 2, 0, "--path", f"/{THESIS}/", "--patch", "--json").json
    assert [change["path"] for change in one["changed"]] == [THESIS]
    assert one["patches"][0]["patch"].startswith(f"--- a/{THESIS}\n+++ b/{THESIS}\n@@ -1,2 +1,3 @@\n one\n-two\n")
    below = cli("diff", backup, 2, 0, "--path", "home/bob", "--json").json
    assert (below["added"], below["removed"], below["changed"]) == (["home/bob", "home/bob/paper.tex"], [], [])
    cli("diff", backup, 2, 0, "--path", "nothing", code=5)
    cli("diff", backup, 2, 0, "--path", "..", code=2)


def test_contents_are_compared_by_hashes(cli: Cli, source: Path, backup: Path) -> None:
    """A file of another inode is not read where both manifests know it; one that is not as it was stored is."""
    path = "directory 0/file 0"
    first = Path(cli("run", source, backup, "--json").json["path"])
    (source / path).touch()
    second = Path(cli("run", source, backup, "--json").json["path"])
    assert cli("diff", backup, 1, 0, "--json").json["changed"] == [{"path": path, "what": ["attributes"]}]
    for tree in (first, second):
        found = (tree / path).stat()
        write(tree / path, "tampered" + str(tree == first)[0], found.st_mtime_ns)
    assert cli("diff", backup, 1, 0, "--json").json["changed"][0]["what"] == ["attributes"]
    (second / path).write_text("tampered ")
    assert cli("diff", backup, 1, 0, "--json").json["changed"][0]["what"] == ["content"]


@pytest.mark.long
def test_every_command_has_the_same_words_for_a_snapshot(nights: Nights, tmp_path: Path) -> None:
    """A number, a name, its beginning, the newest, a time; what was read of a time is said with its zone."""
    cli, backup, names = nights.cli, nights.backup, nights.names
    for words, meant in (
        ("latest", names[2]), ("1", names[1]), ("daily.2", names[0]), (names[0], names[0]), (names[2][:15], names[2]),
        ("today", names[2]), (f"{_time(names[1]):%Y-%m-%dT%H:%M:%S}Z", names[1]),
    ):  # fmt: skip
        assert cli("ls", backup, "--snapshot", words, "--json").json["snapshot"] == meant
    name = cli("verify", backup, "--snapshot", "latest", "--json").json["snapshots"][0]["snapshot"]
    restored = cli("restore", backup, tmp_path, "--snapshot", "today", "--dry-run", "--json")
    told = cli("diff", backup, names[0][:-1], "latest", "--json").json
    assert (name, restored.json["snapshot"], told["old"], told["new"]) == (names[2], names[2], names[0], names[2])
    assert "'today' is read as " in restored.stderr
    assert " 23:59:59 " in restored.stderr
    assert nights.names[1] in cli("manifest", backup, "--snapshot", "daily.1").stdout.splitlines()[1]
    assert cli("restore", backup, tmp_path, "--as-of", "now", "--dry-run", "--json").json["snapshot"] == names[2]
    common = next(names[0][:end] for end in range(15, 4, -1) if all(name.startswith(names[0][:end]) for name in names))
    ambiguous = cli("ls", backup, "--snapshot", common, code=2).stderr
    assert all(one in ambiguous for one in names)
    for arguments in (
        ("verify", backup, "--snapshot"), ("manifest", backup, "--snapshot"), ("restore", backup, tmp_path, "--as-of"),
        ("restore", backup, tmp_path, "--snapshot"), ("diff", backup, "0"), ("cat", backup, THESIS, "--snapshot"),
        ("find", backup, "x", "--snapshot"), ("drill", backup, "--scratch", tmp_path / "s", "--snapshot"),
        ("vanished", backup, "--since"), ("growth", backup, "--since"), ("history", backup, "--since"),
        ("find", backup, "x", "--changed-since"),
    ):  # fmt: skip
        ended = cli(*arguments, "fortnight", code=2)
        assert "'fortnight' is no " in ended.stderr
    assert len(cli("history", backup, "--since", "1d", "--json").json["backups"]) == 3
    cli("history", backup, "--since", "2999-01-01", "--json", code=5)


@pytest.mark.parametrize(
    ("zone", "offset", "shown"),
    mostly_nightly(
        [
            (":America/New_York", None, "E"),
            ("No/Such", 0, " (UTC+00:00)"),
            ("Pacific/Kiritimati", 14, "+14 (UTC+14:00)"),
            ("HERE-5:30", 5.5, "HERE (UTC+05:30)"),
        ],
        2,
    ),
)
def test_a_time_is_read_in_the_zone_of_whoever_asks(
    nights: Nights, zone: str, offset: float | None, shown: str
) -> None:
    """TZ, also one that no data of zones know; an offset, or UTC, is honoured."""
    environment = {**nights.cli.environment, "TZ": zone}
    name = _time(nights.names[1])
    cli = Cli(environment)
    if offset is not None:
        local = name + timedelta(hours=offset)
        ended = cli("ls", nights.backup, "--snapshot", f"{local:%Y-%m-%d %H:%M:%S}", "--json")
        assert ended.json["snapshot"] == nights.names[1]
    else:
        ended = cli("ls", nights.backup, "--snapshot", f"{name:%Y-%m-%d %H:%M:%S} UTC", "--json")
        assert ended.json["snapshot"] == nights.names[1]
    assert shown in ended.stderr


def test_a_pin_takes_the_words_too(cli: Cli, source: Path, backup: Path) -> None:
    """And a view, where a rule has one; a day is its end in the zone of whoever asks."""
    name = cli("run", source, backup, "--keep-daily", 2, "--keep-weekly", 2, "--json").json["snapshot"]
    assert "weekly.0" in os.listdir(backup / "efs-backup")
    assert cli("ls", f"{backup}:weekly.0", "--json").json["snapshot"] == name
    told = cli("pin", backup, "today", "--reason", "x", "--until", "2999-01-31 UTC", "--json").json
    assert (told["snapshot"], told["until"]) == (name, "2999-01-31T23:59:59Z")
    assert cli("note", backup, name[:9], "seen", "--json").json["snapshot"] == name
    assert cli("unpin", backup, "latest", "--reason", "y", "--json").json["snapshot"] == name


def test_a_torn_night_is_said(nights: Nights, tmp_path: Path) -> None:
    """The lines of a torn night are missing, and nobody takes the rest for all."""
    copy = tmp_path / "backup"
    subprocess.run(["cp", "-a", nights.backup, copy], check=True)
    changes = copy / f"efs-backup/daily/.manifests/{nights.names[1]}.changes.gz"
    packed = gzip.compress(gzip.decompress(changes.read_bytes()), 0)
    changes.write_bytes(packed[:-20])
    ended = nights.cli("find", copy, "*.tex", "--changed-since", nights.names[0])
    assert f"The changes of {nights.names[1]} cannot be read" in ended.stderr
    assert "home/bob/paper.tex (new)" in ended.stdout
