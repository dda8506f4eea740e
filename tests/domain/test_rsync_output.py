"""The output of rsync: recorded lines of several versions, and those of the installed one."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from efs_backup.domain.copying.commands import RSYNC_OLDEST
from efs_backup.domain.copying.rsync_output import (
    Fault,
    parse_complaints,
    parse_statistics,
    parse_version,
)
from efs_backup.domain.copying.statistics import CopyStatistics
from tests.domain.programs import path_of, rsync, run, write_part
from tests.support.builders import write

pytestmark = pytest.mark.programs


_NOBODY = 65534

RECORDED_3_5_0 = """
Number of files: 6 (reg: 2, dir: 2, link: 1, special: 1)
Number of created files: 6 (reg: 2, dir: 2, link: 1, special: 1)
Number of deleted files: 0
Number of regular files transferred: 2
Total file size: 5,000,004 bytes
Total transferred file size: 5,000,003 bytes
Literal data: 5,000,003 bytes
Matched data: 0 bytes
File list size: 0
File list generation time: 0.001 seconds
File list transfer time: 0.000 seconds
Total bytes sent: 5,001,461
Total bytes received: 71

sent 5,001,461 bytes  received 71 bytes  10,003,064.00 bytes/sec
total size is 5,000,004  speedup is 1.00
"""

RECORDED_3_0_9 = """
Number of files: 5
Number of files transferred: 2
Total file size: 1234567 bytes
Total transferred file size: 1234 bytes
Literal data: 1234 bytes
"""


def test_the_statistics_of_rsync_3_5_are_read() -> None:
    """Files are everything that is no directory."""
    assert parse_statistics(RECORDED_3_5_0) == CopyStatistics(4, 2, 0, 5_000_004, 5_000_003)


def test_the_old_label_is_read() -> None:
    """Before 3.1 it was "files transferred", and kinds were not told apart."""
    assert parse_statistics(RECORDED_3_0_9) == CopyStatistics(5, 2, 0, 1_234_567, 1_234)


@pytest.mark.parametrize("separator", ["", ",", ".", "'", " "])
def test_thousands_are_separated_as_the_locale_wants_it(separator: str) -> None:
    """The figure is the same."""
    number = separator.join(["1", "234", "567"])
    text = f"Number of files: {number} (reg: {number})\nTotal file size: {number} bytes\n"
    assert parse_statistics(text) == CopyStatistics(number_of_files=1_234_567, total_file_size=1_234_567)


@pytest.mark.parametrize("separator", ["", ",", ".", "'"])
def test_directories_are_no_files_however_many(separator: str) -> None:
    """Their number is separated in the same way."""
    text = f"Number of files: 12{separator}000 (reg: 10{separator}999, dir: 1{separator}001)\n"
    assert parse_statistics(text).number_of_files == 10_999


def test_a_part_of_directories_alone_has_no_files() -> None:
    """They are made elsewhere."""
    assert parse_statistics("Number of files: 3 (dir: 3)\n").number_of_files == 0


@pytest.mark.parametrize(
    "text", ["", "\n", "part ended with exit code 20\n", "Number of files: \n", "Number of files: x\n"]
)
def test_what_is_not_said_is_zero(text: str) -> None:
    """A killed rsync says nothing."""
    assert parse_statistics(text) == CopyStatistics()


def test_other_lines_around_the_statistics_do_not_matter() -> None:
    """The closing line of a part stands in the same file."""
    text = f'skipping non-regular file "f"\n{RECORDED_3_5_0}part ended with exit code 0\n'
    assert parse_statistics(text) == parse_statistics(RECORDED_3_5_0)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8"])
def test_the_statistics_of_the_installed_rsync_are_read(tmp_path: Path, locale: str) -> None:
    """In every locale, whether it is installed or not."""
    source = tmp_path / "source"
    for number in range(1100):
        write(source / f"directory {number % 3}" / f"{number}", "four")
    os.mkfifo(source / "fifo")
    (source / "link").symlink_to("12")
    done = rsync("-lptgoDr", "--stats", f"{source}/", tmp_path / "target", locale=locale)
    assert parse_statistics(done.stdout) == CopyStatistics(1102, 1100, 0, 4402, 4400)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("rsync  version 3.2.7  protocol version 31\nCopyright (C) 1996-2022", (3, 2, 7)),
        ("rsync  version 3.5.0  protocol version 32\n", (3, 5, 0)),
        ("rsync  version v3.2.3-45-ga28c4558  protocol version 31\n", (3, 2, 3)),
        ("rsync  version 3.4.0pre1  protocol version 32\n", (3, 4, 0)),
        ("rsync  version 3.12  protocol version 40\n", (3, 12, 0)),
        ("openrsync: protocol version 29\nrsync version 2.6.9 compatible\n", (2, 6, 9)),
        ("sh: rsync: not found\n", None),
        ("", None),
    ],
)
def test_the_version_of_rsync_is_read(text: str, version: tuple[int, int, int] | None) -> None:
    """Also of one that was built from a repository, and of one that only plays rsync."""
    assert parse_version(text) == version


def test_the_version_of_the_installed_rsync_is_read() -> None:
    """The installed version is one that the engine can use."""
    version = parse_version(rsync("--version").stdout)
    assert version is not None
    assert version >= RSYNC_OLDEST


@pytest.mark.parametrize(
    ("line", "fault", "path"),
    [
        ('rsync: [sender] send_files failed to open "/s/x": Permission denied (13)', Fault.SOURCE_UNREADABLE, "/s/x"),
        ('rsync: [sender] read errors mapping "/s/x": Stale file handle (116)', Fault.SOURCE_UNREADABLE, "/s/x"),
        ('rsync: [sender] read errors mapping "/s/x": Input/output error (5)', Fault.SOURCE_UNREADABLE, "/s/x"),
        ('rsync: [sender] opendir "/s/d" failed: Permission denied (13)', Fault.SOURCE_UNREADABLE, "/s/d"),
        ('rsync: [sender] readlink_stat("/s/x") failed: Input/output error (5)', Fault.SOURCE_UNREADABLE, "/s/x"),
        ('rsync: [sender] link_stat "/s/x" failed: Stale file handle (116)', Fault.SOURCE_UNREADABLE, "/s/x"),
        ('rsync: [sender] link_stat "/s/gone" failed: No such file or directory (2)', Fault.VANISHED, "/s/gone"),
        ('file has vanished: "/s/x"', Fault.VANISHED, "/s/x"),
        ('rsync: [receiver] write failed on "/b/x": No space left on device (28)', Fault.BACKUP_FULL, "/b/x"),
        ('rsync: [receiver] write failed on "/b/x": Disk quota exceeded (122)', Fault.BACKUP_FULL, "/b/x"),
        ('rsync: [receiver] mkstemp "/b/.x.kU" failed: No space left on device (28)', Fault.BACKUP_FULL, "/b/.x.kU"),
        ('rsync: [generator] recv_generator: mkdir "/b" failed: Disk quota exceeded (122)', Fault.BACKUP_FULL, "/b"),
        ("rsync: [generator] failed to hard-link /b/s/l with l: No space left on device (28)", Fault.BACKUP_FULL, None),
        ("rsync: [generator] failed to hard-link /b/s177/l with l: Too many links (31)", Fault.HARMLESS, None),
        ("rsync: [generator] failed to hard-link /b/s1/l with l: Invalid cross-device link (18)", Fault.HARMLESS, None),
        ('rsync: [generator] link "/b/x" => y failed: Too many links (31)', Fault.HARMLESS, "/b/x"),
        ('rsync: [receiver] mkstemp "/b/.x.kU7hY7" failed: Read-only file system (30)', Fault.TARGET, "/b/.x.kU7hY7"),
        ('rsync: [generator] recv_generator: mkdir "/b/d" failed: Permission denied (13)', Fault.TARGET, "/b/d"),
        ('rsync: [Receiver] mkdir "/b" failed: Read-only file system (30)', Fault.TARGET, "/b"),
        ('rsync: [generator] chgrp "/b/x" failed: Operation not permitted (1)', Fault.TARGET, "/b/x"),
        ('rsync: [receiver] write failed on "/b/x": Input/output error (5)', Fault.TARGET, "/b/x"),
        ("ERROR: a/x failed verification -- update discarded.", Fault.TARGET, None),
        ('rsync: [sender] readdir("/s/d"): Input/output error (5)', Fault.SOURCE_UNREADABLE, "/s/d"),
        ('rsync: [sender] readlink_stat("/s/x") failed: No such file or directory (2)', Fault.VANISHED, "/s/x"),
        ('rsync: [sender] link_stat "/s/file/x" failed: Not a directory (20)', Fault.VANISHED, "/s/file/x"),
        ('rsync: [sender] send_files failed to open "/s/d/x": Not a directory (20)', Fault.VANISHED, "/s/d/x"),
        (
            'rsync: [sender] send_files failed to open "/s/x": Too many levels of symbolic links (40)',
            Fault.VANISHED, "/s/x",
        ),
        ('rsync: [sender] change_dir "/s" failed: No such file or directory (2)', Fault.SOURCE_UNREADABLE, "/s"),
        ('rsync: [sender] change_dir "/s" failed: Not a directory (20)', Fault.SOURCE_UNREADABLE, "/s"),
        ('rsync: [sender] change_dir "/s" failed: Stale file handle (116)', Fault.SOURCE_UNREADABLE, "/s"),
        ('rsync: [Receiver] change_dir#1 "/b" failed: Permission denied (13)', Fault.TARGET, "/b"),
        ('rsync: [generator] link_stat "/b/x" failed: No such file or directory (2)', Fault.TARGET, "/b/x"),
        ('rsync: [receiver] read errors mapping "/b/x": Input/output error (5)', Fault.TARGET, "/b/x"),
        ("rsync: [sender] write error: Broken pipe (32)", Fault.TARGET, None),
        ("rsync: [sender] safe_write failed to write 4 bytes to socket: Broken pipe (32)", Fault.TARGET, None),
        ('rsync: [receiver] rename "/b/.x.kU7hY7" -> "x": Permission denied (13)', Fault.TARGET, "/b/.x.kU7hY7"),
        ('rsync: [sender] opendir "/s/a"b" failed: Permission denied (13)', Fault.SOURCE_UNREADABLE, '/s/a"b'),
        ('rsync: [sender] link_stat "/s/"a"" failed: No such file or directory (2)', Fault.VANISHED, '/s/"a"'),
    ],
)  # fmt: skip
def test_a_complaint_is_understood(line: str, fault: Fault, path: str | None) -> None:
    """Which side it is about, and which path where rsync quotes one."""
    (complaint,) = parse_complaints(f"{line}\n")
    assert (complaint.fault, complaint.path) == (fault, path)
    assert complaint.text == line.removeprefix("rsync: ")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('rsync: send_files failed to open "/s/x": Permission denied (13)', Fault.SOURCE_UNREADABLE),
        ('rsync: read errors mapping "/s/x": Input/output error (5)', Fault.SOURCE_UNREADABLE),
        ('rsync: opendir "/s/d" failed: Permission denied (13)', Fault.SOURCE_UNREADABLE),
        ('rsync: link_stat "/s/gone" failed: No such file or directory (2)', Fault.VANISHED),
        ('rsync: change_dir "/s" failed: No such file or directory (2)', Fault.SOURCE_UNREADABLE),
        ('rsync: write failed on "/b/x": No space left on device (28)', Fault.BACKUP_FULL),
        ('rsync: mkstemp "/b/.x.kU7hY7" failed: Read-only file system (30)', Fault.TARGET),
        ('rsync: recv_generator: mkdir "/b/d" failed: No such file or directory (2)', Fault.TARGET),
        ("rsync: failed to hard-link /b/s177/l with l: Too many links (31)", Fault.HARMLESS),
        ("rsync: writefd_unbuffered failed to write 4 bytes [sender]: Broken pipe (32)", Fault.TARGET),
    ],
)
def test_a_complaint_without_a_side_is_told_by_its_verb(line: str, fault: Fault) -> None:
    """Before 3.2 rsync does not say which of its processes complains."""
    assert [found.fault for found in parse_complaints(line)] == [fault]


@pytest.mark.parametrize(
    "line",
    [
        'rsync: [receiver] mkstemp "/b/failed to hard-link /b/x" failed: Permission denied (13)',
        'rsync: [receiver] rename "/b/.link .kU7hY7" -> "link ": Permission denied (13)',
        "rsync: [generator] recv_generator: failed to hard-link /b/x with x: Permission denied (13)",
    ],
)
def test_only_a_refused_hard_link_itself_is_harmless(line: str) -> None:
    """The words elsewhere in a line excuse nothing."""
    assert [found.fault for found in parse_complaints(line)] == [Fault.TARGET]


@pytest.mark.parametrize(
    "line",
    [
        "/w/tool: 3: rsync: not found", "Killed", "setpriv: failed to execute bash: No such file or directory",
        "rsync: connection unexpectedly closed (0 bytes received so far) [sender]",
        "cannot delete non-empty directory: d", "rsync error", "something new",
    ],
)  # fmt: skip
def test_a_line_that_nobody_knows_is_taken_for_the_worst(line: str) -> None:
    """A copy is excused only by what is understood."""
    assert [found.fault for found in parse_complaints(line)] == [Fault.TARGET]


@pytest.mark.parametrize(
    "line",
    [
        "", "  ", "sh: 0: can't access tty; job control turned off",
        "WARNING: a/x failed verification -- update discarded (will try again).",
        "rsync error: some files could not be transferred (code 23) at main.c(1058) [sender=3.0.3]",
        "rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]",
        "rsync warning: some files vanished before they could be transferred (code 24) at main.c(1338) [sender=3.2.7]",
        "*** Skipping any contents from this failed directory ***",
    ],
)  # fmt: skip
def test_what_is_no_complaint_of_rsync_is_passed_over(line: str) -> None:
    """Summaries repeat what was said; a shell complains of its missing terminal; rsync tries again by itself."""
    assert parse_complaints(f"{line}\n") == []


def test_complaints_are_found_among_other_lines_in_order() -> None:
    """One job's standard error, whole."""
    text = (
        "sh: 0: can't access tty; job control turned off\n"
        'file has vanished: "/s/a"\n'
        'rsync: [sender] send_files failed to open "/s/b": Permission denied (13)\n'
        "rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338)\n"
    )
    assert [(found.fault, found.path) for found in parse_complaints(text)] == [
        (Fault.VANISHED, "/s/a"),
        (Fault.SOURCE_UNREADABLE, "/s/b"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "No space left on device (28)",
        "a: Permission denied (13)",
        "[receiver] write failed",
        "file has vanished: ",
        'x" failed: No space left on device (28)',
        '": Permission denied (13)',
        "failed to hard-link ",
    ],
)
def test_a_name_that_reads_like_a_complaint_changes_nothing(name: str) -> None:
    """Who may write into the source must not be able to fake a full disk, or to hide that a file is missing."""
    line = f'rsync: [sender] link_stat "/s/{name}" failed: No such file or directory (2)'
    (complaint,) = parse_complaints(line)
    assert (complaint.fault, complaint.path) == (Fault.VANISHED, f"/s/{name}")


