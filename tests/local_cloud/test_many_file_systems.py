"""Three file systems in one stack in the local cloud, one of them failing: the others have their nights."""

from datetime import UTC, datetime

import pytest

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.stacks import make_file_system
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.triggers import start_event
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.discovery import TAG
from efs_backup.domain.sources.row import BY_HAND, Policy, Source
from efs_backup.domain.sources.table import Taken
from efs_backup.lib.source_table import SourceRows
from tests.support.builders import account, small_tree
from tests.support.site import Site

pytestmark = pytest.mark.root


@pytest.fixture
def many(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site with two further file systems, `web` and `data`, which are due this minute and never again."""
    made = Site.build(cloud, assembly, FurtherSources="Yes", ConcurrentBackups="2")
    small_tree(made.source)
    now = datetime.now(UTC)
    due = f"cron({now.minute} {now.hour} {now.day} {now.month} ? {now.year})"
    policy = Policy("", Interval.DAILY, "daily=3", due, "", 60)
    for label in ("web", "data"):
        source = make_file_system(cloud, label)
        cloud.client("efs").tag_resource(ResourceId=source, Tags=[{"Key": TAG, "Value": BY_HAND}])
        small_tree(cloud.file_systems.folder(source))
        (cloud.file_systems.folder(source) / label).write_text(label)
        _add(made, Source(FolderLabel(label), source, "/", policy, now.replace(second=0, microsecond=0) - _A_SECOND))
    return made


_A_SECOND = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC)


def _table(site: Site) -> SourceRows:
    return SourceRows(site.cloud.client("dynamodb"), site.stack.outputs["RecordTable"])


def _add(site: Site, row: Source) -> None:
    first = Taken("efs-backup/daily", "efs-backup", (site.source_id, "/"), "daily")
    _table(site).write(_table(site).read().with_row(row, first, site.stack.outputs["BackupEFS"]))


def _ended(site: Site, count: int) -> dict[str, BackupRecord]:
    """The newest record of each label, once so many have ended and nothing goes on; the first row's has none."""

    def all_have_ended() -> bool:
        return sum(each.has_ended for each in site.stack.records()) == count

    site.cloud.wait("all have ended", all_have_ended, 2 * site.patience, every=0.5)
    site.stack.wait_for_the_end(site.patience)
    return {each.label or "": each for each in site.stack.records()}


@pytest.mark.long
def test_three_file_systems_over_two_nights_one_of_them_failing(many: Site) -> None:
    """Two at a time, the third in turn; records, mails and snapshots are by label, and no failure touches another."""
    data, web = (many.cloud.file_systems.folder(row.file_system) for row in _table(many).read().rows)
    (target,) = many.cloud.client("efs").describe_mount_targets(FileSystemId=data.name)["MountTargets"]
    many.cloud.file_systems.not_mountable(target["IpAddress"])
    many.stack.fire_schedule()
    many.cloud.bridge.fire(next(name for name in many.stack.rules() if "Due" in name))
    night = _ended(many, 3)
    assert {label: each.status for label, each in night.items()} == {
        "": BackupStatus.SUCCESS, "web": BackupStatus.SUCCESS, "data": BackupStatus.FAILED,
    }  # fmt: skip
    assert night["data"].failure_reason is FailureReason.MOUNT_FAILED
    assert len({each.instance_id for each in night.values()}) == 3
    many.cloud.file_systems.mountable(data.name, target["IpAddress"])
    for label in (None, "web", "data"):
        many.cloud.functions.invoke(many.stack.outputs["Orchestrator"], start_event(label))
    second = _ended(many, 6)
    assert {each.status for each in second.values()} == {BackupStatus.SUCCESS}, second
    for label, source in (("efs-backup", many.source), ("web", web), ("data", data)):
        snapshot = second[label if label in second else ""].snapshot
        assert account(many.backup / label / "daily" / str(snapshot)) == account(source)
    told = sorted(subject.split(":")[0] for subject in many.subjects())
    assert told == sorted(["EFS backup succeeded", "web", "data"] * 2)
    assert [done.succeeded for done in many.cloud.functions.done] == [True] * len(many.cloud.functions.done)
    assert (many.stack.capacity(), many.stack.instances(), many.stack.stop_rules()) == (0, [], [])
