"""Commands with mounts of their own, which nobody else sees and which end with them."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.support.cli import Cli, Ended
from tests.support.schemas import command_of


def run_with_mounts(cli: Cli, mounts: Sequence[str], command: Sequence[object], *, code: int | None = 0) -> Ended:
    """Run a command where these shell commands have mounted something before."""
    script = "\n".join(["set -e", "mount --make-rprivate /", *mounts, 'exec "$@"'])
    words = (word if isinstance(word, bytes) else str(word) for word in command)
    line = ["unshare", "--mount", "sh", "-c", script, "sh", *words]
    done = subprocess.run(line, capture_output=True, env=cli.environment, check=False, timeout=120)
    ended = Ended(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))
    assert code is None or ended.code == code, ended
    return ended


def ask_with_mounts(cli: Cli, mount: str, *arguments: object, code: int = 0) -> Ended:
    """Run `efs-backup` with these arguments where a shell command has mounted something before."""
    ended = run_with_mounts(cli, [mount], cli.line(*arguments), code=code)
    return replace(ended, command=command_of(*arguments))


def bind(what: Path, where: Path) -> str:
    """The command for a bind mount."""
    return f"mount --bind {shlex.quote(str(what))} {shlex.quote(str(where))}"


def tmpfs(where: Path) -> str:
    """The command for a file system of its own, with one file."""
    place = shlex.quote(str(where))
    return f"mount -t tmpfs none {place}; echo gold > {place}/gold"
