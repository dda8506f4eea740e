"""Hooks: the source is quiet while it is read, and goes on whatever happens."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli

Hook = Callable[..., str]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where hooks write what they were told, a line each."""
    (tmp_path / "log").touch()
    return tmp_path / "log"


@pytest.fixture
def hook(log: Path, tmp_path: Path) -> Hook:
    """A hook that writes its phase, status and reason, and then does something."""

    def made(then: str = "", name: str = "hook") -> str:
        file = tmp_path / f"{name}.sh"
        file.write_text(f'#!/bin/sh\necho "$EFS_BACKUP_HOOK $EFS_BACKUP_STATUS $EFS_BACKUP_REASON" >>{log}\n{then}\n')
        file.chmod(0o755)
        return str(file)

    return made


def _lines(log: Path) -> list[str]:
    return [line.strip() for line in log.read_text().splitlines()]


def _all(hook: str) -> list[str]:
    return ["--before", hook, "--after", hook, "--failed", hook]


def _snapshots(cli: Cli, backup: Path) -> list[Any]:
    return list(cli("list", backup, "--json", code=None).json.get("snapshots", ()))


def test_hooks_run_before_and_after_the_source_is_read(
    cli: Cli, source: Path, backup: Path, log: Path, hook: Hook
) -> None:
    """The snapshot has what `before` writes into the source; what `after` writes is not in it, and no change of it."""
    writing = hook(f'echo "$EFS_BACKUP_SNAPSHOT" >"{source}/by $EFS_BACKUP_HOOK"; ls {backup}/efs-backup/daily >>{log}')
    result = cli("run", source, backup, *_all(writing), "--json").json
    assert (result["status"], result["warnings"]) == ("Success", [])
    assert (Path(result["path"]) / "by before").read_text().strip() == result["snapshot"]
    assert (source / "by after").read_text().strip() == result["snapshot"]
    assert not (Path(result["path"]) / "by after").exists()
    assert [line for line in _lines(log) if " " in line] == ["before Running", "after Running"]
    assert result["snapshot"] not in _lines(log)  # it is not published yet
    assert list(result["steps"]) == ["before", "copy", "manifest", "after", "publish", "prune"]


def test_a_before_that_fails_ends_the_backup_and_nothing_is_copied(
    cli: Cli, source: Path, backup: Path, log: Path, hook: Hook
) -> None:
    """The end of what it said is told; `after` runs, for it may have done a half, and `failed`; the record has it."""
    broken = hook('[ "$EFS_BACKUP_HOOK" = before ] && { echo "no such database"; printf "\\377\\n"; exit 3; }; exit 0')
    ended = cli("run", source, backup, *_all(broken), "--before", hook(name="second"), "--json", code=1)
    assert (ended.json["status"], ended.json["failure_reason"]) == ("Failed", "HookFailed")
    assert 'exited with 3. It said last: "no such database | ' in ended.json["message"]
    assert "quiesce.md" in ended.json["next_step"]
    assert _lines(log) == ["before Running", "after Running", "failed Failed HookFailed"]
    assert _snapshots(cli, backup) == []
    assert [path for path in (backup / "efs-backup" / "daily").iterdir() if path.name.startswith(".partial")] == []
    assert cli("history", backup, "--json").json["backups"][0]["failure_reason"] == "HookFailed"


def test_an_after_that_fails_is_a_warning_and_the_others_still_run(
    cli: Cli, source: Path, backup: Path, log: Path, hook: Hook
) -> None:
    """The snapshot is published: what it holds was read in the quiet."""
    broken, whole = hook("echo still frozen; exit 1", "broken"), hook(name="whole")
    result = cli("run", source, backup, "--after", broken, "--after", whole, "--failed", whole, "--json").json
    (warning,) = result["warnings"]
    assert (result["status"], warning["kind"]) == ("Success", "HookFailed")
    assert 'exited with 1. It said last: "still frozen".' in warning["message"]
    assert _lines(log) == ["after Running", "after Running"]
    assert cli("history", backup, "--json").json["backups"][0]["warning_kinds"] == ["HookFailed"]


