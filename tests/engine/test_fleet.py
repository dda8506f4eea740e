"""One backup on several instances: whatever becomes of them, a snapshot is true."""

import json
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efs_backup.domain.errors import FailureReason
from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.sharing.fleet import Fleet, ShareQueue
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.runs.sharing.trash_shares import trash_places
from tests.engine.fleet_nights import ClosingQueue, NobodyElse, change, grow
from tests.support.builders import A_DAY_AGO_NS, Fact, account, write
from tests.support.fleet import LABEL, DirectoryQueue, Fleets, NoWatcher
from tests.support.proved import assert_proved, check_by_mtree
from tests.support.traced import assert_only_new_is_written, traced_lines


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[Fleets]:
    """A source with many directories."""
    source, backup = tmp_path / "source", tmp_path / "backup"
    backup.mkdir()
    grow(source)
    with Fleets(tmp_path / "fleet", source, backup, workers=2) as fleets:
        yield fleets


def is_true(fleets: Fleets, path: str, without_hash: int | None = 0) -> None:
    """A snapshot holds what the source holds, and its manifest says so; of some files without a hash yet."""
    assert account(Path(path)) == account(fleets.source)
    assert_proved(Path(path), without_hash=without_hash)
    assert check_by_mtree(Path(path)) == ""
    assert not [*(Path(path).parent / ".shares").iterdir()]


def test_two_instances_make_one_backup(fleets: Fleets) -> None:
    """Each does some of the shares; the helper is gone before anything is published."""
    fleets.start("helper", "help")
    fleets.start("leader", "lead")
    result = fleets.result()
    assert result["status"] == "Success", fleets.log("leader")
    is_true(fleets, result["path"])
    assert fleets.closed == ["helper"]
    assert "Share " in fleets.log("helper")
    write(fleets.source / "d4/4/deep/file-1", "changed")
    os.utime(fleets.source / "d4/4/deep/file-1", ns=(A_DAY_AGO_NS, A_DAY_AGO_NS + 5))
    fleets.start("leader", "lead")
    again = fleets.result()
    assert (again["status"], again["copied"]) == ("Success", 1), again
    is_true(fleets, again["path"])


@pytest.mark.long
@pytest.mark.root
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_instance_writes_to_what_exists(fleets: Fleets, tmp_path: Path) -> None:
    """All processes of both are traced, in a night that keeps, replaces, removes and makes."""
    for _ in range(2):
        fleets.start("leader", "lead")
        fleets.result()
    change(fleets.source, random.Random(3))  # noqa: S311 - no secret
    fleets.trace = tmp_path / "trace"
    fleets.start("helper", "help")
    fleets.start("leader", "lead")
    result = fleets.result()
    assert "Share " in fleets.log("helper")
    assert_only_new_is_written(traced_lines(fleets.trace), Path(result["path"]))
    is_true(fleets, result["path"])


@pytest.mark.long
def test_a_backup_goes_on_with_who_is_there(fleets: Fleets) -> None:
    """No other instance comes, and the queue answers nobody: the leader does all shares."""
    fleets.cut("leader")
    fleets.start("leader", "lead")
    result = fleets.result()
    assert result["status"] == "Success", result
    assert "The queue of the shares does not answer" in " ".join(result["notes"])
    is_true(fleets, result["path"])


class TwiceQueue(DirectoryQueue):
    """Hands each share over twice."""

    def send(self, order: str, shares: Sequence[int]) -> None:
        """See ShareQueue."""
        super().send(order, [*shares, *reversed(shares)])


class PoisonedQueue(DirectoryQueue):
    """Gives up some shares at once."""

    def send(self, order: str, shares: Sequence[int]) -> None:
        """See ShareQueue."""
        super().send(order, shares[2:])
        for share in shares[:2]:
            said = {"order": order, "share": share, "times": 3}
            (self.place / "dead" / str(share)).write_text(json.dumps(said))


def lead(fleets: Fleets, queue: ShareQueue, stop: Stop | None = None) -> BackupResult:
    """Lead in this process, with nobody else."""
    request = BackupRequest(str(fleets.source), str(fleets.backup), LABEL, asked=Asked(Retention(3), init=True))
    run = BackupRun(
        request,
        now=datetime.now(UTC),
        runner=Runner.with_new_family(),
        stop=stop or Stop(Window()),
        watcher=NoWatcher(),
    )
    return run.run(Fleet(2, "leader", queue, NobodyElse()))


@pytest.mark.long
def test_shares_that_come_twice_and_in_any_order_change_nothing(fleets: Fleets) -> None:
    """A share that was done is not done again, and the queue has nothing left."""
    queue = TwiceQueue(fleets.place / "queue", "leader")
    result = lead(fleets, queue)
    assert result.status is BackupStatus.SUCCESS, result
    is_true(fleets, str(result.path))
    assert len([*(fleets.place / "queue" / "messages").iterdir()]) <= len(fleets.queue().dead()) + 16


@pytest.mark.long
def test_a_share_that_nobody_can_do_ends_the_backup_by_name(fleets: Fleets) -> None:
    """Nothing is published; the next backup goes on from what was copied."""
    result = lead(fleets, PoisonedQueue(fleets.place / "queue", "leader"))
    assert (result.status, result.failure_reason) == (BackupStatus.FAILED, FailureReason.COPY_FAILED)
    assert "Share 0 (" in result.message
    assert "cannot be brought" in result.message
    series = fleets.backup / "web" / "daily"
    assert not [*series.glob("2*Z")]
    assert [*series.glob(".partial-*")]
    again = lead(fleets, DirectoryQueue(fleets.place / "queue", "leader"))
    assert again.status is BackupStatus.SUCCESS, again
    is_true(fleets, str(again.path), without_hash=None)


