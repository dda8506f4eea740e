"""Hooks that are commands on this machine."""

import os
import shutil
import signal
from collections.abc import Callable

from efs_backup.domain.errors import HookFailed, Hung
from efs_backup.domain.requests.hooks import HookCommand, HookCommands, HookFacts, Phase
from efs_backup.engine.machine.attended import Attended, Ending, attend
from efs_backup.engine.machine.patience import within
from efs_backup.engine.machine.process import Runner

NEXT_STEP = (
    "Run the hook by hand, in the environment that docs/how-to/quiesce.md describes, and see that what it made quiet"
    " goes on; then run the backup again."
)


START_SECONDS = 30.0
"""How long a program may take to start: its process first closes what we have open, on file systems that may hang."""


class CommandHooks:
    """Runs the commands of the operator one after the other, and never through a shell. See domain/ports.Hooks."""

    def __init__(self, commands: HookCommands, runner: Runner) -> None:
        self._commands = commands
        self._runner = runner

    def check(self) -> None:
        """See Hooks."""
        for phase in Phase:
            for command in self._commands.of(phase):
                if shutil.which(command.program, path=self._runner.path) is None:
                    raise HookFailed(
                        f"The hook {phase} cannot be run: {command.program!r} is not there, or not executable.",
                        "Look at its path and its mode; a name without a slash is looked for in PATH.",
                    )

    def run(self, phase: Phase, facts: HookFacts, ends: Callable[[], bool], beat: Callable[[], None]) -> bool:
        """See Hooks. After a `before` that fails no further one is run; of the other phases each is."""
        faults: list[str] = []
        for command in self._commands.of(phase):
            done = self._attend(command, phase, facts, ends, beat)
            if isinstance(done, Attended) and done.ending is Ending.ASKED:
                return False
            if fault := done if isinstance(done, str) else self._fault(done):
                faults.append(f"The hook {phase} ({command.program!r}) {fault}")
                if phase is Phase.BEFORE:
                    break
        if faults:
            raise HookFailed(" ".join(faults), NEXT_STEP)
        return True

    def _attend(
        self, command: HookCommand, phase: Phase, facts: HookFacts, ends: Callable[[], bool], beat: Callable[[], None]
    ) -> Attended | str:
        """How it ended, or why it could not begin."""
        home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
        told = {**home, **facts.environment(phase)}
        try:
            process = within(lambda: self._runner.attended(command.words, told), command.program, START_SECONDS)
        except OSError as error:
            return f"cannot be run: {error.strerror}."
        except Hung:
            return f"could not be started within {START_SECONDS:g} seconds."
        return attend(process, self._commands.seconds, ends, beat)

    def _fault(self, done: Attended) -> str:
        if done.ending is Ending.OVERDUE:
            outlives = "" if done.code is not None else ", and cannot be"
            return f"was ended{outlives}, for it took longer than {self._commands.seconds:g} seconds.{_said(done)}"
        if done.code == 0:
            return ""
        return f"{_exit(done.code or 0)}.{_said(done)}"


def _exit(code: int) -> str:
    if code > 0:
        return f"exited with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _said(done: Attended) -> str:
    lines = [line.strip() for line in done.words.splitlines() if line.strip()]
    return f' It said last: "{" | ".join(lines)}".' if lines else ""