_GONE_NAMES = [
    "plain",
    "two words",
    "new\nline",
    "caf\udce9",
    "café",
    "\\#012",
    "a (2)",
    "-dash",
    "tab\t",
    "it's",
    'say "x"',
    '"',
    "\x7f",
]


def test_missing_files_are_complaints_of_the_installed_rsync(tmp_path: Path) -> None:
    """One for each, whatever its name; what is there is copied."""
    source, target = tmp_path / "source", tmp_path / "target"
    write(source / "there")
    part = write_part(tmp_path / "part", "there", *_GONE_NAMES)
    done = rsync("-l", f"--files-from={part}", "--from0", f"{source}/", f"{target}/")
    complaints = parse_complaints(done.stderr)
    assert done.code == 23
    assert [found.fault for found in complaints] == [Fault.VANISHED] * len(_GONE_NAMES)
    assert (target / "there").exists()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody can reach and write to."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        yield place


def test_an_unreadable_file_is_a_complaint_of_the_installed_rsync(open_place: Path) -> None:
    """As seen by somebody who is not root."""
    source = open_place / "source"
    write(source / "readable")
    write(source / "secret").chmod(0)
    user = _NOBODY if os.geteuid() == 0 else None
    done = rsync("-r", f"{source}/", open_place / "target", user=user)
    (complaint,) = parse_complaints(done.stderr)
    assert (complaint.fault, complaint.path) == (Fault.SOURCE_UNREADABLE, str(source / "secret"))


