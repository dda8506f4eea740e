"""The agent's hooks: a document of Systems Manager that makes the source quiet on the instances that write to it."""

import time
from collections.abc import Callable

from efs_backup.domain.errors import HookFailed
from efs_backup.domain.operations.quiescing import fault_of, what_to_do
from efs_backup.domain.requests.hooks import DEFAULT_HOOK_SECONDS, HookFacts, Phase
from efs_backup.lib.quiesce import QuiesceDocument

PAUSE_SECONDS = 2.0
"""How often it is asked how a command stands."""


class DocumentHooks:
    """Runs the document with each phase. See domain/ports.Hooks.

    A command that takes too long, or is not waited for, is not cancelled: the right to cancel one has no bounds.
    """

    def __init__(self, document: QuiesceDocument, seconds: float = DEFAULT_HOOK_SECONDS) -> None:
        self._document = document
        self._seconds = seconds

    def check(self) -> None:
        """See Hooks: what can be wrong with a document is known when it is sent."""

    def run(self, phase: Phase, _facts: HookFacts, ends: Callable[[], bool], beat: Callable[[], None]) -> bool:
        """See Hooks."""
        command_id, give_up = self._document.send(phase), time.monotonic() + self._seconds
        while time.monotonic() < give_up:
            beat()
            progress = self._document.progress(command_id)
            if progress is not None and progress.has_ended:
                if fault := fault_of(progress, self._document.words(command_id) if progress.targets else ()):
                    raise self._failed(phase, fault)
                return True
            if ends():
                return False
            time.sleep(PAUSE_SECONDS)
        raise self._failed(phase, f"took longer than {self._seconds:g} seconds")

    def _failed(self, phase: Phase, fault: str) -> HookFailed:
        name = self._document.name
        return HookFailed(f"The document {name} ({phase}) {fault}.", what_to_do(name, phase))
