"""The dashboard of the backup stack, as the JSON that CloudFormation would hand to CloudWatch."""

import json
from itertools import combinations
from typing import Any

import pytest

from tests.support.template import PSEUDO, Template

_SETS: list[dict[str, str]] = [
    {},
    {"DrillSchedule": "rate(7 days)"},
    {"ThroughputMode": "bursting"},
    {"EFSMode": "maxIO"},
    {"ExistingBackupEFS": "fs-33333333", "RunbookAddress": "https://wiki.example.com/"},
    {"DrillSchedule": "rate(7 days)", "ThroughputMode": "bursting", "BackupWindow": "60", "KmsKey": "arn:aws:kms:x"},
]
_MOST_BYTES = 30_000


def _widgets(backup: Template, **given: str) -> list[dict[str, Any]]:
    body = json.loads(backup.having(**given).properties("AWS::CloudWatch::Dashboard")["DashboardBody"])
    widgets: list[dict[str, Any]] = body["widgets"]
    return widgets


def _titles(backup: Template, **given: str) -> list[str]:
    return [each["properties"].get("title", each["type"]) for each in _widgets(backup, **given)]


@pytest.mark.parametrize("given", _SETS)
def test_the_body_is_a_dashboard_whatever_is_left_out(backup: Template, given: dict[str, str]) -> None:
    """JSON, small, no widget upon another, and none wider than the page."""
    assert len(backup.having(**given).properties("AWS::CloudWatch::Dashboard")["DashboardBody"]) < _MOST_BYTES
    widgets = _widgets(backup, **given)
    assert all(one["x"] + one["width"] <= 24 for one in widgets)
    for one, other in combinations(widgets, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        apart = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or apart


def test_the_state_comes_first_and_file_systems_last(backup: Template) -> None:
    """The figure that counts is the first that one sees."""
    assert _titles(backup) == [
        "Alarms",
        "Hours since success", "Window used, %", "New, GB", "Days until the window is full", "Scrub, % of what is due",
        "Duration of backups, and their window", "Files and bytes",
        "The last 10 backups",
        "PercentIOLimit", "TotalIOBytes",
        "text",
    ]  # fmt: skip


def test_the_window_is_a_line_in_the_graph_of_durations(backup: Template) -> None:
    """A number, in the unit of the graph."""
    (graph,) = (each for each in _widgets(backup, BackupWindow="240") if "window" in str(each).lower()
                and "annotations" in each["properties"])  # fmt: skip
    (line,) = graph["properties"]["annotations"]["horizontal"]
    assert (line["value"], line["label"]) == (240, "Window")
    assert graph["properties"]["metrics"][0][0]["expression"] == "took / 60"


def test_drills_are_shown_where_there_are_drills(backup: Template) -> None:
    """Their figure, and their alarm beside the others."""

    def alarms(**given: str) -> set[str]:
        return {arn.rpartition("-")[2] for arn in _widgets(backup, **given)[0]["properties"]["alarms"]}

    assert "Hours since a drill" in _titles(backup, DrillSchedule="rate(7 days)")
    assert alarms(DrillSchedule="rate(7 days)") - alarms() == {"NoDrill"}


@pytest.mark.parametrize("given", [{"ThroughputMode": "bursting"}, {"EFSMode": "maxIO"}])
def test_credits_are_shown_where_throughput_bursts(backup: Template, given: dict[str, str]) -> None:
    """Elastic throughput has none."""
    assert "BurstCreditBalance" in _titles(backup, **given)
    assert "BurstCreditBalance" not in _titles(backup)


def test_the_table_asks_for_lines_of_ended_backups_alone(backup: Template) -> None:
    """Each backup once, the newest first; after `dedup` Logs Insights takes nothing but `limit`."""
    (table,) = (each["properties"] for each in _widgets(backup) if each["type"] == "log")
    source, *commands = table["query"].replace("\n", "").split("| ")
    assert source.strip() == f"SOURCE '<{backup.one('AWS::Logs::LogGroup')[0]}>'"
    assert [command.split()[0] for command in commands] == ["fields", "filter", "sort", "dedup", "limit"]
    assert table["view"] == "table"


@pytest.mark.parametrize(
    ("partition", "domain"), [("aws", "console.aws.amazon.com"), ("aws-cn", "console.amazonaws.cn")]
)
def test_the_links_lead_to_the_console_of_the_partition(
    backup: Template, partition: str, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the table, the bucket, the log, the group and both file systems."""
    monkeypatch.setitem(PSEUDO, "AWS::Partition", partition)
    (text,) = (each["properties"]["markdown"] for each in _widgets(backup) if each["type"] == "text")
    places = [line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("- [")]
    assert len(places) >= 8
    assert all(place.startswith(f"https://us-east-1.{domain}/") for place in places)
    table, _ = backup.one("AWS::DynamoDB::Table")
    assert any(f"<{table}>" in place for place in places)