def test_an_unreadable_directory_is_a_complaint_of_the_installed_rsync(open_place: Path) -> None:
    """A complaint about a directory names it."""
    source = open_place / "source"
    write(source / "secret" / "file")
    (source / "secret").chmod(0)
    user = _NOBODY if os.geteuid() == 0 else None
    done = rsync("-r", f"{source}/", open_place / "target", user=user)
    (source / "secret").chmod(0o700)
    (complaint,) = parse_complaints(done.stderr)
    assert (complaint.fault, complaint.path) == (Fault.SOURCE_UNREADABLE, str(source / "secret"))


class SmallDisk:
    """A file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def mount(self, options: str) -> None:
        """Mount it, empty."""
        done = run(path_of("mount"), "-t", "tmpfs", "-o", options, "tmpfs", self.path)
        assert done.code == 0, done

    def unmount(self) -> None:
        """Take it away again."""
        run(path_of("umount"), self.path)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A place for a small file system; unmounted at the end."""
    made = SmallDisk(tmp_path / "disk")
    yield made
    made.unmount()


@pytest.mark.root
@pytest.mark.parametrize("options", [(), ("--inplace",)])
def test_a_full_disk_is_a_complaint_of_the_installed_rsync(
    tmp_path: Path, disk: SmallDisk, options: tuple[str, ...]
) -> None:
    """Written through a temporary name or in place."""
    disk.mount("size=64k")
    write(tmp_path / "source" / "large", "x" * 1_000_000)
    done = rsync("-r", *options, f"{tmp_path}/source/", disk.path)
    assert Fault.BACKUP_FULL in {found.fault for found in parse_complaints(done.stderr)}


