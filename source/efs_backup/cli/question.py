"""The question before anything is replaced: on a terminal alone, and never for long."""

import os
import select
import sys
import termios
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress

import click

from efs_backup.domain.humanize import shown, sized
from efs_backup.domain.ports import Watcher
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.results import RestorePlan
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.trees.tree_walk import Stopped

WAIT_SECONDS = 300.0
"""How long an answer is waited for: what was planned gets old, and what reads a series keeps it from being pruned."""

_LOOK_SECONDS = 0.2
_YES = frozenset({"y", "yes"})
_MOST = 1024


def is_asked() -> bool:
    """Whether somebody is there to answer: who reads standard error types on standard input."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # closed
        return False


class Question:
    """Asks on the terminal, on which a watcher may draw."""

    def __init__(self, watcher: Watcher, stop: Stop, wait_seconds: float = WAIT_SECONDS) -> None:
        self._watcher = watcher
        self._stop = stop
        self._wait = wait_seconds

    def about_restore(self, plan: RestorePlan) -> bool:
        """Whether to carry out a plan; one that replaces nothing needs no asking. Raises Stopped."""
        return plan.makes_way == 0 or self.ask(_facts(plan))

    def ask(self, facts: Iterable[tuple[str, str]]) -> bool:
        """Whether to go on, after these names and values; no answer is a no. Raises Stopped."""
        told = [*facts]
        width = max(len(name) for name, _ in told)
        with self._without_drawing():
            _forget_what_was_typed()
            for name, value in told:
                click.echo(f"{name:{width}}  {shown(value)}", err=True)
            click.echo("Go on? [y/N] ", err=True, nl=False)
            answer = self._answer()
            if answer is None:
                click.echo(f"\nThere was no answer for {self._wait / 60:.0f} minutes.", err=True)
        return answer in _YES

    def _without_drawing(self) -> AbstractContextManager[None]:
        return getattr(self._watcher, "paused", nullcontext)()

    def _answer(self) -> str | None:
        """A line, in small letters; None where none comes. Raises Stopped."""
        give_up = time.monotonic() + self._wait
        while time.monotonic() < give_up:
            if self._stop.is_due():
                raise Stopped
            if select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
                return os.read(sys.stdin.fileno(), _MOST).decode(errors="replace").strip().lower()
        return None


def _forget_what_was_typed() -> None:
    """Take no key for an answer that was pressed before the question was seen."""
    with suppress(OSError, termios.error):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _facts(plan: RestorePlan) -> list[tuple[str, str]]:
    deletes = plan.mode is RestoreMode.MIRROR
    aside = f"{plan.makes_way:,}" if plan.keeps_replaced else "nothing: --keep-replaced would keep what is replaced"
    return [
        ("snapshot", str(plan.snapshot)),
        ("target", f"{plan.target} ({plan.mode})"),
        ("new", f"{plan.created:,}"),
        ("replaced", f"{plan.replaced:,}"),
        *([("deleted", f"{plan.extra:,}")] if deletes else []),
        ("to the quarantine", aside),
        ("to bring", sized(plan.summary.size)),
    ]
