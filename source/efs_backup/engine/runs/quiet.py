"""The time in which the source is quiet: it begins once, and ends whatever happens."""

import threading
from collections.abc import Callable
from dataclasses import replace

from efs_backup.domain.errors import FailureReason, HookFailed
from efs_backup.domain.ports import Hooks
from efs_backup.domain.requests.hooks import HookFacts, Phase
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.warnings import Warned, WarningKind
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.trees.tree_walk import Stopped


class NoHooks:
    """The hooks of a backup that has none. See domain/ports.Hooks."""

    def check(self) -> None:
        """See Hooks."""

    def run(self, _phase: Phase, _facts: HookFacts, _ends: Callable[[], bool], _beat: Callable[[], None]) -> bool:
        """See Hooks."""
        return True


class Quiet:
    """The hooks of one backup, each phase at its time; `end` may come from another thread than `begin`, and twice."""

    def __init__(self, hooks: Hooks, request: BackupRequest, stop: Stop, beat: Callable[[], None]) -> None:
        self._hooks = hooks
        self._facts = HookFacts(request.label, request.interval, request.source, request.backup)
        self._stop = stop
        self._beat = beat
        self._lock = threading.Lock()
        self._lasts = False

    def check(self) -> None:
        """Raises HookFailed where a hook can never run."""
        self._hooks.check()

    def begin(self, snapshot: str) -> None:
        """Make the source quiet for a snapshot of this name. Raises HookFailed, and Stopped."""
        if self._stop.is_due():
            raise Stopped
        self._facts = replace(self._facts, snapshot=snapshot)
        self._lasts = True
        if not self._hooks.run(Phase.BEFORE, self._facts, self._stop.is_due, self._beat):
            raise Stopped

    def end(self) -> Warned | None:
        """Let the source go on, if it was made quiet, or that was tried, and it does not yet; what is to be warned of.

        Neither the window nor a signal shortens it, for a source that stays quiet is worse than a late end; but a
        second signal that comes meanwhile does.
        """
        if not self._is_mine_to_end():
            return None
        return self._told(Phase.AFTER)

    def failed(self, result: BackupResult) -> Warned | None:
        """Run the hooks of an end that is no success; what is to be warned of.

        A backup that another one keeps out runs none: what they would change is the other's.
        """
        if result.status is BackupStatus.SUCCESS or result.failure_reason is FailureReason.LOCKED:
            return None
        self._facts = replace(self._facts, status=str(result.status), reason=str(result.failure_reason or ""))
        return self._told(Phase.FAILED)

    def _is_mine_to_end(self) -> bool:
        with self._lock:
            lasts, self._lasts = self._lasts, False
        return lasts

    def _told(self, phase: Phase) -> Warned | None:
        was_urgent = self._stop.is_urgent
        try:
            is_whole = self._hooks.run(
                phase, self._facts, lambda: self._stop.is_urgent and not was_urgent, self._beat
            )  # fmt: skip
        except HookFailed as error:
            return Warned(WarningKind.HOOK_FAILED, f"{error.message} {_LOOK}")
        if not is_whole:
            return Warned(WarningKind.HOOK_FAILED, f"The hook {phase} was ended by a second signal. {_LOOK}")
        return None


_LOOK = "See that what the backup made quiet goes on"