def test_the_source_goes_on_where_the_copy_fails(cli: Cli, source: Path, backup: Path, log: Path, hook: Hook) -> None:
    """Here `before` takes everything away, which no backup believes after a full one."""
    cli("run", source, backup)
    away = hook(f'[ "$EFS_BACKUP_HOOK" = before ] && rm -rf {source}/*; exit 0')
    assert cli("run", source, backup, *_all(away), "--json", code=1).json["failure_reason"] == "SourceUnreadable"
    assert _lines(log) == ["before Running", "after Running", "failed Failed SourceUnreadable"]


def test_a_backup_that_never_came_to_its_hooks_runs_failed_alone(
    cli: Cli, source: Path, backup: Path, log: Path, hook: Hook
) -> None:
    """Here BACKUP has no series, and none was asked for."""
    cli.environment.pop("EFS_BACKUP_RUN_INIT")
    cli("run", source, backup, *_all(hook()), code=1)
    assert _lines(log) == ["failed Failed SeriesMissing"]


@pytest.mark.parametrize("kind", ["missing", "not executable", "directory", "not in PATH"])
def test_a_hook_that_cannot_run_is_refused_before_anything_else(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, log: Path, hook: Hook, kind: str
) -> None:
    """With its name; nothing is made, nothing is made quiet."""
    program = tmp_path / "program"
    if kind == "not executable":
        program.write_text("#!/bin/sh\n")
    elif kind == "directory":
        program.mkdir()
    name = "no-such-program" if kind == "not in PATH" else str(program)
    hooks = ["--before", hook(), "--after", name, "--failed", hook()]
    ended = cli("run", source, backup, *hooks, "--json", code=1)
    assert ended.json["failure_reason"] == "HookFailed"
    assert f"after cannot be run: {name!r}" in ended.json["message"]
    assert _lines(log) == ["failed Failed HookFailed"]
    assert list(backup.iterdir()) == []
    assert "cannot be run" in cli("run", source, backup, *hooks, "--dry-run", code=1).stderr


