"""An operator's work with further file systems of a stack: a start, a look, what came of it, by label."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.operations.hold_requests import HoldAction
from efs_backup.domain.operations.triggers import RUNNING, hold_event, stop_event
from efs_backup.domain.results import BackupStatus
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.pin_table import PinTable
from tests.stack.described import Ask, describe, outputs_of
from tests.stack.operating import PARAMETERS, Operator, answering
from tests.support.cloud import TABLE, Cloud, a_stack
from tests.support.rows import add_row, ends, further_sources, look, records


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack that may back up several file systems, and answers."""
    with a_stack(monkeypatch.setenv) as made, answering(made), further_sources(made):
        given = PARAMETERS | {"FurtherSources": "Yes", "SrcEFS": made.environment["SOURCE_FILE_SYSTEM"]}
        describe("many", outputs_of(made), **given)
        yield made


def test_a_start_names_its_file_system_and_waits_beside_another(cloud: Cloud, ask: Ask) -> None:
    """A person is told that it waits; in the end each label has a record of its own, which history tells apart."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    started = operator("start", "many", "--json").json
    waits = operator("start", "many", "--label", "web", "--json").json
    assert (started["action"], waits["action"], waits["window_stops"]) == ("start", "queue", None)
    ends(cloud, records(cloud)[""].backup_id)
    assert records(cloud)["web"].status is BackupStatus.RUNNING
    told = operator("status", "many").stdout
    assert "backup of web" in told
    assert "efs-backup stack list" in told
    ends(cloud, records(cloud)["web"].backup_id)
    assert {one["label"] for one in operator("history", "many", "--json").json["backups"]} == {"web", "efs-backup"}
    (only,) = operator("history", "many", "--label", "web", "--json").json["backups"]
    assert only["label"] == "web"


def test_a_start_of_a_further_file_system_is_one_of_its_own_record(cloud: Cloud, ask: Ask) -> None:
    """The id that is told is that of the record, so that it can be followed."""
    add_row(cloud, "web")
    answer = Operator(cloud, ask)("start", "many", "--label", "web", "--interval", "daily", "--json").json
    assert (answer["action"], answer["backup_id"]) == ("start", records(cloud)["web"].backup_id)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--label", "plugh"), 5, "There is no row plugh"),
        (("--interval", "daily"), 2, "Give both"),
        (("--label", "web", "--drill"), 2, "Leave --label out"),
    ],
)
def test_a_start_of_what_there_is_not_is_refused(
    cloud: Cloud, ask: Ask, given: tuple[str, ...], code: int, said: str
) -> None:
    """Before anything is asked of the orchestrator."""
    assert said in Operator(cloud, ask)("start", "many", *given, code=code).stderr
    assert records(cloud) == {}


def test_a_release_is_of_the_file_system_that_is_named_and_of_no_other(cloud: Cloud, ask: Ask) -> None:
    """Its own agent carries it out; status tells of which it waits. What there is not is refused."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    assert "web/daily" in operator("release", "many", "--label", "web", "--reason", "meant").stdout
    table = HoldTable(boto3.client("dynamodb"), TABLE)
    assert (table.pending(), [one.reason for one in table.of_row("web/daily").pending()]) == ([], ["meant"])
    operator("hold", "many", "--reason", "look first")
    assert [one.reason for one in table.pending()] == ["look first"]
    assert {one["row"] for one in operator("status", "many", "--json").json["asked"]} == {"web/daily", None}
    assert "release of web/daily" in operator("status", "many").stdout
    assert "no row plugh" in operator("release", "many", "--label", "plugh", "--reason", "x", code=5).stderr
    assert list(records(cloud)) == [], "a request is no record"


def test_an_event_about_an_inactive_row_asks_nobody(cloud: Cloud) -> None:
    """No agent would ever carry it out."""
    add_row(cloud, "web", is_active=False, why="its tag is gone")
    asked = hold_event(HoldAction.RELEASE, "meant", "ann") | {"label": "web"}
    assert "inactive, and no agent would do it: its tag is gone" in cloud.call(asked)["reason"]


