"""One restore by several instances: shares, the fence, and whatever becomes of one of them."""

import json
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.copying.undoing import UndoRequest, UndoStatus
from efs_backup.domain.errors import RestoreFailed
from efs_backup.domain.requests.requests import RestoreMode, RestoreRequest
from efs_backup.domain.results import RestoreResult, RestoreStatus
from efs_backup.domain.sharing.fleet import Fence, Fleet, NotFenced, ShareQueue
from efs_backup.domain.sharing.order import Top
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.restore import RestoreRun
from efs_backup.engine.runs.sharing.restore_work import clear_remains
from efs_backup.engine.runs.undo import UndoRun
from efs_backup.engine.trees.tree import Tree
from tests.engine.fleet_nights import ClosingQueue, NobodyElse, change, grow
from tests.support.builders import Fact, account, write
from tests.support.fleet import LABEL, DirectoryQueue, Fleets, NoWatcher
from tests.support.proved import check_by_mtree
from tests.support.traced import assert_nothing_below_is_changed, traced_lines

pytestmark = pytest.mark.root

_HELPERS = ("helper-1", "helper-2")


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[Fleets]:
    """A snapshot of many directories, and nothing yet where it is to be restored."""
    source, backup = tmp_path / "source", tmp_path / "backup"
    backup.mkdir()
    grow(source)
    write(source / "d5/5/deep/large", "large" * 200_000)
    with Fleets(tmp_path / "fleet", source, backup, workers=2, orders=".restores") as fleets:
        fleets.start("first", "alone")
        assert fleets.result("first")["status"] == "Success"
        fleets.target = tmp_path / "around" / "target"
        fleets.target.parent.mkdir()
        yield fleets


def restored(fleets: Fleets, *helpers: str) -> dict[str, Any]:
    """One restore by a leader and these."""
    for helper in helpers:
        fleets.start(helper, "help-restore")
    fleets.start("leader", "restore")
    return fleets.result()


def target_of(fleets: Fleets) -> Path:
    """Where it goes."""
    assert fleets.target
    return fleets.target


def undated(root: Path) -> dict[str, Fact]:
    """All of it but the times of directories, in which an undo has to work."""
    return {
        path: replace(fact, mtime_ns=0) if stat.S_ISDIR(fact.kind) else fact for path, fact in account(root).items()
    }


def orders_of(fleets: Fleets) -> list[Path]:
    """The orders that are left."""
    return [*(fleets.backup / str(LABEL) / "daily" / ".restores").glob("*")]


def assert_restored(fleets: Fleets, told: object = "") -> None:
    """The target is what the source was, byte for byte, and nothing is left of how it came there."""
    assert account(target_of(fleets)) == account(fleets.source), told
    assert orders_of(fleets) == []


def test_two_instances_restore_everything(fleets: Fleets) -> None:
    """Into a new directory; the helper is gone before hard links and the directories above are made true."""
    result = restored(fleets, "helper")
    assert result["status"] == "Success", (result, fleets.log("leader"))
    assert_restored(fleets)
    assert fleets.closed == ["helper"]
    assert "Share " in fleets.log("helper")
    assert "16 shares for 2 instances." in str(result["notes"])


@pytest.mark.long
def test_what_two_instances_have_replaced_is_put_back_by_an_undo(fleets: Fleets) -> None:
    """The quarantine and the journal are the leader's alone, and are written before anybody else begins."""
    subprocess.run(("cp", "-a", fleets.source, target_of(fleets)), check=True)
    chance = random.Random(5)  # noqa: S311 - no secret
    change(target_of(fleets), chance)
    before = undated(target_of(fleets))
    fleets.mode = RestoreMode.MIRROR
    result = restored(fleets, "helper")
    assert result["status"] == "Success", (result, fleets.log("leader"))
    assert_restored(fleets)
    assert "Share " in fleets.log("helper")
    undo = UndoRun(UndoRequest(result["quarantine"]), now=datetime.now(UTC), stop=Stop(Window()), watcher=NoWatcher())
    assert undo.run().status is UndoStatus.SUCCESS
    assert undated(target_of(fleets)) == before


