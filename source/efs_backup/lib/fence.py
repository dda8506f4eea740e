"""The fence of a fleet: whoever else might still write is terminated, and that it is so is asked of Amazon EC2."""

import logging
import time
from collections.abc import Callable, Collection

from efs_backup.domain.sharing.fleet import NotFenced
from efs_backup.lib.asg import BackupGroup, GroupState
from efs_backup.lib.ec2 import Instances
from efs_backup.lib.insisting import tried

PATIENCE_SECONDS = 900.0
"""An instance whose system hangs is switched off by Amazon EC2 after some minutes."""

GRACE_SECONDS = 60.0
"""A held instance has so long to store its log; one that is frozen would be held for as long as its hook says."""

LOOK_SECONDS = 3.0

_logger = logging.getLogger(__name__)


class GroupFence:
    """The fence around one instance of a group. See `efs_backup.domain.sharing.fleet.Fence`."""

    def __init__(
        self, group: BackupGroup, instances: Instances, own: str, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep, grace: float = GRACE_SECONDS,
    ) -> None:  # fmt: skip
        self._group = group
        self._instances = instances
        self._own = own
        self._clock = clock
        self._sleep = sleep
        self._grace = grace

    def expel(self, names: Collection[str], beat: Callable[[], None]) -> None:
        """See Fence. None of them has anything left to do that is wanted: held ones are let go at once."""
        wanted = frozenset(names) - {self._own}
        self._wait(lambda: self._gone_of(wanted), beat)

    def close(self, beat: Callable[[], None]) -> None:
        """See Fence. A capacity of none is left as it is: then this instance goes too, and finishes in its hold."""
        held_since: dict[str, float] = {}
        self._wait(lambda: self._alone(held_since), beat)

    def _wait(self, look: Callable[[], frozenset[str]], beat: Callable[[], None]) -> None:
        """Look until nobody is left. What AWS refuses is asked again."""
        give_up, left = self._clock() + PATIENCE_SECONDS, frozenset({"not known"})
        while True:
            left = tried(look, left)
            if not left:
                return
            if self._clock() >= give_up:
                raise NotFenced(
                    f"Not terminated within {PATIENCE_SECONDS / 60:.0f} minutes: {', '.join(sorted(left))}.",
                    "Terminate these instances; the next backup continues from what was copied.",
                )
            beat()
            self._sleep(LOOK_SECONDS)

    def _gone_of(self, wanted: frozenset[str]) -> frozenset[str]:
        """Have these terminated; gives those that are not yet."""
        left = self._instances.not_terminated(wanted)
        if not left:
            return left
        state = self._group.state()
        for name in left & {*state.serving}:
            _logger.warning("The instance %s is terminated: it may be at work where nobody hears of it", name)
            self._group.take_away(name, want_less=state.desired_capacity > 1)
        for name in left & {*state.held}:
            self._group.release(name)
        return left

    def _alone(self, held_since: dict[str, float]) -> frozenset[str]:
        """Have all others terminated; gives those that are not yet. held_since: when each was first seen held."""
        state = self._group.state()
        others = frozenset(state.instances) - {self._own}
        if others or state.desired_capacity > 1:
            self._let_go_of_others(state)
        for name in others & {*state.held}:
            if self._clock() - held_since.setdefault(name, self._clock()) >= self._grace:
                self._group.release(name)
        return others | (self._instances.of_group(self._group.name) - {self._own})

    def _let_go_of_others(self, state: GroupState) -> None:
        if self._own not in state.serving and state.desired_capacity > 0:
            raise NotFenced("This instance is on its way out, and others are to stay.", "Another one takes over.")
        if self._own in state.serving and self._own not in state.protected:
            self._group.protect(self._own)
            return  # the next look finds it protected; only then are fewer wanted
        if state.desired_capacity > 1:
            self._group.start_instance(1)
            return
        for name in frozenset(state.serving) - {self._own}:  # protected by a leader that it once was, or coming late
            self._group.unprotect([name] if name in state.protected else [])
            self._group.take_away(name, want_less=False)
