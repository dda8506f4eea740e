"""Instances that make one restore into the source together: what each mounts, and what a helper leaves alone."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.agent.claim import claim
from efs_backup.agent.services import BackupServices
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import restore_id_of
from efs_backup.domain.operations.triggers import restore_event
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.sharing.helping import Helped
from efs_backup.engine.runs.sharing.restore_helping import RestoreHelpRequest
from efs_backup.lib.asg import BackupGroup
from efs_backup.orchestrator import handler
from tests.agent.instance import Instance
from tests.support.builders import account
from tests.support.cloud import GROUP
from tests.support.leave import a_leave, is_given

pytestmark = pytest.mark.root

WORKERS = 2


@dataclass
class Pair:
    """A stack of two instances, of which a restore of one directory wants both."""

    instance: Instance
    restore: BackupRecord
    first: BackupServices
    second: BackupServices

    def stored(self) -> BackupRecord:
        """The record."""
        return self.instance.cloud.store.get(self.restore.backup_id)

    def mounted(self) -> list[str]:
        """The places that were mounted to be written to."""
        lines = (self.instance.folders / "mount.log").read_text().splitlines()
        sides = {"source": self.instance.source.name, "backup": self.instance.backup.name}
        return [name for line in lines for name, folder in sides.items() if folder in line and ",ro " not in line]


@pytest.fixture
def pair(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """A night was made by one; since then two are wanted, both are there, and neither has said anything."""
    with a_leave(monkeypatch.setenv):
        instance.cloud.schedule_fires()
        back_up(instance.services())
        instance.cloud.deliver()
        instance.cloud.hold_times_out()
        instance.cloud.deliver()
        (instance.folders / "mount.log").unlink()
        for kind in ("", "DEAD_"):
            url = boto3.client("sqs").create_queue(QueueName=f"{kind}shares")["QueueUrl"]
            instance.environment[f"{kind}SHARE_QUEUE_URL"] = url
            monkeypatch.setenv(f"{kind}SHARE_QUEUE_URL", url)
        instance.environment["WORKERS"] = str(WORKERS)
        monkeypatch.setenv("WORKERS", str(WORKERS))
        boto3.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=WORKERS)
        handler.services.cache_clear()
        instance.cloud.time = "2026-11-22T12:00:00Z"
        order = RestoreOrder(("/directory 1",), "/restored here")
        instance.cloud.call(restore_event(order, "e1"))
        first, second = (instance.services(name) for name in instance.cloud.instances())
        yield Pair(instance, instance.cloud.store.get(restore_id_of("e1")), first, second)


def test_a_leader_writes_what_the_others_have_to_know_beside_the_snapshots(pair: Pair) -> None:
    """A small tree is brought by it alone, without a fence; a record of two says so."""
    snapshots = account(pair.instance.backup / "efs-backup" / "daily.0")
    assert (pair.restore.wanted_workers, is_given()) == (WORKERS, True)
    back_up(pair.first)
    ended = pair.stored()
    assert ended.status is BackupStatus.SUCCESS, ended.message
    assert account(pair.instance.source / "restored here") == account(pair.instance.source / "directory 1")
    assert sorted(pair.mounted()) == ["backup", "source"]
    assert account(pair.instance.backup / "efs-backup" / "daily.0") == snapshots
    assert not [*(pair.instance.backup / "efs-backup" / "daily" / ".restores").iterdir()]


class _Helping:
    """Stands for the engine's loop: waits until it is to stop."""

    asked: RestoreHelpRequest

    def __init__(self, request: RestoreHelpRequest, *_: object, stop: Stop, **__: object) -> None:
        _Helping.asked = request
        self._stop = stop

    def run(self) -> Helped:
        """Wait."""
        while not self._stop.is_due():
            threading.Event().wait(0.01)
        return Helped()


@pytest.mark.long
def test_a_helper_knows_itself_where_it_restores_to(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper mounts both as the leader does, writes neither record nor report, and then goes home."""
    monkeypatch.setattr("efs_backup.agent.help_restore.RestoreHelping", _Helping)
    claim(pair.first)
    helper = replace(pair.second, machine=replace(pair.second.machine, pace=timedelta(seconds=0.3)))

    def end() -> None:
        while helper.machine.instance_id not in (pair.stored().workers or {}):
            threading.Event().wait(0.01)
        pair.instance.cloud.agent_reports(pair.restore.backup_id, BackupStatus.FAILED)

    ending = threading.Thread(target=end)
    ending.start()
    back_up(helper)
    ending.join()
    place = pair.instance.machine.place / "source"
    assert (_Helping.asked.target, _Helping.asked.within) == (str(place / "restored here"), str(place))
    assert sorted(pair.mounted()) == ["backup", "source"]
    state = BackupGroup(boto3.client("autoscaling"), GROUP).state()
    assert state.serving == (pair.first.machine.instance_id,)
    assert [key for key in pair.instance.logs() if f"-help-{helper.machine.instance_id}-" in key]
