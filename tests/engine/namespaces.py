"""Commands with mounts of their own, which nobody else sees and which end with them."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import Cli, Ended


def run_with_mounts(cli: Cli, mounts: Sequence[str], command: Sequence[object], *, code: int | None = 0) -> Ended:
    """Run a command where these shell commands have mounted something before."""
    script = "\n".join(["set -e", "mount --make-rprivate /", *mounts, 'exec "$@"'])
    line = ["unshare", "--mount", "sh", "-c", script, "sh", *map(str, command)]
    done = subprocess.run(line, capture_output=True, text=True, env=cli.environment, check=False, timeout=120)
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert code is None or ended.code == code, ended
    return ended


def bind(what: Path, where: Path) -> str:
    """The command for a bind mount."""
    return f"mount --bind {shlex.quote(str(what))} {shlex.quote(str(where))}"


def tmpfs(where: Path) -> str:
    """The command for a file system of its own, with one file."""
    place = shlex.quote(str(where))
    return f"mount -t tmpfs none {place}; echo gold > {place}/gold"
