"""The frame of an agent's work, whether it backs up or restores."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from efs_backup.agent.running import told_why
from efs_backup.agent.services import Machine
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.signals import stopping_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.lib.insisting import insist

_logger = logging.getLogger(__name__)


@contextmanager
def at_work(machine: Machine, give_back: Callable[[], object]) -> Iterator[Stop]:
    """Heed signals, log what ends the work too early, and give the instance back; whatever happens.

    Signals are heeded to the end: none cuts the writing of the result short. A machine that only boots anew is not
    given back: the agent that it starts then goes on.
    """
    asked = Stop(Window())
    with stopping_on_signals(asked, told_why(machine.place)):
        try:
            yield asked
        except Exception:
            _logger.exception("The agent cannot go on")
            raise
        finally:
            if not machine.reboots:
                insist(give_back)