def test_a_hook_without_an_interpreter_fails_as_a_hook(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """The kernel refuses it only when it begins."""
    (program := tmp_path / "program").write_bytes(b"#!/no/such/interpreter\n")
    program.chmod(0o755)
    ended = cli("run", source, backup, "--before", program, "--json", code=1)
    assert "cannot be run: No such file or directory." in ended.json["message"]


def test_a_hook_that_takes_too_long_is_ended(cli: Cli, source: Path, backup: Path, log: Path, hook: Hook) -> None:
    """Its backup has failed."""
    slow = hook('[ "$EFS_BACKUP_HOOK" = before ] && sleep 60; exit 0')
    ended = cli("run", source, backup, *_all(slow), "--hook-timeout", 0.3, "--json", code=1)
    assert "it took longer than 0.3 seconds" in ended.json["message"]
    assert _lines(log) == ["before Running", "after Running", "failed Failed HookFailed"]


def test_what_before_leaves_behind_lives_as_long_as_the_copy(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, hook: Hook
) -> None:
    """As the client that holds a lock of a database; `after` ends it, and a pipe that it holds lets nobody wait."""
    holds = hook(f"sh -c 'while sleep 0.1; do echo holding; done' & echo $! >{tmp_path}/holder", "holds")
    lets = hook(f"kill $(cat {tmp_path}/holder)", "lets")
    hooks = ("--before", holds, "--after", lets, "--hook-timeout", 60)  # which would end a hook that waits
    assert cli("run", source, backup, *hooks, "--json").json["warnings"] == []


def test_a_second_backup_runs_no_hook_while_the_first_one_does(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, log: Path, hook: Hook
) -> None:
    """Its `after`, and its `failed`, would let a source go on that the first one is reading."""
    go = tmp_path / "go"
    first = cli.start("run", source, backup, "--before", hook(f"until [ -e {go} ]; do sleep 0.02; done", "waits"))
    _until(lambda: _lines(log) == ["before Running"])
    assert cli("run", source, backup, *_all(hook()), "--json", code=4).json["failure_reason"] == "Locked"
    assert _lines(log) == ["before Running"]
    go.touch()
    first.communicate(timeout=60)
    assert first.returncode == 0


def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_signal_ends_a_before_and_the_source_goes_on(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, log: Path, hook: Hook
) -> None:
    """The backup is incomplete: nothing was copied, and nothing has failed."""
    slow = hook(f'[ "$EFS_BACKUP_HOOK" = before ] && {{ trap "touch {tmp_path}/ended; exit" TERM; sleep 60 & wait; }}')
    process = cli.start("run", source, backup, *_all(slow))
    _until(lambda: _lines(log) == ["before Running"])
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert (tmp_path / "ended").exists()
    assert _lines(log) == ["before Running", "after Running", "failed Incomplete"]


def test_a_window_that_closes_ends_a_before(cli: Cli, source: Path, backup: Path, log: Path, hook: Hook) -> None:
    """As a signal does."""
    slow = hook('[ "$EFS_BACKUP_HOOK" = before ] && exec sleep 60; exit 0')
    assert cli("run", source, backup, *_all(slow), "--window", 0.005, "--json", code=3).json["status"] == "Incomplete"
    assert _lines(log) in (["before Running", "after Running", "failed Incomplete"], ["failed Incomplete"])


def test_a_signal_does_not_shorten_an_after(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, log: Path, hook: Hook
) -> None:
    """A source that stays quiet is worse than a late end; what was copied is published."""
    slow = hook(f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo done >>{log}")
    process = cli.start("run", source, backup, "--after", slow)
    _until(lambda: _lines(log) == ["after Running"])
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    (tmp_path / "go").touch()
    process.communicate(timeout=60)
    assert (process.returncode, _lines(log)) == (0, ["after Running", "done"])
    assert len(_snapshots(cli, backup)) == 1


def test_a_second_signal_ends_an_after(cli: Cli, source: Path, backup: Path, log: Path, hook: Hook) -> None:
    """Who says it twice means it."""
    process = cli.start("run", source, backup, "--after", hook("exec sleep 60"))
    _until(lambda: _lines(log) == ["after Running"])
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    stdout, _ = process.communicate(timeout=60)
    assert b"ended by a second signal" in stdout
    assert process.returncode == 0


def test_a_dry_run_tells_the_hooks_and_runs_none(cli: Cli, source: Path, backup: Path, log: Path, hook: Hook) -> None:
    """With their arguments, as they can be given again."""
    told = cli("run", source, backup, "--before", f"{hook()} 'two words'", "--dry-run", "--json").json["hooks"]
    assert told == {"before": [f"{hook()} 'two words'"], "after": [], "failed": []}
    assert "hook before" in cli("run", source, backup, "--before", hook(), "--dry-run").stdout
    assert _lines(log) == []


def test_hooks_come_from_the_environment_one_on_each_line(
    cli: Cli, source: Path, backup: Path, log: Path, hook: Hook
) -> None:
    """A blank in a hook makes no two of it."""
    cli.environment["EFS_BACKUP_RUN_BEFORE"] = f"{hook()} 'two words'\n\n{hook()}\n"
    cli("run", source, backup)
    assert _lines(log) == ["before Running", "before Running"]


def test_a_hook_gets_no_secret_and_no_argument_of_it_is_recorded(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, hook: Hook
) -> None:
    """Of the environment it has what all programs get, HOME, and what it is told."""
    cli.environment |= {"PGPASSWORD": "geheim", "HOME": "/home/x"}
    ended = cli("run", source, backup, "--before", f"{hook(f'env >{tmp_path}/env; exit 1')} geheim", code=1)
    known = (tmp_path / "env").read_text()
    assert "HOME=/home/x" in known
    assert "EFS_BACKUP_FAMILY" not in known
    for text in (known, ended.stdout, ended.stderr, cli("history", backup, "--json").stdout):
        assert "geheim" not in text


def test_a_hook_that_changes_the_source_while_it_is_read_is_churn(
    cli: Cli, source: Path, backup: Path, hook: Hook
) -> None:
    """The hook's processes work on: what vanishes is counted, and the snapshot is published."""
    for number in range(200):
        (source / f"many {number}").write_text("x")
    churns = hook(f'(for name in {source}/many*; do rm -f "$name"; done) >/dev/null 2>&1 &')
    assert cli("run", source, backup, "--before", churns, "--json").json["status"] == "Success"


@pytest.mark.root
def test_nothing_that_lies_on_the_backup_file_system_is_run(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Who can write there would have a command of his run by root."""
    cli("run", source, backup)
    series = backup / "efs-backup" / "series.json"
    text = series.read_text().rstrip().removesuffix("}").rstrip()
    series.write_text(f'{text}, "before": ["/bin/touch {tmp_path}/owned"], "hooks": {{"after": ["/bin/false"]}}}}')
    cli("run", source, backup, code=None)
    assert not (tmp_path / "owned").exists()
