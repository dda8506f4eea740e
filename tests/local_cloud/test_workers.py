"""One backup on three instances in the local cloud: shares by the queue, the fence, and who is lost."""

from pathlib import Path

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from efs_backup.agent.services import KINDS_VARIABLE, PACE_VARIABLE
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.support.builders import account, small_tree, write
from tests.support.site import Site

pytestmark = [pytest.mark.root, pytest.mark.long]

_OPERATIONS = "150"
"""A second, of all together: a night takes long enough for something to happen in it."""


@pytest.fixture
def shared(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site whose backups are made by three instances that say each second that they live."""
    made = Site.build(cloud, assembly, Workers="3")
    cloud.fleet.environment[PACE_VARIABLE] = "1"
    small_tree(made.source)
    for number in range(60):
        for file in range(10):
            write(made.source / f"{number % 6}" / f"{number}" / "deep" / f"file {file}", f"{number} {file}")
    made.patience = 240.0
    return made


def _slowly(site: Site) -> None:
    site.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = _OPERATIONS


def _leader(site: Site) -> str:
    """The instance that leads, once all three have come and files are copied."""
    site.cloud.wait("a backup is recorded", lambda: bool(site.stack.records()), site.patience)
    site.cloud.wait("all have come", lambda: len(site.stack.records()[-1].workers or ()) == 3, site.patience)
    site.wait_for_copy()
    return str(site.stack.records()[-1].instance_id)


def _assert_whole(site: Site, night: BackupRecord) -> None:
    assert night.status is BackupStatus.SUCCESS, night.message
    snapshot = site.backup / "efs-backup" / "daily" / str(night.snapshot)
    assert account(snapshot) == account(site.source)
    assert not [*(snapshot.parent / ".shares").iterdir()]
    assert (site.stack.capacity(), site.stack.instances(), site.stack.stop_rules()) == (0, [], [])
    assert all(done.succeeded for done in site.cloud.functions.done)


def test_three_instances_make_one_backup(shared: Site) -> None:
    """Each says in the record that it lives; the leader alone reports, and only once, when the others are gone."""
    night = shared.night()
    _assert_whole(shared, night)
    assert len(night.workers or ()) == 3
    assert [name for name, sign in (night.workers or {}).items() if sign.has_led] == [night.instance_id]
    assert len(shared.subjects()) == 1
    assert "3 instances, 3 came" in shared.cloud.mail_box.mails[-1].text
    assert len([key for key in shared.logs() if "-help-" in key]) == 2
    shared.assert_nothing_left()


def test_each_instance_may_have_a_simulated_efs_of_its_own(shared: Site, simulator_program: Path) -> None:
    """Latencies, slots and caches of a mount are its own; what one writes the others and the truth see."""
    shared.cloud.file_systems.simulate(simulator_program, "max_links=177,threads=16")
    shared.cloud.fleet.environment[KINDS_VARIABLE] += ",fuse.efs_sim"
    for _ in range(2):
        night = shared.night()
        _assert_whole(shared, night)
        assert len(night.workers or ()) == 3
        write(shared.source / "0" / "0" / "deep" / "file 0", "changed")
    shared.assert_nothing_left()


def test_a_leader_that_is_lost_is_followed_by_a_helper(shared: Site) -> None:
    """The helper goes on with the same backup; whoever comes in the place of the lost one helps."""
    _slowly(shared)
    shared.stack.fire_schedule()
    lost = _leader(shared)
    shared.cloud.lose(lost)
    night = shared.end_of_night()
    _assert_whole(shared, night)
    assert night.instance_id not in (None, lost)
    assert len(shared.subjects()) == 1


def test_a_leader_that_is_frozen_is_terminated_before_another_goes_on(shared: Site) -> None:
    """A frozen leader would write on when it is awake again; the one that follows lets its silent instance go."""
    _slowly(shared)
    shared.stack.fire_schedule()
    frozen = _leader(shared)
    machine = shared.cloud.fleet.running(frozen)
    assert machine
    machine.start("kill -STOP -1").wait()
    night = shared.end_of_night()
    _assert_whole(shared, night)
    assert night.instance_id not in (None, frozen)
    assert len(shared.subjects()) == 1


def test_a_helper_that_is_lost_costs_nothing_but_its_share(shared: Site) -> None:
    """The queue hands it over again, or the leader takes it over."""
    _slowly(shared)
    shared.stack.fire_schedule()
    leader = _leader(shared)
    shared.cloud.lose(next(name for name in shared.stack.instances() if name != leader))
    night = shared.end_of_night()
    _assert_whole(shared, night)
    assert night.instance_id == leader


def test_a_window_that_closes_ends_all_of_them(shared: Site) -> None:
    """Each stops, the leader reports, and the next night goes on."""
    _slowly(shared)
    shared.stack.fire_schedule()
    _leader(shared)
    shared.cloud.advance(46)
    cut_off = shared.end_of_night()
    assert cut_off.status is BackupStatus.INCOMPLETE
    del shared.cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"]
    _assert_whole(shared, shared.night())


def test_instances_that_never_come_are_waited_for_by_nobody(shared: Site) -> None:
    """The backup goes on with who is there."""
    _slowly(shared)
    shared.stack.fire_schedule()
    leader = _leader(shared)
    shared.cloud.lifecycle.refusal = "There is no capacity."
    for name in [each for each in shared.stack.instances() if each != leader]:
        shared.cloud.lose(name)
    night = shared.end_of_night()
    _assert_whole(shared, night)
    assert night.instance_id == leader
    assert len(shared.subjects()) == 1
