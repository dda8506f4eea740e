"""Telling is no part of the work: no log, terminal or pipe that fails changes a backup, or its exit code."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import account
from tests.support.cli import Cli, both_copiers
from tests.support.mounts import fill, mounted_tmpfs
from tests.support.nightly import mostly_nightly

Stream = Callable[[ExitStack, Path], int | None]
"""Opens a bad stream; None: closed."""


def _closed(_stack: ExitStack, _place: Path) -> None:
    return None


def _opened(stack: ExitStack, path: str | Path, flags: int) -> int:
    descriptor = os.open(path, flags, 0o600)
    stack.callback(os.close, descriptor)
    return descriptor


def _always_full(stack: ExitStack, _place: Path) -> int:
    return _opened(stack, "/dev/full", os.O_WRONLY)


def _on_a_full_disk(stack: ExitStack, place: Path) -> int:
    disk = stack.enter_context(mounted_tmpfs(place / f"log{len(os.listdir(place))}", "size=64k"))
    fill(disk)
    return _opened(stack, disk / "file", os.O_WRONLY | os.O_CREAT)


def _only_readable(stack: ExitStack, _place: Path) -> int:
    return _opened(stack, "/dev/null", os.O_RDONLY)


def _pipe_without_reader(stack: ExitStack, _place: Path) -> int:
    reading, writing = os.pipe()
    os.close(reading)
    stack.callback(os.close, writing)
    return writing


def _stuffed_pipe(stack: ExitStack, _place: Path) -> int:
    """A reader that does not read."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    return writing


def _terminal_without_other_end(stack: ExitStack, _place: Path) -> int:
    other, terminal = pty.openpty()
    os.close(other)
    stack.callback(os.close, terminal)
    return terminal


def _stopped_terminal(stack: ExitStack, _place: Path) -> int:
    """As after Ctrl-S: nothing goes out any more."""
    other, terminal = pty.openpty()
    stack.callback(os.close, other)
    stack.callback(os.close, terminal)
    termios.tcflow(terminal, termios.TCOOFF)
    return terminal


BAD: dict[str, Stream] = {
    "closed": _closed,
    "full device": _always_full,
    "pipe without reader": _pipe_without_reader,
    "full disk": _on_a_full_disk,
    "only readable": _only_readable,
    "terminal without other end": _terminal_without_other_end,
}
STUCK: dict[str, Stream] = {"stuffed pipe": _stuffed_pipe, "stopped terminal": _stopped_terminal}

a_bad_stream = pytest.mark.parametrize("name", mostly_nightly(BAD, 3))
"""Each in turn; each time one that is not there, one that refuses, and one that ends the program that writes."""


def _run(
    cli: Cli, arguments: tuple[object, ...], streams: dict[int, Stream], place: Path
) -> subprocess.CompletedProcess[bytes]:
    """The command with these streams in the places of its own; what it says on the others is kept."""
    with ExitStack() as stack:
        bad = {number: stream(stack, place) for number, stream in streams.items()}

        def take() -> None:
            for number, descriptor in bad.items():
                if descriptor is None:
                    os.close(number)
                else:
                    os.dup2(descriptor, number)

        return subprocess.run(
            cli.line(*arguments), capture_output=True, env=cli.environment, check=False, timeout=60, preexec_fn=take
        )


def _published(backup: Path) -> list[Path]:
    return sorted(backup.glob("efs-backup/daily/2*Z"))


@pytest.mark.root
@pytest.mark.parametrize("name", mostly_nightly([*STUCK, *BAD], 2))
@pytest.mark.parametrize("more", [("--json",), pytest.param((), marks=pytest.mark.long)], ids=["json", "lines"])
def test_a_standard_error_that_fails_changes_nothing(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str, more: tuple[str, ...]
) -> None:
    """Whatever becomes of the log, there is a snapshot, exit code 0, a record, and the result on standard output."""
    done = _run(cli, ("run", source, backup, *more), {2: {**BAD, **STUCK}[name]}, tmp_path)
    assert done.returncode == 0, done
    assert b"Success" in done.stdout
    (snapshot,) = _published(backup)
    assert account(snapshot) == account(source)
    (record,) = cli("history", backup, "--json").json["backups"]
    assert record["status"] == "Success"


@pytest.mark.root
@pytest.mark.parametrize("name", mostly_nightly(BAD))
@pytest.mark.parametrize("more", [("--json",), pytest.param((), marks=pytest.mark.long)], ids=["json", "facts"])
def test_a_standard_output_that_fails_changes_nothing_of_what_is_done(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str, more: tuple[str, ...]
) -> None:
    """For every command that does something: backup, prune and restore keep their exit codes, without a traceback."""
    cli("run", source, backup)
    for arguments in (
        ("run", source, backup, *more),
        ("prune", backup, "--retain", 1, "--confirm", *more),
        ("restore", backup, tmp_path / "restored", *more),
    ):
        done = _run(cli, arguments, {1: BAD[name]}, tmp_path)
        assert done.returncode == 0, done
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr
        lost = name in {"full device", "full disk", "only readable", "terminal without other end"}
        assert (b"not all on standard output" in done.stderr) == lost
    (snapshot,) = _published(backup)
    assert account(snapshot) == account(source) == account(tmp_path / "restored")


