"""The caller's circumstances do not matter: environment, working directory, TMPDIR, signals, umask, locale."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.builders import account, many_parts, write
from tests.support.cli import Cli, both_copiers
from tests.support.mounts import fill, mounted_tmpfs
from tests.support.nightly import mostly_nightly
from tests.support.processes import end_all_on

_SPY = """#!/bin/sh
{{ echo "$0 in $PWD"; env; }} >>'{log}'
exec /usr/bin/{program} "$@"
"""

HOSTILE = {
    "an exported function": {"BASH_FUNC_cd%%": "() { builtin cd \"$@\" && ls; }"},
    "an exported function of a tool": {"BASH_FUNC_rsync%%": "() { return 0; }"},
    "BASH_ENV": {"BASH_ENV": "{place}/script", "ENV": "{place}/script"},
    "shell options": {
        "SHELLOPTS": "nounset:xtrace:noexec", "BASHOPTS": "failglob:nocaseglob", "PS4": "$(touch {place}/hit)",
    },
    "shell words": {"IFS": "/", "CDPATH": "/tmp:/", "GLOBIGNORE": "*", "POSIXLY_CORRECT": "1", "EXECIGNORE": "*"},
    "rsync's remote shell": {"RSYNC_RSH": "false", "RSYNC_PROXY": "nowhere:1", "RSYNC_PASSWORD": "x"},
    "rsync's options": {
        "RSYNC_PARTIAL_DIR": "/nowhere", "RSYNC_PROTECT_ARGS": "1", "RSYNC_OLD_ARGS": "1", "RSYNC_ICONV": "latin1",
        "RSYNC_CHECKSUM_LIST": "nonsense", "RSYNC_COMPRESS_LIST": "nonsense", "RSYNC_MAX_ALLOC": "1024",
    },
    "rsync's aliases": {"HOME": "{place}"},
    "options of others": {"GREP_OPTIONS": "-v", "LS_COLORS": "\x1b", "LS_OPTIONS": "-la", "QUOTING_STYLE": "c"},
    "Python's": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUNBUFFERED": "1", "PYTHONOPTIMIZE": "2"},
    "Python's warnings": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    "a locale": {"LC_ALL": "C", "LANG": "tr_TR.ISO-8859-9", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a locale that is not there": {"LC_ALL": "xx_YY.nonsense", "LANGUAGE": "de"},
    "a terminal": {"COLUMNS": "1", "LINES": "0", "TERM": "nonsense", "FORCE_COLOR": "1"},
    "a PATH of places that move": {"PATH": ".::bin:{place}:/usr/local/bin:/usr/bin:/bin"},
}  # fmt: skip

_FOR_EACH_CHANGE = {
    "BASH_ENV", "a PATH of places that move",
}  # fmt: skip


@both_copiers
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in _FOR_EACH_CHANGE else pytest.mark.long) for name in HOSTILE]
)
def test_the_callers_environment_changes_nothing(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str
) -> None:
    """Two snapshots and a restore are equal to the source, and nothing of the caller's is carried out."""
    place = tmp_path / "place"
    write(place / "script", f"touch {place}/hit; cd() {{ return 1; }}; set -u; exit 7")
    write(place / ".popt", "rsync alias -S --dry-run -S\n")
    write(source / "Ünïcödé ☃")
    write(source / "no utf-8 \udcff")
    cli.environment |= {variable: value.replace("{place}", str(place)) for variable, value in HOSTILE[name].items()}
    for _ in range(2):
        result = cli("run", source, backup, "--json").json
        assert account(Path(result["path"])) == account(source)
    cli("restore", backup, tmp_path / "restored", "--mode", "new")
    assert account(tmp_path / "restored") == account(source)
    assert cli("list", backup).stdout.count("efs-backup") == 4
    assert not (place / "hit").exists()


