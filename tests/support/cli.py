"""The command as a user runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.requests.tuning import Copier
from tests.support.schemas import command_of, complaint
from tests.support.warm import WarmProgram

COMMAND = Path(sys.executable).with_name("efs-backup")


A_FIRST_BACKUP_IS_MEANT = {"EFS_BACKUP_RUN_INIT": "1"}
"""The environment in which every `run` has its `--init`."""


NOTHING_IS_SCRUBBED = {"EFS_BACKUP_RUN_SCRUB_DAYS": "0"}
"""The environment in which no `run` reads what is stored: what is due depends on the date."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    command: str | None = None

    @property
    def json(self) -> Any:
        """The output as JSON, which is what its schema allows, where it is known whose."""
        value = json.loads(self.stdout)
        assert self.command is None or complaint(self.command, value) is None, value
        return value


class Cli:
    """The `efs-backup` command in a process of its own."""

    def __init__(self, environment: dict[str, str], warm: WarmProgram | None = None) -> None:
        self.environment = environment
        self._warm = warm
        self.copier: Copier | None = None
        self.slow_programs: Path | None = None

    @property
    def is_slow(self) -> bool:
        """Whether the fixture slow_rsync is in use."""
        return self.slow_programs is not None

    def __call__(self, *arguments: object, code: int | None = 0) -> Ended:
        """Run it; fail unless it exits with this code (None: any)."""
        line = self.line(*arguments)
        if self._warm and self._warm.can_run(self.environment):
            done = self._warm.run(line, self.environment)
        else:
            done = subprocess.run(line, capture_output=True, env=self.environment, check=False, timeout=120)
        ended = Ended(
            done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr), command_of(*arguments)
        )  # fmt: skip
        assert code is None or ended.code == code, ended
        return ended

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start it and go on; in a process group of its own, as from a shell."""
        return subprocess.Popen(
            self.line(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            start_new_session=True,
        )

    def let_rsync_be_slow(self) -> None:
        """Each part takes some time after it is copied; with the fixture slow_rsync."""
        self.let_rsync_take(1.5)

    def let_rsync_be_fast(self) -> None:
        """As it really is."""
        self.let_rsync_take(0)

    def let_rsync_take(self, seconds: float) -> None:
        """Let each part take so long longer. The wrapper reads a file, for programs get little of the environment."""
        assert self.slow_programs is not None
        (self.slow_programs / "seconds.new").write_text(str(seconds))
        (self.slow_programs / "seconds.new").rename(self.slow_programs / "seconds")

    def line(self, *arguments: object) -> list[bytes]:
        """The command line, with the copier and the small parts that the test's fixtures ask for."""
        more = self._ways() if arguments[0] in {"run", "restore"} else []
        return [os.fsencode(COMMAND), *(os.fsencode(str(argument)) for argument in (*arguments, *more))]

    def _ways(self) -> list[object]:
        copier = self.copier or (Copier.RSYNC if self.is_slow else None)
        files = 1 if copier is Copier.LINKS else 160
        return [*(["--copier", copier] if copier else []), *(["--files-per-part", files] if self.is_slow else [])]


both_copiers = pytest.mark.usefixtures("each_copier")