@pytest.mark.root
@pytest.mark.parametrize("name", mostly_nightly(BAD))
def test_a_failure_keeps_its_exit_code_where_nobody_hears_of_it(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str
) -> None:
    """All streams fail, and so does what is asked for: 1 for no source, 2 for wrong usage, 5 for nothing there."""
    streams = {1: BAD[name], 2: BAD[name]}
    for code, arguments in {
        1: ("run", source / "nowhere", backup, "--json"),
        2: ("run", source, backup, "--retain", 0),
        5: ("list", backup, "--json"),
    }.items():
        assert _run(cli, arguments, streams, tmp_path).returncode == code


@pytest.mark.root
@a_bad_stream
@pytest.mark.parametrize("command", mostly_nightly(["list", "run --dry-run", "history", "diff", "prune --dry-run"]))
def test_an_answer_that_did_not_get_out_is_no_success(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str, command: str
) -> None:
    """The answer is all the work: one that is truncated, or went nowhere, is not to be taken for whole.

    A reader that has gone wants no more of it.
    """
    for _ in range(2):
        cli("run", source, backup)
    arguments = {
        "list": ("list", backup, "--json"),
        "history": ("history", backup),
        "diff": ("diff", backup, 1, 0),
        "run --dry-run": ("run", source, backup, "--dry-run", "--json"),
        "prune --dry-run": ("prune", backup, "--retain", 1, "--confirm", "--dry-run"),
    }[command]
    done = _run(cli, arguments, {1: BAD[name]}, tmp_path)
    wanted = name != "pipe without reader"
    assert done.returncode == (1 if wanted else 0), done
    assert (b"not all on standard output" in done.stderr) == wanted
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("closed", mostly_nightly([{0, 1, 2}, {1}, {0}, {2}, {0, 1}, {1, 2}]))
def test_no_file_is_opened_in_the_place_of_a_closed_stream(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, closed: set[int]
) -> None:
    """Else what is printed would be written into the lock, a record or a file of the snapshot."""
    for _ in range(2):
        assert _run(cli, ("run", source, backup), dict.fromkeys(closed, _closed), tmp_path).returncode == 0
    for snapshot in _published(backup):
        assert account(snapshot) == account(source)
    series = backup / "efs-backup" / "daily"
    assert [(series / name).read_text().strip() for name in (".lock", ".readers")] == ["", ""]
    assert [record["status"] for record in cli("history", backup, "--json").json["backups"]] == ["Success", "Success"]


@pytest.mark.usefixtures("slow_rsync")
@pytest.mark.parametrize("stream", ["terminal", "pipe"])
@both_copiers
def test_a_reader_that_goes_away_in_the_middle_ends_nothing(cli: Cli, source: Path, backup: Path, stream: str) -> None:
    """The live line of a terminal that is closed, and the plain lines of a pipe whose reader dies."""
    slowly = () if cli.copier is Copier.RSYNC else ("--max-operations-per-second", 30)
    reading, writing = pty.openpty() if stream == "terminal" else os.pipe()
    process = subprocess.Popen(
        cli.line("run", source, backup, "--json", "-v", *slowly), stdout=subprocess.PIPE, stderr=writing,
        env=cli.environment, start_new_session=True,
    )  # fmt: skip
    os.close(writing)
    said = b""
    while b"copy" not in said:
        said += os.read(reading, 4096)
    assert process.poll() is None
    os.close(reading)
    stdout, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(stdout)["status"]) == (0, "Success")


def test_a_slow_reader_gets_the_whole_result(cli: Cli, source: Path, backup: Path) -> None:
    """Also over a pipe that somebody has made one that does not wait: what has no room at once is waited for."""
    for number in range(2000):
        (source / f"{number:0100}").touch()
    cli("run", source, backup)
    (source / "gone").mkdir()
    for path in source.glob("0*"):
        path.rename(source / "gone" / path.name)
    cli("run", source, backup)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    process = subprocess.Popen(cli.line("diff", backup, 1, 0, "--json"), stdout=writing, env=cli.environment)
    said = bytearray()
    select.select([reading], [], [], 60)
    while process.poll() is None:
        said += os.read(reading, 100_000) if select.select([reading], [], [], 0.01)[0] else b""
    os.close(writing)
    while rest := os.read(reading, 100_000):
        said += rest
    os.close(reading)
    assert process.returncode == 0
    assert len(json.loads(bytes(said))["added"]) == 2001


@pytest.mark.long
def test_a_signal_while_the_result_is_told_keeps_the_exit_code(cli: Cli, source: Path, backup: Path) -> None:
    """The snapshot is published; nobody reads the result, and somebody ends the waiting."""
    cli("run", source, backup)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with ExitStack() as stack:
            stuffed = _stuffed_pipe(stack, backup)
            known = len(_published(backup))
            process = subprocess.Popen(
                cli.line("run", source, backup), stdout=stuffed, stderr=subprocess.DEVNULL, env=cli.environment
            )
            while not (_published(backup)[known:] and _is_writing(process.pid)):
                time.sleep(0.01)
            process.send_signal(number)
            assert process.wait(30) == 0
    assert {record["status"] for record in cli("history", backup, "--json").json["backups"]} == {"Success"}


def _is_writing(process: int) -> bool:
    """Whether it waits in a system call of which the first argument is standard output."""
    return Path(f"/proc/{process}/syscall").read_text().split()[1:2] == ["0x1"]
