"""Instances that make one backup together: who leads, who helps, who takes over, and who ends what."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.agent.claim import claim
from efs_backup.agent.finish import finish, give_up
from efs_backup.agent.own_record import give_back
from efs_backup.agent.services import BackupServices
from efs_backup.domain.operations.lifecycle import LifecycleAction
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import InstanceStopping, read_trigger
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.sharing.workers import LEADS
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.sharing.helping import Helped
from efs_backup.lib.asg import BackupGroup
from efs_backup.orchestrator import handler
from tests.agent.instance import Instance
from tests.support.cloud import GROUP

WORKERS = 2


@dataclass
class Pair:
    """A stack whose backups two instances make; a backup has just been started."""

    instance: Instance
    backup: BackupRecord
    first: BackupServices
    second: BackupServices

    def stored(self) -> BackupRecord:
        """The record."""
        return self.instance.cloud.store.get(self.backup.backup_id)

    def later(self, minutes: int) -> None:
        """Time passes."""
        later = self.instance.cloud.now() + timedelta(minutes=minutes)
        self.instance.cloud.time = later.isoformat().replace("+00:00", "Z")


@pytest.fixture
def pair(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Both instances are there, and neither has said anything."""
    queues = {
        f"{kind}SHARE_QUEUE_URL": boto3.client("sqs").create_queue(QueueName=f"{kind}shares")["QueueUrl"]
        for kind in ("", "DEAD_")
    }
    boto3.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=WORKERS)
    for name, value in {"WORKERS": str(WORKERS), **queues}.items():
        instance.environment[name] = value
        monkeypatch.setenv(name, value)
    handler.services.cache_clear()
    backup = instance.cloud.schedule_fires()
    first, second = (instance.services(name) for name in instance.cloud.instances())
    yield Pair(instance, backup, first, second)
    handler.services.cache_clear()


def test_one_leads_and_the_other_helps(pair: Pair) -> None:
    """Whoever comes first."""
    leads, helps = claim(pair.first), claim(pair.second)
    assert leads
    assert helps
    assert (leads.helps, helps.helps, leads.lost) == (False, True, frozenset())
    stored = pair.stored()
    assert stored.instance_id == pair.first.machine.instance_id
    assert [(name, sign.work) for name, sign in (stored.workers or {}).items()] == [(stored.instance_id, LEADS)]


def test_of_two_that_come_at_one_moment_one_helps(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read that nobody leads: the one that writes second reads again."""
    known = pair.backup
    claim(pair.first)
    monkeypatch.setattr("efs_backup.agent.claim.candidates", lambda _: [known])
    second = claim(pair.second)
    assert second
    assert second.helps


def test_a_leader_of_which_nothing_is_heard_is_followed(pair: Pair) -> None:
    """The new one knows whom to have terminated; and whoever is awake again writes nothing more."""
    leads = claim(pair.first)
    pair.later(6)
    follows = claim(pair.second)
    assert leads
    assert follows
    assert not follows.helps
    assert follows.lost == {pair.first.machine.instance_id}
    assert pair.stored().instance_id == pair.second.machine.instance_id
    again = claim(pair.first)
    assert again
    assert again.helps


def test_a_leader_that_begins_anew_still_knows_who_led_before(pair: Pair) -> None:
    """A leader may have died before it could have the former one terminated."""
    claim(pair.first)
    pair.later(6)
    claim(pair.second)
    again = claim(pair.second)
    assert again
    assert again.lost == {pair.first.machine.instance_id}


def test_an_instance_of_a_stack_that_has_no_queue_any_more_makes_no_part(pair: Pair) -> None:
    """An instance without a queue could not have the others terminated."""
    assert claim(replace(pair.first, fleet=None)) is None


def _group() -> BackupGroup:
    return BackupGroup(boto3.client("autoscaling"), GROUP)


def test_a_helper_that_goes_takes_nobody_along(pair: Pair) -> None:
    """A helper that goes wants one instance less, itself; also where it died for good."""
    claim(pair.first)
    give_up(pair.second)
    state = _group().state()
    assert (state.desired_capacity, state.serving) == (1, (pair.first.machine.instance_id,))
    assert not pair.stored().has_ended
    give_back(pair.second)
    assert _group().state() == state


def test_a_leader_that_goes_ends_all_and_is_protected_no_more(pair: Pair) -> None:
    """Else it would stay."""
    claim(pair.first)
    _group().protect(pair.first.machine.instance_id)
    give_back(pair.first)
    state = _group().state()
    assert (state.desired_capacity, state.serving, len(state.held)) == (0, (), WORKERS)


def test_a_helper_that_is_asked_to_finish_touches_no_record(pair: Pair) -> None:
    """A helper that is asked to finish is let go, and the backup goes on."""
    claim(pair.first)
    _group().take_away(pair.second.machine.instance_id)
    stopping = read_trigger(pair.instance.cloud.events[0])
    assert isinstance(stopping, InstanceStopping)
    before = pair.stored()
    finish(pair.second, _action(stopping), pair.backup.backup_id)
    assert pair.stored() == before
    assert pair.instance.cloud.instances() == [pair.first.machine.instance_id]


def _action(stopping: InstanceStopping) -> LifecycleAction:
    return stopping.action


class _Helping:
    """Stands for the engine's loop: waits until it is to stop."""

    def __init__(self, *_: object, stop: Stop, **__: object) -> None:
        self._stop = stop

    def run(self) -> Helped:
        """Wait."""
        while not self._stop.is_due():
            threading.Event().wait(0.01)
        return Helped()


@pytest.fixture
def helper(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> BackupServices:
    """The second instance, which says a few times in a second that it lives."""
    monkeypatch.setattr("efs_backup.agent.help.Helping", _Helping)
    claim(pair.first)
    return replace(pair.second, machine=replace(pair.second.machine, pace=timedelta(seconds=0.3)))


def _meanwhile(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.root
def test_a_helper_goes_home_when_the_backup_has_ended(pair: Pair, helper: BackupServices) -> None:
    """A helper stores its log under a key of its own, and reports nothing."""

    def end() -> None:
        while helper.machine.instance_id not in (pair.stored().workers or {}):
            threading.Event().wait(0.01)
        pair.instance.cloud.agent_reports(pair.backup.backup_id, BackupStatus.FAILED)

    ending = _meanwhile(end)
    back_up(helper)
    ending.join()
    assert pair.stored().status is BackupStatus.FAILED
    assert [key for key in pair.instance.logs() if f"-help-{helper.machine.instance_id}-" in key]
    assert _group().state().serving == (pair.first.machine.instance_id,)
