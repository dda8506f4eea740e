"""The time in which the source is quiet: it begins once, and ends once, whatever happens and whoever ends it."""

import threading
from collections.abc import Callable

import pytest

from efs_backup.domain.errors import FailureReason, HookFailed
from efs_backup.domain.requests.hooks import HookFacts, Phase
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import WarningKind
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.quiet import Quiet
from efs_backup.engine.trees.tree_walk import Stopped

_INCOMPLETE = BackupResult(BackupStatus.INCOMPLETE, "Stopped.")


class Hooks:
    """Hooks that remember what they were told; `during` is called by each."""

    def __init__(self, during: Callable[[], None] = lambda: None) -> None:
        self.ran: list[tuple[str, str, str, str]] = []
        self.during = during

    def check(self) -> None:
        """All can run."""

    def run(self, phase: Phase, facts: HookFacts, ends: Callable[[], bool], beat: Callable[[], None]) -> bool:
        """See domain/ports.Hooks."""
        self.ran.append((phase, facts.snapshot, facts.status, facts.reason))
        self.during()
        beat()
        return not ends()

    def phases(self) -> list[str]:
        """Which ran."""
        return [phase for phase, *_ in self.ran]


def _quiet(hooks: Hooks, stop: Stop | None = None) -> tuple[Quiet, list[None]]:
    beats: list[None] = []
    return Quiet(hooks, BackupRequest("/srv", "/backup"), stop or Stop(Window()), lambda: beats.append(None)), beats


def test_what_was_never_made_quiet_is_not_let_go_on() -> None:
    """Another backup may have made it so."""
    hooks = Hooks()
    quiet, _ = _quiet(hooks)
    assert quiet.end() is None
    assert hooks.ran == []


def test_it_ends_once_however_many_end_it() -> None:
    """Also from another thread, as where the one that began it hangs; each hook beats, so none is taken to hang."""
    hooks = Hooks()
    quiet, beats = _quiet(hooks)
    quiet.begin("20261122T020000Z")
    threads = [threading.Thread(target=quiet.end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hooks.ran == [(phase, "20261122T020000Z", "Running", "") for phase in ("before", "after")]
    assert len(beats) == 2


def test_a_before_that_fails_is_ended_too() -> None:
    """A hook that fails may have done a half."""

    def fail() -> None:
        raise HookFailed("It broke.")

    hooks = Hooks(fail)
    quiet, _ = _quiet(hooks)
    with pytest.raises(HookFailed):
        quiet.begin("")
    warned = quiet.end()
    assert warned is not None
    assert (warned.kind, warned.message[:9]) == (WarningKind.HOOK_FAILED, "It broke.")
    assert hooks.phases() == ["before", "after"]


def test_a_backup_that_is_stopped_makes_nothing_quiet() -> None:
    """And one that is stopped meanwhile lets it go on."""
    stop = Stop(Window())
    hooks = Hooks(lambda: stop.ask("SIGTERM was received"))
    quiet, _ = _quiet(hooks, stop)
    with pytest.raises(Stopped):
        quiet.begin("")
    quiet.end()
    with pytest.raises(Stopped):
        quiet.begin("")
    assert hooks.phases() == ["before", "after"]


@pytest.mark.parametrize(("asked", "ends"), [(0, False), (1, False), (2, True)])
def test_a_second_wish_to_stop_that_comes_meanwhile_ends_an_after(asked: int, ends: bool) -> None:
    """One that came before does not: it was the copy that was to end."""
    stop = Stop(Window())
    hooks = Hooks()
    quiet, _ = _quiet(hooks, stop)
    quiet.begin("")

    def ask() -> None:
        for _ in range(asked):
            stop.ask("SIGTERM was received")

    hooks.during = ask
    assert (quiet.end() is not None) is ends
    quiet._lasts = True
    stop.ask("SIGTERM was received")
    stop.ask("SIGTERM was received")
    hooks.during = lambda: None
    assert quiet.end() is None


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (BackupResult(BackupStatus.SUCCESS, ""), []),
        (BackupResult(BackupStatus.FAILED, "", failure_reason=FailureReason.LOCKED), []),
        (_INCOMPLETE, [("failed", "", "Incomplete", "")]),
        (
            BackupResult(BackupStatus.FAILED, "", failure_reason=FailureReason.BACKUP_FULL),
            [("failed", "", "Failed", "BackupFull")],
        ),
    ],
)
def test_failed_runs_at_an_end_that_is_no_success(result: BackupResult, told: list[tuple[str, str, str, str]]) -> None:
    """But not where another backup holds the lock: what it would change is the other's."""
    hooks = Hooks()
    _quiet(hooks)[0].failed(result)
    assert hooks.ran == told
