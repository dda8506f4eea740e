"""Commands that see mounts of their own, which are gone when they end."""

import os
import subprocess
from pathlib import Path

from tests.conftest import Cli, Ended


def bind(what: Path, at: Path) -> str:
    """The script's line that shows a directory or file at another place."""
    return f"mount --bind '{what}' '{at}'"


def run_with_mounts(cli: Cli, script: str, *arguments: object, code: int = 0) -> Ended:
    """Run the command where these lines of a shell have mounted something."""
    inside = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", f'{script}; exec "$@"', "sh")
    done = subprocess.run((*inside, *cli.line(*arguments)), capture_output=True, env=cli.environment, check=False)
    ended = Ended(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr), str(arguments[0]))
    assert ended.code == code, ended
    return ended