@pytest.mark.long
def test_a_window_that_closes_leaves_what_was_copied_to_the_next_backup(fleets: Fleets) -> None:
    """Files that are whole on the disk are not copied again."""
    queue = ClosingQueue(fleets.place / "queue", "leader")
    queue.stop = Stop(Window())
    result = lead(fleets, queue, queue.stop)
    copied = result.statistics.number_of_files_transferred
    assert (result.status, result.stopped) == (BackupStatus.INCOMPLETE, "the window closed")
    assert copied > 20
    again = lead(fleets, DirectoryQueue(fleets.place / "queue", "leader"))
    assert again.status is BackupStatus.SUCCESS, again
    assert again.statistics.number_of_files_transferred < again.statistics.number_of_files - copied + 10
    is_true(fleets, str(again.path), without_hash=None)
    figures = Manifests(fleets.backup / "web" / "daily").index(str(again.snapshot))
    assert sum(figures.unknown) <= 15, "of one share at most"


@pytest.mark.long
def test_a_leader_that_was_lost_is_followed_by_another_one(fleets: Fleets) -> None:
    """Who was at work by its order is ended first; the partial is continued."""
    fleets.pace = 300
    fleets.start("leader", "lead")
    assert fleets.wait_until_begun("leader")
    fleets.freeze("leader")
    fleets.kill("leader")
    series = fleets.backup / "web" / "daily"
    order = next((series / ".shares").iterdir())
    (order / "begun.5.7").symlink_to("lost-instance")
    fleets.pace = None
    fleets.start("leader", "lead")
    result = fleets.result()
    assert result["status"] == "Success", fleets.log("leader")
    assert fleets.closed == ["lost-instance"]
    is_true(fleets, result["path"], without_hash=None)


def test_directories_of_the_trash_are_shares_where_there_are_enough(tmp_path: Path) -> None:
    """Symlinks lead nowhere, and what is not in the trash is not looked at."""
    for number in range(20):
        write(tmp_path / f".trash/stale/home/{number}/file", "x")
    (tmp_path / ".trash/stale/home/link").symlink_to(tmp_path)
    (tmp_path / ".trash/link").symlink_to("/")
    assert sorted(trash_places(tmp_path, 16)) == sorted(f"stale/home/{number}" for number in range(20))
    assert trash_places(tmp_path, 21) == []
    assert trash_places(tmp_path / "nothing", 1) == []


def _accounts(backup: Path) -> dict[str, dict[str, Fact]]:
    series = backup / "web" / "daily"
    return {path.name: account(path) for path in series.glob("2*Z") if not path.is_symlink()}


def _disturb(fleets: Fleets, fault: str, chance: random.Random) -> bool:
    """Do something to an instance that is at a share; whether it was hit. A leader that was killed is replaced."""
    if fault != "leader killed":
        return fleets.disturb("helper-1", fault, chance)
    if is_hit := fleets.disturb("leader", "killed", chance):
        fleets.start("leader", "lead")
    return is_hit


@pytest.mark.long
@pytest.mark.parametrize("phase", ["partial", "order", "share", "result", "before", "after"])
def test_a_leader_may_be_killed_in_each_phase(fleets: Fleets, phase: str) -> None:
    """As it begins, shares out, works, waits, closes the fence, and as it goes on alone. Another one takes over."""
    fleets.pace, fleets.workers = 500, 3
    fleets.start("leader", "lead")
    fleets.result()
    change(fleets.source, random.Random(phase))  # noqa: S311 - no secret
    before = _accounts(fleets.backup)
    fleets.kills_leader = phase if phase in {"before", "after"} else ""
    fleets.start("leader", "lead")
    fleets.start("helper", "help")
    patterns = {"partial": ".partial-*", "order": ".shares/*/order.json", "share": ".shares/*/begun.*"}
    if pattern := {**patterns, "result": ".shares/*/ended.*"}.get(phase):
        assert fleets.wait_for(pattern)
        fleets.kill("leader")
    fleets.machines.get("leader") and fleets.machines["leader"].wait(60)
    fleets.machines.pop("leader", None)
    assert _accounts(fleets.backup) == before, "nothing is published"
    fleets.start("leader", "lead")
    result = fleets.result()
    assert result["status"] == "Success", fleets.log("leader")
    is_true(fleets, result["path"], without_hash=None)
    after = _accounts(fleets.backup)
    assert all(after[name] == known for name, known in before.items())


FAULTS = ("killed", "frozen", "frozen for a while", "cut off", "leader killed")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_backup_is_true_whatever_becomes_of_an_instance(fleets: Fleets) -> None:
    """At a random moment one is killed, frozen, frozen for longer than anybody waits, or cut from the queue.

    Nothing that was published changes, nothing is lost, and what is published is what the source holds.
    """
    chance, hits = random.Random(20), 0  # noqa: S311 - no secret
    fleets.pace, fleets.workers = 400, 3
    for number in range(50):
        before = _accounts(fleets.backup)
        change(fleets.source, chance)
        fleets.start("leader", "lead")
        for helper in ("helper-1", "helper-2"):
            fleets.start(helper, "help")
        hits += _disturb(fleets, FAULTS[number % len(FAULTS)], chance)
        result = fleets.result()
        fleets.join("helper-1")
        for helper in ("helper-1", "helper-2"):
            fleets.kill(helper)
        told = (number, FAULTS[number % len(FAULTS)], result, fleets.log("leader"))
        assert result["status"] == "Success", told
        assert account(Path(result["path"])) == account(fleets.source), told
        is_true(fleets, result["path"], without_hash=None)
        after = _accounts(fleets.backup)
        assert all(after[name] == known for name, known in before.items() if name in after), number
    assert hits > 35