@pytest.mark.long
def test_where_nothing_can_be_written_beside_the_snapshots_one_restores_alone(fleets: Fleets) -> None:
    """As by a restore stack, which only reads them; the result says so."""
    (fleets.backup / str(LABEL) / "daily" / ".restores").write_text("in the way")
    result = lead(fleets, DirectoryQueue(fleets.place / "queue", "leader"), NobodyElse())
    assert result.status is RestoreStatus.SUCCESS, result
    assert "Restored by one instance: nothing can be written beside the snapshots" in str(result.notes)
    assert account(target_of(fleets)) == account(fleets.source)


def test_what_was_made_beside_a_name_is_known_again_by_its_mark(tmp_path: Path) -> None:
    """Files of others with a like name stay, and all that lies where the snapshot has no directory."""
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("top/below/file", "other/file"):
        write(source / name)
    (source / "top" / "gone").mkdir()
    mark, others = "0123456789abcdef", "fedcba9876543210"
    stay = [
        f"top/.efs-backup-{others}1",
        "top/.file.Ab12Cd",
        f"other/.efs-backup-{mark}2",
        f"top/own/.efs-backup-{mark}3",
    ]
    for name in (*stay, f"top/.efs-backup-{mark}4", f"top/below/.efs-backup-{mark}5"):
        write(target / name)
    with Tree(source) as one, Tree(target) as other:
        clear_remains(one, other, [Top("top", (), None, 0)], mark)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()) == sorted(stay)


class HauntedQueue(DirectoryQueue):
    """Before the shares are handed out, somebody has begun one and was ended in the midst of it."""

    haunted: Path
    snapshot: Path
    target: Path
    left: list[Path]

    def send(self, order: str, shares: Sequence[int]) -> None:
        """See ShareQueue. One file is torn, but has all attributes of the whole one."""
        (self.haunted / order / "begun.3.0").symlink_to("ghost")
        top = json.loads((self.haunted / order / "order.json").read_text())["shares"][3]["tops"][0]["path"]
        whole = next(path for path in (self.snapshot / top).rglob("file-*") if path.is_file())
        torn = self.target / whole.relative_to(self.snapshot)
        write(torn, "x" * whole.stat().st_size, whole.stat().st_mtime_ns)
        self.left = [torn, torn.with_name(f".efs-backup-{order}0123")]
        write(self.left[1], "half of it")
        super().send(order, shares)


def lead(fleets: Fleets, queue: ShareQueue, fence: Fence, stop: Stop | None = None) -> RestoreResult:
    """Lead in this process, with nobody else."""
    request = RestoreRequest(str(fleets.backup), str(target_of(fleets)), LABEL)
    runner, watcher = Runner.with_new_family(), NoWatcher()
    run = RestoreRun(request, now=datetime.now(UTC), runner=runner, stop=stop or Stop(Window()), watcher=watcher)
    return run.run(Fleet(2, "leader", queue, fence))


@pytest.mark.long
def test_what_somebody_left_who_was_ended_is_made_good_when_nobody_else_is_there(fleets: Fleets) -> None:
    """A torn file is found by its content, and what he was about to rename is gone."""
    queue = HauntedQueue(fleets.place / "queue", "leader")
    series = fleets.backup / str(LABEL) / "daily"
    queue.haunted, queue.target = series / ".restores", target_of(fleets)
    (queue.snapshot,) = series.glob("2*Z")
    result = lead(fleets, queue, NobodyElse())
    assert result.status is RestoreStatus.SUCCESS, result
    assert_restored(fleets)
    assert [path.exists() for path in queue.left] == [True, False]


class NoEnd(NobodyElse):
    """A fence that cannot be had."""

    def close(self, beat: Callable[[], None]) -> None:
        """See Fence."""
        raise NotFenced("Not terminated within 15 minutes: i-2.", "Terminate these instances.")


@pytest.mark.long
def test_a_restore_that_others_may_still_write_into_has_failed(fleets: Fleets) -> None:
    """Nothing that needs all to be there is done, and the journal has no end; the message names who is there."""
    with pytest.raises(RestoreFailed, match=r"Not terminated within 15 minutes: i-2\."):
        lead(fleets, DirectoryQueue(fleets.place / "queue", "leader"), NoEnd())


@pytest.mark.long
def test_a_restore_that_is_stopped_has_nobody_else_left_when_it_ends(fleets: Fleets) -> None:
    """For the same restore again, or an undo, is alone with the target."""
    queue, fence = ClosingQueue(fleets.place / "queue", "leader"), CountedFence()
    queue.stop = Stop(Window())
    result = lead(fleets, queue, fence, queue.stop)
    assert (result.status, fence.closed) == (RestoreStatus.INCOMPLETE, 1)
    assert orders_of(fleets) == []


