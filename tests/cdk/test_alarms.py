"""The alarms of the backup stack, held against what its programs publish."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from efs_backup.domain.operations.figures import NAMESPACE, STACK_DIMENSION, Figure
from efs_backup.domain.results import BackupStatus
from tests.support.cloud import Cloud, a_stack
from tests.support.template import Template

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
_OF_ROWS = {Figure.HOURS_PAST_DUE, Figure.ROW_HELD_DAYS, Figure.ROW_WINDOW_USED, Figure.ROW_DAYS_LEFT}
_EXPECTED = {"NoSuccess", "WindowUsed", "WindowFills", "MassChange", "FailedEvents", "NotTold"}

Metric = tuple[str, frozenset[tuple[str, str]]]
"""A name and its dimensions."""


def _alarms(template: Template) -> dict[str, Any]:
    """All that exist, by the end of their names."""
    found = [template.resolve(each["Properties"]) for each in template.resources("AWS::CloudWatch::Alarm").values()]
    return {each["AlarmName"].removeprefix("EfsBackup-"): each for each in found}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Metric]]:
    """The metrics that the orchestrator has written after a success of which all is known, and a look for drills."""
    with a_stack(monkeypatch.setenv) as cloud:
        monkeypatch.setenv("DRILL_SCHEDULE", "rate(7 days)")
        _a_full_night(cloud)
        cloud.reconcile()
        found = boto3.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
        yield {
            (each["MetricName"], frozenset((one["Name"], one["Value"]) for one in each["Dimensions"])) for each in found
        }


def _a_full_night(cloud: Cloud) -> None:
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = "2026-11-22T02:41:00Z"
    cloud.agent_reports(
        backup.backup_id, BackupStatus.SUCCESS, snapshot="20261122T020000Z", number_of_files=12,
        number_of_files_transferred=1, total_file_size=1000, total_transferred_file_size=100, forecast_days_left=30,
        changed_share=0.1, scrub_coverage=100.0,
    )  # fmt: skip
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


def _watched(template: Template) -> set[Metric]:
    """The metrics of our namespace that alarms and dashboard take; the name of the stack is that of `published`."""
    alarms = [each for each in _alarms(template).values() if each["Namespace"] == NAMESPACE]
    counted = template.properties("AWS::Logs::MetricFilter")["MetricTransformations"][0]["MetricName"]
    of_alarms = {
        (each["MetricName"], frozenset((one["Name"], one["Value"]) for one in each.get("Dimensions", ())))
        for each in alarms if each["MetricName"] != counted
    }  # fmt: skip
    body = template.properties("AWS::CloudWatch::Dashboard")["DashboardBody"]
    shown = re.findall(rf'"{NAMESPACE}","(\w+)","(\w+)","(\w+)"', body)
    return {
        (name, frozenset((key, value.replace("EfsBackup", "efs-backup")) for key, value in dimensions))
        for name, dimensions in of_alarms | {(name, frozenset({(key, value)})) for name, key, value in shown}
    }


def test_what_is_watched_is_what_is_published(backup: Template, published: set[Metric]) -> None:
    """By name and dimension: of a metric with another name an alarm would wait for ever."""
    watched = _watched(backup.having(DrillSchedule="rate(7 days)"))
    assert len(watched) >= 9
    assert watched <= published


def test_every_figure_is_published(published: set[Metric]) -> None:
    """None is a name without a value, and each is of the stack."""
    assert {name for name, _ in published} == set(Figure) - _OF_ROWS
    assert {dimensions for _, dimensions in published} == {frozenset({(STACK_DIMENSION, "efs-backup")})}


def test_alarms_are_named_after_the_stack_and_exist_where_they_mean_something(backup: Template) -> None:
    """An alarm about drills would ring for ever where none are wanted."""
    assert _alarms(backup).keys() == _EXPECTED
    assert _alarms(backup.having(DrillSchedule="rate(7 days)")).keys() == _EXPECTED | {"NoDrill"}
    further = _alarms(backup.having(FurtherSources="Yes")).keys() - _EXPECTED
    assert further == {"PastDue", "RowHeld", "RowWindowUsed", "RowWindowFills"}


def test_each_alarm_says_what_to_do_and_where_more_is_written(backup: Template) -> None:
    """In the mail that it sends, of at most 1,024 letters; the runbook is there, with a part on what to do."""
    for alarm in _alarms(backup.having(DrillSchedule="rate(7 days)", FurtherSources="Yes")).values():
        text, _, runbook = alarm["AlarmDescription"].rpartition(" Runbook: ")
        assert len(alarm["AlarmDescription"]) <= 1024
        assert text.count(". ") >= 1
        assert text.endswith(".")
        assert "\n## Do\n" in (RUNBOOKS / runbook.removeprefix("docs/runbooks/")).read_text()


def test_each_runbook_of_an_alarm_is_there() -> None:
    """Also the index."""
    from cdk.constructs.runbooks import Runbook

    assert all((RUNBOOKS / runbook).is_file() for runbook in Runbook)


def test_runbooks_are_linked_where_their_address_is_known(backup: Template) -> None:
    """A mail program makes a link of it."""
    given = backup.having(RunbookAddress="https://wiki.example.com/runbooks/")
    assert _alarms(given)["NoSuccess"]["AlarmDescription"].endswith(" https://wiki.example.com/runbooks/no-success.md")
    assert (
        "[the runbooks](https://wiki.example.com/runbooks/README.md)"
        in given.properties("AWS::CloudWatch::Dashboard")["DashboardBody"]
    )


@pytest.mark.parametrize(
    "address", ["wiki", "http://wiki/", "https://wiki/runbooks", 'https://wiki/"/', "https://a b/"]
)
def test_an_address_that_would_break_links_is_refused(backup: Template, address: str) -> None:
    """The dashboard is JSON, and a file's name is put behind the address."""
    assert not re.fullmatch(backup.parameters["RunbookAddress"]["AllowedPattern"], address)


def test_alarms_tell_their_end_too_where_that_means_something(backup: Template) -> None:
    """A queue that somebody has emptied is no good news."""
    silent = {name for name, each in _alarms(backup).items() if not each.get("OKActions")}
    assert silent == {"FailedEvents"}
    assert all(each["AlarmActions"] for each in _alarms(backup).values())


def test_an_alarm_about_the_last_backup_stays_until_the_next_one(backup: Template) -> None:
    """Hours without a backup say nothing about the window, nor about what is held."""
    alarms = _alarms(backup)
    assert {alarms[name]["TreatMissingData"] for name in ("WindowUsed", "MassChange")} == {"ignore"}
    assert (alarms["WindowUsed"]["Threshold"], alarms["MassChange"]["Threshold"]) == (80, 0)