@both_copiers
def test_programs_start_in_the_root_with_an_environment_of_known_names(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Each of them: what they see is written down by one in the place of each."""
    programs, log = tmp_path / "programs", tmp_path / "log"
    programs.mkdir()
    for program in ("rsync", "bash", "setpriv", "sync"):
        (programs / program).write_text(_SPY.format(log=log, program=program))
        (programs / program).chmod(0o755)
    for number in range(3):
        write(source / "large" / f"{number}", "x" * 300_000)
    cli.environment |= {
        "PATH": f"{programs}:/usr/bin:/bin",
        "SECRET": "secret",
        "RSYNC_RSH": "x",
        "LD_LIBRARY_PATH": "/x",
    }
    cli("run", source, backup, "--files-per-part", 1)
    said = log.read_text()
    for program in ("rsync", "bash", "setpriv", "sync"):
        assert f"{programs}/{program} in /\n" in said
    names = set(re.findall(r"^(\w+)=", said, re.MULTILINE))
    ours = {"PATH", "TMPDIR", "LD_LIBRARY_PATH", "LC_ALL", "EFS_BACKUP_FAMILY"}
    assert ours <= names
    assert not {"SECRET", "RSYNC_RSH", "HOME"} & names
    shells = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {name for name in names - ours - shells if not name.startswith(("FPART_", "OPT_"))} == set()


@pytest.mark.parametrize("umask", mostly_nightly([0o077, 0o000, 0o777]))
@both_copiers
def test_no_umask_is_seen_in_a_snapshot_or_a_record(cli: Cli, source: Path, backup: Path, umask: int) -> None:
    """The snapshot has the modes of the source, and records are nobody else's."""
    for _ in range(2):
        done = subprocess.run(
            cli.line("run", source, backup), env=cli.environment, check=False, capture_output=True, umask=umask
        )
        assert done.returncode == 0, done
    for snapshot in backup.glob("efs-backup/daily/2*Z"):
        assert account(snapshot) == account(source)
    series = backup / "efs-backup" / "daily"
    for path in (series / ".records", *(series / ".records").iterdir(), series / ".lock"):
        assert path.stat().st_mode & 0o077 == 0
        assert path.stat().st_mode & 0o600 == 0o600


def _in_a_deleted_directory(cli: Cli, tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    (place := tmp_path / "deleted").mkdir()
    return subprocess.run(
        ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', place, *cli.line(*arguments)],
        env=cli.environment, check=False, capture_output=True,
    )  # fmt: skip


@pytest.mark.long
def test_a_working_directory_that_is_deleted_does_not_matter(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """As long as all paths are absolute."""
    for arguments in (
        ("run", source, backup), ("run", source, backup, "--copier", "rsync"), ("list", backup), ("history", backup),
        ("diff", backup, 1, 0), ("restore", backup, tmp_path / "restored"), ("prune", backup, "--retain", 1),
    ):  # fmt: skip
        done = _in_a_deleted_directory(cli, tmp_path, *arguments)
        assert done.returncode == 0, done
    assert account(tmp_path / "restored") == account(source)


@pytest.mark.parametrize("which", mostly_nightly(["source", "list", "backup", "target"]))
def test_a_relative_path_in_a_deleted_directory_is_refused(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, which: str
) -> None:
    """By wrong usage, with the sentence what to give instead."""
    arguments = {
        "source": ("run", "here", backup), "backup": ("run", source, "here"),
        "target": ("restore", backup, "here"), "list": ("list", "."),
    }[which]  # fmt: skip
    done = _in_a_deleted_directory(cli, tmp_path, *arguments)
    assert done.returncode == 2
    assert b"give an absolute path" in done.stderr
    assert b"Traceback" not in done.stderr


def test_relative_paths_are_those_of_the_working_directory(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Although programs start elsewhere, also with a relative TMPDIR."""
    cli.environment["TMPDIR"] = "tmp"
    for line in (cli.line("run", "source", "backup"), cli.line("restore", "backup", "restored")):
        done = subprocess.run(line, cwd=tmp_path, env=cli.environment, check=False, capture_output=True)
        assert done.returncode == 0, done
    assert account(tmp_path / "restored") == account(source)
    assert list((tmp_path / "tmp").iterdir()) == []


def _noexec(stack: ExitStack, place: Path) -> None:
    stack.enter_context(mounted_tmpfs(place, "size=16m,noexec"))


def _read_only(stack: ExitStack, place: Path) -> None:
    stack.enter_context(mounted_tmpfs(place, "ro"))


def _full(stack: ExitStack, place: Path) -> None:
    fill(stack.enter_context(mounted_tmpfs(place, "size=1m")))


def _without_inodes(stack: ExitStack, place: Path) -> None:
    stack.enter_context(mounted_tmpfs(place, "size=1m,nr_inodes=1"))


def _missing(_stack: ExitStack, place: Path) -> None:
    place.rmdir()


def _file(_stack: ExitStack, place: Path) -> None:
    place.rmdir()
    write(place)


def _open_to_all(_stack: ExitStack, place: Path) -> None:
    place.chmod(0o777)


def _loop(_stack: ExitStack, place: Path) -> None:
    place.rmdir()
    place.symlink_to(place)


BAD_PLACES: dict[str, tuple[Callable[[ExitStack, Path], None], str]] = {
    "noexec": (_noexec, "mounted noexec"),
    "read-only": (_read_only, "Read-only file system"),
    "full": (_full, "No space left on device"),
    "without inodes": (_without_inodes, "No space left on device"),
    "missing": (_missing, "No such file or directory"),
    "a file": (_file, "Not a directory"),
    "a loop": (_loop, "symbolic links"),
    "open to all": (_open_to_all, "sticky"),
    "it's odd": (lambda _stack, _place: None, "characters"),
}


@pytest.mark.root
@pytest.mark.parametrize("name", mostly_nightly(BAD_PLACES, 2))
def test_another_place_is_taken_where_tmpdir_does_not_serve(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, name: str
) -> None:
    """And a note says which, and why."""
    spoil, reason = BAD_PLACES[name]
    place = tmp_path / ("it's odd" if name == "it's odd" else f"place{len(name)}")
    place.mkdir()
    cli.environment["TMPDIR"] = str(place)
    with ExitStack() as stack:
        spoil(stack, place)
        result = cli("run", source, backup, "--json").json
        restored = cli("restore", backup, tmp_path / "restored")
    (note,) = (note for note in result["notes"] if "Temporary files" in note)
    assert reason in note
    assert str(place) in note
    assert "Temporary files" in restored.stderr
    assert account(Path(result["path"])) == account(source) == account(tmp_path / "restored")


@pytest.mark.root
def test_where_no_place_serves_the_remedy_is_named(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """All that could be are mounted noexec, in a namespace of the test's own."""
    cli.environment["TMPDIR"] = str(tmp_path / "nowhere")
    mounts = "; ".join(f"mount -t tmpfs -o noexec none {place}" for place in ("/var/tmp", "/run"))
    script = f'mount --make-rprivate /; {mounts}; mount --bind /tmp /tmp; mount -o remount,bind,noexec /tmp; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *cli.line("run", source, backup)],
        env=cli.environment, check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count(b"noexec") == 4
    assert b"Set TMPDIR" in done.stderr
    assert b"BackupFull" not in done.stderr


@pytest.mark.usefixtures("slow_rsync")
def test_what_killed_backups_left_in_tmpdir_is_removed(cli: Cli, source: Path, backup: Path) -> None:
    """But not what belongs to one that lives, to another user, or to nobody that is known."""
    place = Path(cli.environment["TMPDIR"])
    cli.let_rsync_take(30)
    killed, living = (cli.start("run", source, backup, "--label", label) for label in ("killed", "living"))
    for label in ("killed", "living"):
        _wait_for_copy(backup, label)
    owners = {path: _holder(path) for path in place.glob("efs-backup-*")}
    assert set(owners.values()) == {killed.pid, living.pid}
    killed.kill()
    killed.wait()
    end_all_on(next(path for path, owner in owners.items() if owner == killed.pid))
    for name in ("efs-backup-unknown", "efs-backups"):
        write(place / name / "file")
    (place / "efs-backup-file").touch()
    (place / "efs-backup-link").symlink_to(source)
    cli.let_rsync_be_fast()
    cli("run", source, backup)
    left = {path.name for path in place.iterdir()}
    assert left == {
        *(path.name for path, owner in owners.items() if owner == living.pid),
        "efs-backup-unknown", "efs-backups", "efs-backup-file", "efs-backup-link",
    }  # fmt: skip
    living.send_signal(signal.SIGTERM)
    living.send_signal(signal.SIGINT)
    living.communicate()


def _holder(path: Path) -> int:
    """Who holds the lock in a temporary directory."""
    inode = (path / ".owner").stat().st_ino
    return next(int(line.split()[4]) for line in Path("/proc/locks").read_text().splitlines() if f":{inode} " in line)


@pytest.mark.long
@pytest.mark.usefixtures("slow_rsync")
def test_an_ignored_sighup_stays_ignored(cli: Cli, source: Path, backup: Path) -> None:
    """As with nohup: also for the programs that copy; another signal is answered all the same."""
    many_parts(source)
    for end, code in ((None, 0), (signal.SIGTERM, 3)):
        process = _start_with(cli, "trap '' HUP", "run", source, backup, "--jobs", 1)
        _wait_for_copy(backup)
        os.killpg(process.pid, signal.SIGHUP)
        if end:
            process.send_signal(end)
        process.communicate()
        assert process.returncode == code
    assert [one["status"] for one in cli("history", backup, "--json").json["backups"]] == ["Incomplete", "Success"]


@pytest.mark.usefixtures("slow_rsync")
@pytest.mark.long
def test_an_ignored_sigint_is_answered(cli: Cli, source: Path, backup: Path) -> None:
    """A shell without job control ignores it for what it starts in the background; to stop a backup it must work."""
    many_parts(source)
    process = _start_with(cli, "trap '' INT", "run", source, backup, "--jobs", 1)
    _wait_for_copy(backup)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 3


def _start_with(cli: Cli, trap: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", f'{trap}; exec "$@"', "sh", *cli.line(*arguments)], env=cli.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def _wait_for_copy(backup: Path, label: str = "efs-backup") -> None:
    while not list(backup.glob(f"{label}/daily/.partial-*/*")):
        time.sleep(0.02)


IGNORING_CHILDREN = (
    "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
)
BLOCKING = (
    "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals());"
    " os.execv(sys.argv[1], sys.argv[1:])"
)  # fmt: skip


def test_an_ignored_sigchld_hides_no_failure(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Else nobody could be asked how a program ended, and Python takes that for 0: here `sync` fails."""
    (programs := tmp_path / "programs").mkdir()
    (programs / "sync").write_text("#!/bin/sh\necho 'no, it is not on the disk' >&2\nexit 1\n")
    (programs / "sync").chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", IGNORING_CHILDREN, *cli.line("run", source, backup)],
        env=cli.environment, check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"could not be written to disk: no, it is not on the disk" in done.stderr
    assert not list(backup.glob("efs-backup/daily/2*Z"))


@pytest.mark.usefixtures("slow_rsync")
def test_blocked_signals_are_answered(cli: Cli, source: Path, backup: Path) -> None:
    """A mask is inherited too."""
    many_parts(source)
    process = subprocess.Popen(
        [sys.executable, "-c", BLOCKING, *cli.line("run", source, backup, "--jobs", 1)], env=cli.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _wait_for_copy(backup)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 3


def test_an_interrupt_while_a_snapshot_is_published_does_not_fail_it(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """A terminal sends it to all processes in front, also to the one that flushes."""
    (programs := tmp_path / "programs").mkdir()
    (programs / "sync").write_text(f'#!/bin/sh\ntouch {tmp_path}/begun\nsleep 1\nexec /usr/bin/sync "$@"\n')
    (programs / "sync").chmod(0o755)
    cli.environment["PATH"] = f"{programs}:{cli.environment['PATH']}"
    process = cli.start("run", source, backup, "--json")
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, (stdout, stderr)
    (snapshot,) = backup.glob("efs-backup/daily/2*Z")
    assert account(snapshot) == account(source)