class CountedFence(NobodyElse):
    """Counts how often it was closed."""

    closed = 0

    def close(self, beat: Callable[[], None]) -> None:
        """See Fence."""
        self.closed += 1


@pytest.mark.long
def test_a_helper_does_not_work_in_another_directory(fleets: Fleets, tmp_path: Path) -> None:
    """One that is known by the same path, and is not the one that the leader has compared."""
    other = tmp_path / "elsewhere" / "target"
    other.mkdir(parents=True)
    mine, fleets.target = fleets.target, other
    fleets.start("helper", "help-restore")
    fleets.target = mine
    result = restored(fleets)
    assert result["status"] == "Success", result
    assert_restored(fleets)
    assert not [*other.iterdir()]
    assert "Somebody has replaced the target" in fleets.log("helper")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_instance_writes_to_what_is_published(fleets: Fleets, tmp_path: Path) -> None:
    """All processes of both are traced."""
    before = account(fleets.backup / str(LABEL) / "daily.0")
    fleets.trace = tmp_path / "trace"
    result = restored(fleets, "helper")
    assert result["status"] == "Success", result
    assert_restored(fleets)
    (snapshot,) = (fleets.backup / str(LABEL) / "daily").glob("2*Z")
    assert_nothing_below_is_changed(traced_lines(fleets.trace), snapshot)
    assert account(fleets.backup / str(LABEL) / "daily.0") == before


@pytest.mark.long
@pytest.mark.parametrize("phase", ["order", "share", "result", "before", "after"])
def test_a_restore_whose_leader_was_killed_is_made_again(fleets: Fleets, phase: str) -> None:
    """Who was at work for the lost one is ended first: nobody writes into what the next has made true."""
    fleets.pace, fleets.workers, fleets.mode = 500, 3, RestoreMode.MIRROR
    fleets.kills_leader = phase if phase in {"before", "after"} else ""
    fleets.start("helper", "help-restore")
    fleets.start("leader", "restore")
    patterns = {"order": ".restores/*/order.json", "share": ".restores/*/begun.*", "result": ".restores/*/ended.*"}
    if pattern := patterns.get(phase):
        assert fleets.wait_for(pattern)
        fleets.kill("leader")
    fleets.machines.get("leader") and fleets.machines["leader"].wait(60)
    fleets.machines.pop("leader", None)
    if "helper" in fleets.machines:
        fleets.freeze("helper")
    result = restored(fleets)
    assert result["status"] == "Success", fleets.log("leader")
    assert_restored(fleets)


FAULTS = ("killed", "frozen", "frozen for a while", "cut off")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_restore_is_true_whatever_becomes_of_a_helper(fleets: Fleets) -> None:
    """At a random moment one is killed, frozen, frozen for longer than anybody waits, or cut from the queue.

    The target is the snapshot, byte for byte and to the last attribute, and nothing beside it.
    """
    chance, hits = random.Random(28), 0  # noqa: S311 - no secret
    fleets.pace, fleets.workers = 500, 3
    snapshot = Path(os.path.realpath(fleets.backup / str(LABEL) / "daily.0"))
    wanted = account(snapshot)
    for number in range(40):
        fault, fleets.mode = FAULTS[number % len(FAULTS)], [*RestoreMode][number % 2]
        if target_of(fleets).exists() and number % 3:
            change(target_of(fleets), chance)
            fleets.mode = RestoreMode.MIRROR
        else:
            shutil.rmtree(target_of(fleets), ignore_errors=True)
        for helper in _HELPERS:
            fleets.start(helper, "help-restore")
        fleets.start("leader", "restore")
        hits += fleets.disturb(_HELPERS[0], fault, chance)
        result = fleets.result()
        fleets.join(_HELPERS[0])
        for helper in _HELPERS:
            fleets.kill(helper)
        told = (number, fault, fleets.mode, result, fleets.log("leader")[-2000:])
        assert result["status"] == "Success", told
        assert_restored(fleets, told)
        assert account(snapshot) == wanted, told
    assert check_by_mtree(snapshot, target_of(fleets)) == ""
    assert hits > 25