@pytest.mark.root
def test_a_disk_without_inodes_is_full(tmp_path: Path, disk: SmallDisk) -> None:
    """There is space, but no name can be made."""
    disk.mount("nr_inodes=5")
    for number in range(9):
        write(tmp_path / "source" / str(number))
    done = rsync("-r", f"{tmp_path}/source/", disk.path)
    assert {found.fault for found in parse_complaints(done.stderr)} == {Fault.BACKUP_FULL}


@pytest.mark.root
def test_a_read_only_disk_refuses(tmp_path: Path, disk: SmallDisk) -> None:
    """That is no fault of the source, and the disk is not full."""
    disk.mount("ro")
    write(tmp_path / "source" / "file")
    write(tmp_path / "source" / "directory" / "file")
    done = rsync("-r", f"{tmp_path}/source/", disk.path)
    assert {found.fault for found in parse_complaints(done.stderr)} == {Fault.TARGET}


def test_a_file_that_was_listed_and_cannot_be_opened_since_it_is_gone_has_vanished() -> None:
    """Also where its directory became a file, or it became a symlink."""
    for number, text in (
        (2, "No such file or directory"),
        (20, "Not a directory"),
        (40, "Too many levels of symlinks"),
    ):
        (found,) = parse_complaints(f'rsync: [sender] send_files failed to open "/s/y": {text} ({number})\n')
        assert found.fault is Fault.VANISHED


def test_a_change_of_directory_on_the_other_side_is_not_about_the_source() -> None:
    """There rsync numbers the message."""
    (found,) = parse_complaints('rsync: change_dir#1 "/b" failed: Permission denied (13)\n')
    assert found.fault is Fault.TARGET


def test_an_arrow_in_the_name_of_one_file_is_part_of_it() -> None:
    """Only some complaints name two paths."""
    (found,) = parse_complaints('rsync: [sender] send_files failed to open "/s/a" -> "b": Permission denied (13)\n')
    assert found.path == '/s/a" -> "b'
