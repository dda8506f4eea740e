"""The command as a user without root rights runs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import Cli

NOBODY = 65534


def run_as_nobody(cli: Cli, tmp_path: Path, *arguments: object) -> dict[str, Any]:
    """Run the command, and give what it prints as JSON; the way to the test's directory is opened for that user."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_mode & 0o005 != 0o005 and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o055)
    Path(cli.environment["TMPDIR"]).chmod(0o777)
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    done = subprocess.run((*user, *cli.line(*arguments)), capture_output=True, env=cli.environment, check=False)
    assert done.stdout, done
    result: dict[str, Any] = json.loads(done.stdout)
    return result
