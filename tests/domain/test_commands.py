"""The commands, tried on the real programs."""

import os
import re
from pathlib import Path

import pytest

from efs_backup.domain.copying.commands import (
    RSYNC_EXIT_CODES,
    RSYNC_OLDEST,
    RSYNC_PATCHED,
    PartSizes,
    Purpose,
    flush_command,
    fpsync_command,
    part_command,
    prepared_run_command,
    rsync_options,
    worker_command,
)
from tests.domain.programs import Ran, crawl, path_of, run, write_part
from tests.support.builders import write

pytestmark = pytest.mark.programs


class Places:
    """A source, a target and the copy of one part between them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source, self.target, self.reference = root / "source", root / "target", root / "reference"
        for place in (self.source, self.target, self.reference):
            place.mkdir()

    def copy(self, *entries: str, linked: bool = False, purpose: Purpose = Purpose.BACKUP) -> Ran:
        """Copy these entries with the real rsync."""
        references = (str(self.reference),) if linked else ()
        options = rsync_options(references, purpose)
        part = write_part(self.root / "part", *entries)
        return run(*part_command(path_of("rsync"), options, str(part), str(self.source), str(self.target)))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Empty directories."""
    return Places(tmp_path)


_ODD_NAMES = [
    "new\nline", "-dash", "--delete", 'double"quote', "single'quote", "back\\slash", "$HOME", "*", " ", "tab\t",
    "caf\udce9", "\udcff\udcfe", "\\#012", ".snapshot", ".zfs", "x" * 255, "#comment", ";comment",
]  # fmt: skip


def test_a_part_may_hold_any_name(places: Places) -> None:
    """Lists end their entries with NUL, so nothing in a name means anything."""
    for name in _ODD_NAMES:
        write(places.source / name)
    assert places.copy(*(f"./{name}" for name in _ODD_NAMES)).code == 0
    assert sorted(os.listdir(places.target)) == sorted(_ODD_NAMES)


def test_an_unchanged_file_becomes_a_link(places: Places) -> None:
    """One inode in both snapshots."""
    write(places.source / "a")
    old = write(places.reference / "a")
    assert places.copy("./a", linked=True).code == 0
    assert (places.target / "a").samefile(old)


def test_one_nanosecond_makes_a_file_another(places: Places) -> None:
    """The same size within the same second is no reason to link; and the old snapshot stays as it was."""
    write(places.source / "a", "new!", 1_000_000_000_000_000_001)
    old = write(places.reference / "a", "old!", 1_000_000_000_000_000_000)
    assert places.copy("./a", linked=True).code == 0
    assert (places.target / "a").read_text() == "new!"
    assert old.read_text() == "old!"
    assert (places.target / "a").stat().st_mtime_ns == 1_000_000_000_000_000_001


def test_another_mode_is_no_link(places: Places) -> None:
    """A link would change the mode in the older snapshot, too."""
    write(places.source / "a").chmod(0o600)
    old = write(places.reference / "a")
    old.chmod(0o644)
    assert places.copy("./a", linked=True).code == 0
    assert not (places.target / "a").samefile(old)
    assert old.stat().st_mode & 0o777 == 0o644


def test_what_a_partial_has_already_is_left_alone(places: Places) -> None:
    """A file of the partial may be a link into an older snapshot."""
    write(places.source / "a", "new")
    there = write(places.target / "a", "there")
    assert places.copy("./a").code == 0
    assert there.read_text() == "there"


def test_a_restore_overwrites(places: Places) -> None:
    """The rule above is for partials only."""
    write(places.source / "a", "new")
    there = write(places.target / "a", "there")
    assert places.copy("./a", purpose=Purpose.RESTORE).code == 0
    assert there.read_text() == "new"


@pytest.mark.parametrize(("purpose", "code"), [(Purpose.BACKUP, 0), (Purpose.RESTORE, 23)])
def test_a_file_that_is_gone_since_it_was_listed_is_excused_in_a_backup(
    places: Places, purpose: Purpose, code: int
) -> None:
    """Files that are still there are copied in both cases."""
    write(places.source / "a")
    assert places.copy("./gone", "./a", "./gone/too", purpose=purpose).code == code
    assert os.listdir(places.target) == ["a"]


def test_holes_stay_holes(places: Places) -> None:
    """A sparse file takes as little room in the backup."""
    with (places.source / "a").open("wb") as file:
        file.truncate(10_000_000)
    assert places.copy("./a").code == 0
    assert (places.target / "a").stat().st_blocks * 512 < 1_000_000


