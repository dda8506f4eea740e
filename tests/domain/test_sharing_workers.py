"""Several instances of one backup: what each says of itself, who leads, and who takes over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from efs_backup.domain.errors import RecordFault
from efs_backup.domain.operations.instances import (
    Instance,
    for_several,
    is_in_the_way,
    may_try_again,
    served_by,
    tried_again,
)
from efs_backup.domain.operations.record import BackupRecord, Mode, change_between
from efs_backup.domain.operations.record_endings import is_served_by
from efs_backup.domain.operations.workflow import (
    LEADER_SILENCE,
    Action,
    Situation,
    decide_gone,
    decide_launch_failure,
    decide_service,
)
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.sharing.workers import LEADS, WorkerSign, leaders_before, operations_of_each
from tests.support.records import RUNNING, START

GROUP = "nightly-group"
SECOND = timedelta(seconds=1)
SHARED = replace(RUNNING, wanted_workers=3, workers={}, instance_id=None, heartbeat_time=None)
LED = replace(SHARED, instance_id="i-lead", heartbeat_time=START)


def test_signs_of_life_are_stored_and_read() -> None:
    """To the second; the rest as it was."""
    signs = {"i-1": WorkerSign(START, "share 3", 1_200), "i-2": WorkerSign(START + SECOND, LEADS)}
    item = replace(SHARED, workers=signs).to_item()
    assert item["Workers"]["i-1"] == {"Alive": START.strftime("%Y-%m-%dT%H:%M:%S"), "Work": "share 3", "Files": 1_200}
    assert BackupRecord.from_item(item).workers == signs


@pytest.mark.parametrize(
    "stored", ["i-1", {"i-1": 7}, {"i-1": {}}, {"i-1": {"Alive": "soon"}}, {"i-1": {"Alive": None}}]
)
def test_signs_that_cannot_be_read_are_told(stored: object) -> None:
    """As of every other attribute."""
    with pytest.raises(RecordFault):
        BackupRecord.from_item({**SHARED.to_item(), "Workers": stored})


def test_a_record_of_one_instance_says_nothing_of_workers() -> None:
    """The record of a single instance is the same as ever."""
    assert for_several(RUNNING, 1) == RUNNING
    assert not {"Workers", "WantedWorkers"} & {*RUNNING.to_item()}


def _restore(order: RestoreOrder) -> BackupRecord:
    return replace(RUNNING, mode=Mode.RESTORE, restore_order=order.to_text())


@pytest.mark.parametrize("paths", [("/",), ("/home",)])
def test_a_restore_of_a_directory_is_made_by_several(paths: tuple[str, ...]) -> None:
    """Or of all; nobody knows yet how large it is."""
    assert for_several(_restore(RestoreOrder(paths, "/")), 4).wanted_workers == 4


@pytest.mark.parametrize(
    "made_by_one",
    [
        replace(RUNNING, mode=Mode.DRILL),
        replace(RUNNING, mode=Mode.RESTORE),
        _restore(RestoreOrder(("/a", "/b"), "/")),
        _restore(RestoreOrder(("/home/*/thesis",), "/")),
        _restore(RestoreOrder(("/",), "/", dry_run=True)),
        _restore(RestoreOrder(undoes="/.quarantine-20261122T120000Z")),
    ],
)
def test_drills_undos_plans_and_small_restores_are_made_by_one_instance(made_by_one: BackupRecord) -> None:
    """However many make a backup."""
    assert not for_several(made_by_one, 4).is_shared


def test_nobody_takes_a_restore_over() -> None:
    """Others help as long as its leader is heard, and then go: who knows what has been written since."""
    restore = replace(LED, mode=Mode.RESTORE)
    assert decide_service(restore, "i-1", START + LEADER_SILENCE - SECOND).action is Action.HELP
    assert decide_service(restore, "i-1", START + LEADER_SILENCE).action is Action.GO_HOME
    assert decide_service(restore, "i-lead", START + LEADER_SILENCE).action is Action.SERVE


def test_a_backup_of_several_is_shared() -> None:
    """From its start on."""
    assert (for_several(RUNNING, 4).wanted_workers, for_several(RUNNING, 4).workers) == (4, {})


def test_whoever_comes_first_leads() -> None:
    """And whoever leads already goes on with it."""
    assert decide_service(SHARED, "i-1", START).action is Action.SERVE
    assert decide_service(LED, "i-lead", START + LEADER_SILENCE * 2).action is Action.SERVE


def test_others_help_as_long_as_the_leader_is_heard() -> None:
    """Then one of them takes over."""
    assert decide_service(LED, "i-1", START + LEADER_SILENCE - SECOND).action is Action.HELP
    assert decide_service(LED, "i-1", START + LEADER_SILENCE).action is Action.TAKE_OVER
    assert decide_service(LED, "i-1", START + SECOND, silence=SECOND).action is Action.TAKE_OVER


def test_nobody_helps_after_the_end() -> None:
    """Neither of the backup nor of its window."""
    assert decide_service(LED, "i-1", LED.window_stop).action is Action.GO_HOME


def test_a_lost_instance_of_a_backup_of_one_is_followed_at_once() -> None:
    """As always: the group has started another because the first is gone."""
    assert decide_service(replace(RUNNING, instance_id="i-0"), "i-1", START).action is Action.SERVE


def test_only_who_leads_changes_the_record() -> None:
    """A leader that was frozen cannot report over the one that has taken over."""
    change = change_between(LED, replace(LED, phase="copy"))
    assert change.guards == {"InstanceId": "i-lead"}
    assert change_between(RUNNING, replace(RUNNING, phase="copy")).guards == {}


def test_signs_of_others_are_not_overwritten() -> None:
    """Whoever writes the record leaves them as they are stored."""
    change = change_between(LED, replace(LED, phase="copy", number_of_files=7))
    assert "Workers" not in (*change.put, *change.drop)


def test_former_leaders_are_known_by_the_record_and_by_what_they_said() -> None:
    """Who asks is none of them."""
    signs = {"i-1": WorkerSign(START, LEADS), "i-2": WorkerSign(START, "share 1"), "i-3": WorkerSign(START, LEADS)}
    assert leaders_before(signs, "i-lead", "i-3") == {"i-1", "i-lead"}
    assert leaders_before({}, None, "i-3") == frozenset()


def test_an_unclaimed_backup_of_several_is_closed_by_none_of_them() -> None:
    """The others may still serve it."""
    assert not is_served_by(SHARED, "i-1", START + SECOND)
    assert is_served_by(LED, "i-lead", START)
    assert not is_served_by(LED, "i-1", START + SECOND)


def test_a_helper_served_the_backup_that_it_helped_with() -> None:
    """A helper is found by its sign of life; left over from a former night, it is in the way."""
    helped = replace(LED, workers={"i-1": WorkerSign(START, "share 1")})
    helper = Instance("i-1", None, is_running=True)
    assert served_by(helper, [RUNNING, helped]) == helped
    assert is_in_the_way(helper, [helped], START)


def _gone(backup: BackupRecord, instance: str, capacity: int) -> Action:
    return decide_gone(GROUP, instance, backup, Situation(GROUP, capacity, START, backup.backup_id)).action


def test_the_end_of_a_helper_is_no_end_of_the_backup() -> None:
    """Nor is that of the leader while others are wanted."""
    assert _gone(LED, "i-1", 3) is Action.IGNORE
    assert _gone(LED, "i-lead", 3) is Action.WAIT
    assert _gone(LED, "i-lead", 0) is Action.CLOSE
    assert _gone(SHARED, "i-1", 2) is Action.WAIT
    assert _gone(SHARED, "i-1", 0) is Action.TRY_AGAIN


def test_a_second_try_begins_without_the_signs_of_the_first() -> None:
    """A second try is shared as the first was."""
    first = replace(SHARED, workers={"i-1": WorkerSign(START, LEADS)})
    assert may_try_again(first, START)
    assert (tried_again(first, "i-1").workers, tried_again(first, "i-1").wanted_workers) == ({}, 3)
    assert tried_again(RUNNING, "i-1").workers is None


def test_capacity_that_does_not_come_is_noted_where_others_are_there() -> None:
    """Nobody needs to know at once; where nobody came the operator does."""
    assert decide_launch_failure(GROUP, GROUP, LED, "none left", others=True).action is Action.NOTE
    noted = replace(LED, launch_failure="none left")
    assert decide_launch_failure(GROUP, GROUP, noted, "none left", others=True).action is Action.IGNORE
    assert decide_launch_failure(GROUP, GROUP, SHARED, "none left").action is Action.TELL


def test_a_limit_of_operations_is_for_all_together() -> None:
    """None where there is none."""
    assert operations_of_each(None, 4) is None
    assert operations_of_each(1_000, 4) == 250
    assert operations_of_each(2, 4) == 1
