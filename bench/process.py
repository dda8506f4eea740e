"""Run a command; measure its time and its memory, and leave nothing of it behind."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from bench.sampler import Sampler, descendants

GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Command:
    """The command to run: arguments, additions to the environment, and the exit codes that mean success."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    accepted: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command: the time it took, and what it said."""

    seconds: float
    exit_code: int
    output: str
    errors: str
    main_peak_mib: float  # largest resident size of the command's own process
    family_peak_mib: float  # largest sum of the resident sizes of it and all its descendants


class CommandError(Exception):
    """A command ended with an exit code that it does not accept."""


def run(command: Command) -> Outcome:
    """Run the command to its end; whatever interrupts this also ends the command and its descendants."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = _start(command, output, errors)
        sampler = Sampler(process.pid)
        try:
            sampler.start()
            exit_code = process.wait()
            seconds = time.monotonic() - started
        except BaseException:
            end(process)
            raise
        finally:
            sampler.stop()
        outcome = Outcome(seconds, exit_code, _text(output), _text(errors), sampler.main_mib, sampler.family_mib)
    if exit_code not in command.accepted:
        said = (outcome.errors.strip() or outcome.output.strip() or "nothing said").splitlines()[-1]
        raise CommandError(f"{Path(command.arguments[0]).name} ended with {exit_code}: {said}")
    return outcome


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the process group to end; after a grace time kill it and every descendant, in other sessions too."""
    family = descendants(process.pid)
    try:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    finally:
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # which a process with the same number is not
                each.kill()
        process.kill()
        process.wait()


def _start(command: Command, output: IO[bytes], errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command.arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env={**os.environ, "LC_ALL": "C.UTF-8", **command.environment},
        start_new_session=True,
    )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