@pytest.mark.parametrize(("number", "code"), [(1, 0), (20, 0), (21, 1)])
def test_rsync_looks_in_twenty_references_at_most(places: Places, number: int, code: int) -> None:
    """The limit that the docstring names is rsync's own."""
    options = rsync_options([str(places.reference)] * number, Purpose.BACKUP)
    part = write_part(places.root / "part")
    command = part_command(path_of("rsync"), options, str(part), str(places.source), str(places.target))
    assert run(*command).code == code


def test_references_keep_their_order() -> None:
    """The best comes first."""
    options = rsync_options(["/b/new", "/b/old"], Purpose.BACKUP)
    assert [option for option in options if "dest" in option] == ["--link-dest=/b/new", "--link-dest=/b/old"]


@pytest.mark.parametrize("purpose", Purpose)
def test_no_copy_ever_gets_what_harms_it(purpose: Purpose) -> None:
    """Recursion and deletion are refused by fpsync; EFS has no ACLs and xattrs; -H dies at the link limit.

    Nor is a file ever written under its final name, where a kill would leave a torn one.
    """
    options = rsync_options(["/r"], purpose)
    short = "".join(option for option in options if re.match(r"-\w", option))
    assert not set(short) & set("arHAX")
    assert not [
        option for option in options if option.startswith(("--recursive", "--archive", "--delete", "--inplace"))
    ]
    assert not [option for option in options if re.search(r"\s", option)], "fpsync gets them in one word"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--version",), 0), (("--no-such-option",), 1), (("--files-from=/dev/null", "/no/such/source", "."), 3)],
)
def test_the_exit_codes_of_rsync_have_a_meaning(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """The table has the exit codes that the real rsync gives."""
    assert run(path_of("rsync"), *arguments, cwd=tmp_path).code == code
    assert RSYNC_EXIT_CODES[code]


def test_a_patched_rsync_is_new_enough() -> None:
    """The warning comes before the refusal."""
    assert RSYNC_OLDEST < RSYNC_PATCHED


def test_fpsync_gets_its_options_in_single_words() -> None:
    """Under bash, so that a second SIGINT works, and with a signal if the engine dies."""
    options = ("-l", "-S")
    sizes = PartSizes(8, 150, 2**28)
    command = fpsync_command("/usr/bin/fpsync", "/w/source", "/w/target", "/w/tmp", "/w/tool", sizes, options)
    assert command == (
        "setpriv", "--pdeathsig", "INT", "--", "bash", "/usr/bin/fpsync", "-n", "8", "-f", "150", "-s", "268435456",
        "-t", "/w/tmp", "-T", "/w/tool", "-O", "-x|//", "-o", "-l -S", "/w/source/", "/w/target/",
    )  # fmt: skip


def test_a_prepared_run_crawls_nothing() -> None:
    """The number of jobs is said again, and the same care is taken for the end of fpsync, and for ours."""
    assert prepared_run_command("/usr/bin/fpsync", "/w/tmp", "1-1", 8) == (
        "setpriv", "--pdeathsig", "INT", "--", "bash", "/usr/bin/fpsync", "-n", "8", "-t", "/w/tmp", "-r", "1-1",
    )  # fmt: skip


def test_a_worker_starts_without_what_the_environment_has() -> None:
    """Neither the user's modules nor those of the environment are looked for."""
    python, *options, start, place, socket = worker_command("/usr/bin/python3", "/p", 7)
    assert (python, place, socket) == ("/usr/bin/python3", "/p", "7")
    assert options == ["-I", "-S", "-X", "utf8", "-c"]
    assert "efs_backup.copy_worker.worker" in start


def test_a_file_system_can_be_flushed(tmp_path: Path) -> None:
    """The real `sync` knows the option."""
    assert run(*flush_command(str(tmp_path))) == Ran(0, "", "")


def test_a_flush_of_nothing_fails(tmp_path: Path) -> None:
    """A failed flush must not look like one that worked."""
    assert run(*flush_command(str(tmp_path / "gone"))).code != 0


_CRAWLED = {"./.snapshot/a", "./.zfs/a", "./.ckpt/a", "./cache/a", "./sub/cache/a", "./sub/a.tmp"}


def test_fpart_leaves_nothing_out(tmp_path: Path) -> None:
    """The crawl looks at what it leaves out, and knows few patterns: who leaves something out does not let it crawl."""
    for path in _CRAWLED:
        write(tmp_path / "tree" / path)
    command = fpsync_command("fpsync", "s", "t", "tmp", "tool", PartSizes(1, 1, 1), ())
    options = command[command.index("-O") + 1]
    assert crawl(tmp_path / "tree", *options.split("|")) == _CRAWLED
