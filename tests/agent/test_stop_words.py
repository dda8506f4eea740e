"""An agent that is asked to stop says why: who asks leaves the words, for a signal has none."""

import os
import signal
from pathlib import Path

from efs_backup.agent.running import ask_to_stop, told_why
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop


def test_the_words_of_who_asks_are_the_reason(tmp_path: Path) -> None:
    """They stand beside the lock, in a directory of root's own."""
    (tmp_path / "agent.lock").write_text(str(os.getpid()))
    stop = Stop(Window())
    with stopping_on_signals(stop, told_why(tmp_path)):
        ask_to_stop(tmp_path, "the window of 180 minutes closed")
    assert stop.reason() == "the window of 180 minutes closed"


def test_a_signal_without_words_is_told_as_what_it_may_be(tmp_path: Path) -> None:
    """A shutdown, or a person."""
    stop = Stop(Window())
    with stopping_on_signals(stop, told_why(tmp_path)):
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.reason() == "the machine goes down, or somebody has stopped the agent (SIGTERM)"


def test_the_first_cause_is_the_reason(tmp_path: Path) -> None:
    """A window that closes while files under way end has not stopped them."""
    now = 0.0
    stop = Stop(Window(10), lambda: now)
    stop.ask("a person asked")
    now = 20.0
    assert stop.reason() == "a person asked"
    late = Stop(Window(10), lambda: now)
    now = 40.0
    late.ask("a person asked")
    assert late.reason() == "the window closed"
