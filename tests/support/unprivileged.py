"""The command as a user without root rights runs it."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cli import Cli, Ended

NOBODY = 65534


def ended_as_nobody(cli: Cli, tmp_path: Path, *arguments: object) -> Ended:
    """Run the command; the way to the test's directory is opened for that user."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_mode & 0o005 != 0o005 and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o055)
    Path(cli.environment["TMPDIR"]).chmod(0o777)
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    done = subprocess.run((*user, *cli.line(*arguments)), capture_output=True, env=cli.environment, check=False)
    return Ended(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr), str(arguments[0]))


def run_as_nobody(cli: Cli, tmp_path: Path, *arguments: object) -> dict[str, Any]:
    """The same; what it prints, as JSON."""
    ended = ended_as_nobody(cli, tmp_path, *arguments)
    assert ended.stdout, ended
    result: dict[str, Any] = ended.json
    return result


@contextmanager
def being_nobody(groups: Sequence[int] = ()) -> Iterator[None]:
    """Be that user, of these groups, in this very process; what is open already stays open."""
    before = os.getgroups()
    os.setgroups([*groups])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)