@pytest.mark.long
def test_the_latest_snapshot_is_that_of_the_file_system_that_is_meant(cloud: Cloud, ask: Ask) -> None:
    """Another label may have a newer one, which the agent of this one would not find."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    first = cloud.schedule_fires()
    ends(cloud, first.backup_id)
    cloud.time = "2026-11-22T02:10:00Z"
    look(cloud)
    web = records(cloud)["web"]
    cloud.agent_claims(web.backup_id)
    cloud.agent_reports(web.backup_id, BackupStatus.SUCCESS, snapshot="20261122T021000Z")
    asked = operator("pin", "latest", "many", "--reason", "x", "--json").json
    assert asked["snapshot"] == "20261122T020000Z"
    asked = operator("pin", "latest", "many", "--reason", "x", "--label", "web", "--json").json
    assert asked["snapshot"] == "20261122T021000Z"
    table = PinTable(boto3.client("dynamodb"), TABLE)
    assert [str(one.wish.snapshot) for one in table.pending()] == ["20261122T020000Z"]
    assert [str(one.wish.snapshot) for one in table.of_row("web/daily").pending()] == ["20261122T021000Z"]


def test_the_backup_of_a_label_is_stopped_by_its_label(cloud: Cloud, ask: Ask) -> None:
    """Beside it others may run, of which one was started last."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    first = cloud.schedule_fires()
    assert "Nothing runs of web" in operator("stop", "many", "--label", "web", code=5).stderr
    assert operator("stop", "many", "--label", "efs-backup", "--json").json["backup_id"] == first.backup_id


@pytest.mark.long
def test_of_several_that_run_a_stop_ends_the_one_that_is_meant(cloud: Cloud, ask: Ask) -> None:
    """An older one too; without a label it says which there are. Status shows all of them."""
    with further_sources(cloud, concurrent=2):
        add_row(cloud, "web")
        operator = Operator(cloud, ask)
        first = cloud.schedule_fires()
        cloud.time = "2026-11-22T02:10:00Z"
        operator("start", "many", "--label", "web")
        web = records(cloud)["web"]
        said = operator("stop", "many", code=2).stderr
        assert f"2 run: backup of web {web.backup_id}, backup of efs-backup {first.backup_id}." in said
        assert "--label LABEL" in said
        answer = operator("status", "many", "--json").json
        assert (answer["running"]["record"]["label"], answer["beside"][0]["record"]["label"]) == ("web", "efs-backup")
        assert f"backup {first.backup_id}" in operator("status", "many").stdout
        several = cloud.call(stop_event(RUNNING, "ann"))
        assert several["action"] == "ignore"
        assert web.backup_id in several["reason"]
        stopped = operator("stop", "many", "--label", "efs-backup", "--json").json
        assert (stopped["backup_id"], cloud.store.get(web.backup_id).stop_cause) == (first.backup_id, None)
        assert cloud.store.get(first.backup_id).stop_cause
        cloud.agent_reports(web.backup_id, BackupStatus.SUCCESS)
        assert operator("stop", "many", "--json").json["backup_id"] == first.backup_id


def test_the_latest_snapshot_is_one_of_the_stacks_own_label(cloud: Cloud, ask: Ask) -> None:
    """A pin is made in the series of the first row, where another label's snapshot is not."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    operator("start", "many", "--label", "web")
    web = records(cloud)["web"]
    cloud.store.update(web, replace(web, snapshot="20261122T020000Z"))
    assert "no snapshot" in operator("pin", "latest", "many", "--reason", "the audit", code=5).stderr


def test_a_restore_beside_any_file_systems_backup_is_refused_at_once(cloud: Cloud, ask: Ask) -> None:
    """Also where that is not what was started last."""
    add_row(cloud, "web")
    operator = Operator(cloud, ask)
    operator("start", "many", "--label", "web")
    said = operator("restore", "many", "--path", "/a", "--to-original", "--dry-run", code=4).stderr
    assert records(cloud)["web"].backup_id in said
