"""An operator's work with a stack from a terminal."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.status import Alarm
from efs_backup.domain.results import BackupStatus
from tests.stack.described import Ask
from tests.stack.operating import LOG, Operator, answering, describe_all
from tests.support.cloud import REGION, Cloud, a_stack


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack that answers."""
    with a_stack(monkeypatch.setenv) as made, answering(made):
        describe_all(made)
        yield made


@pytest.fixture
def operator(cloud: Cloud, ask: Ask) -> Operator:
    """Its operator."""
    return Operator(cloud, ask)


def _night(cloud: Cloud, day: int, status: BackupStatus = BackupStatus.SUCCESS, **known: Any) -> BackupRecord:
    """A night that ends like that after 43 minutes."""
    cloud.time = f"2026-11-{day:02}T01:00:00Z"
    backup = cloud.schedule_fires()
    cloud.agent_claims(backup.backup_id)
    cloud.time = f"2026-11-{day:02}T01:43:00Z"
    figures = {
        "number_of_files": 1_204_331, "number_of_files_transferred": 12, "total_transferred_file_size": 3_100_000_000,
        "snapshot": f"202611{day:02}T010000Z", "forecast_seconds": 2580.0,
    }  # fmt: skip
    cloud.agent_reports(backup.backup_id, status, **(figures if status is BackupStatus.SUCCESS else {}), **known)
    cloud.agent_goes_home()
    return cloud.store.get(backup.backup_id)


def test_status_tells_the_pins_that_the_last_success_has_found(cloud: Cloud, operator: Operator) -> None:
    """Who runs an older agent is not told that there are none."""
    assert "pins      not known" in operator("status").stdout
    _night(cloud, 24, pinned="20261122T010000Z pinned until 2027-01-31: the audit\n20261120T010000Z pinned: for good")
    said = operator("status").stdout
    assert "pins      20261122T010000Z pinned until 2027-01-31: the audit" in said
    assert "          20261120T010000Z pinned: for good" in said
    assert operator("status", "--json").json["pins"][1] == {"snapshot": "20261120T010000Z", "told": "pinned: for good"}
    _night(cloud, 25, pinned="")
    assert "pins      none" in operator("status").stdout


def test_status_of_a_stack_before_its_first_night(operator: Operator) -> None:
    """Nothing is known yet but the plan: each line says so."""
    said = operator("status").stdout
    assert "no backup has ended yet" in said
    assert "cron(0 2 * * ? *) Europe/Berlin, window 180 min, keeps last=7" in said
    assert "2026-11-23 01:00:00 UTC (in 23 h)" in said
    answer = operator("status", "--json").json
    assert (answer["last"], answer["activity"], answer["next_start"]) == (None, "idle", "2026-11-23T01:00:00Z")
    assert (answer["alarms"], answer["is_well"]) == ([], True)


def test_status_tells_the_last_night_the_next_one_and_what_is_wrong(
    cloud: Cloud, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success, then a failure whose message is there, an alarm, a hold, and somebody who gets no mails."""
    _night(cloud, 24, hold="20261120T010000Z")
    _night(cloud, 25, BackupStatus.FAILED, message="The mount failed.")
    since = datetime(2026, 11, 24, 14, 43, tzinfo=UTC)
    rung = [Alarm("efs-backup-NoSuccess", since, "Threshold crossed")]
    monkeypatch.setattr("efs_backup.lib.looks.alarms_of", lambda *_: rung)  # moto makes no alarms of templates
    boto3.client("sns").subscribe(TopicArn=cloud.environment["TOPIC_ARN"], Protocol="email", Endpoint="you@example.com")
    cloud.time = "2026-11-25T10:43:00Z"
    said = operator("status").stdout
    assert "last      Failed  2026-11-25 01:43:00 UTC (9 h ago), 43 min of 180 min (24 %)" in said
    assert "The mount failed." in said
    assert "success   Success  2026-11-24 01:43:00 UTC (33 h ago), 1,204,331 files, 3.1 GB new" in said
    assert "next      2026-11-26 01:00:00 UTC (in 14 h), may take 43 min" in said
    assert "alarms    efs-backup-NoSuccess (for 20 h)" in said
    assert "hold      nothing older than 20261120T010000Z is dropped" in said
    answer = operator("status", "--json").json
    assert answer["alarms"][0]["reason"] == "Threshold crossed"
    assert (answer["is_well"], answer["forecast_seconds"]) == (False, 2580.0)
    assert (answer["last"]["status"], answer["newest_success"]["snapshot"]) == ("Failed", "20261124T010000Z")


def test_status_shows_how_far_a_backup_is(cloud: Cloud, operator: Operator) -> None:
    """Its phase, its figures, the last sign of its agent and when it must stop; silence is told as silence."""
    backup = cloud.schedule_fires()
    assert "its instance boots" in operator("status").stdout
    instance = cloud.agent_claims(backup.backup_id)
    claimed = cloud.store.get(backup.backup_id)
    cloud.time = "2026-11-22T02:10:00Z"
    alive = replace(claimed, phase="copy", heartbeat_time=cloud.now(), number_of_files=700, total_file_size=5_000_000)
    cloud.store.update(claimed, alive)
    cloud.time = "2026-11-22T02:11:30Z"
    said = operator("status").stdout
    line = f"backup {backup.backup_id}, 11 min: copy, 700 files, 5.0 MB, heard 1 min ago, {instance}, stops at"
    assert f"{line} 2026-11-22 04:45:00 UTC at the latest" in said
    running = operator("status", "--json").json["running"]
    assert (running["phase"], running["instance_id"], running["record"]["files"]) == ("copy", instance, 700)
    cloud.time = "2026-11-22T02:41:00Z"
    assert "SILENT" in operator("status").stdout
    assert operator("status", "--json").json["activity"] == "silent"


def test_status_without_the_right_to_see_alarms_says_so_and_the_rest(
    cloud: Cloud, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not known is not none."""
    _night(cloud, 24)
    monkeypatch.setattr("efs_backup.lib.looks.alarms_of", _refused)
    ended = operator("status")
    assert "alarms    not known" in ended.stdout
    assert "Alarms are not known: no (DescribeAlarms)" in ended.stderr
    answer = operator("status", "--json").json
    assert answer["alarms"] is None
    assert answer["notes"] == ["Alarms are not known: no (DescribeAlarms)"]


def _refused(*_: object) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - of this one test

    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")


def test_a_backup_is_started_and_followed_until_it_has_ended(cloud: Cloud, operator: Operator) -> None:
    """The exit code is that of the backup; on the way standard error tells how far it is."""
    operator.steps = [
        lambda: cloud.agent_claims(cloud.newest().backup_id),
        lambda: cloud.agent_reports(cloud.newest().backup_id, BackupStatus.INCOMPLETE, message="The window closed."),
    ]
    ended = operator("start", "--follow", code=3)
    backup = cloud.newest()
    assert cloud.capacity() == 1
    assert f"backup   {backup.backup_id}" in ended.stdout
    assert "The window closed." in ended.stdout
    assert f"backup {backup.backup_id}, 0 min: its instance boots" in ended.stderr
    assert f"backup {backup.backup_id}, 0 min: begins" in ended.stderr


def test_a_start_says_what_was_started_and_why(cloud: Cloud, operator: Operator) -> None:
    """And the second one is refused, without a record and a mail of a backup that was skipped."""
    answer = operator("start", "--json").json
    assert (answer["action"], answer["reason"]) == ("start", "no backup was started before")
    assert answer["backup_id"] == cloud.newest().backup_id
    assert answer["window_stops"] == "2026-11-22T04:45:00Z"
    ended = operator("start", code=4)
    assert f"the backup {answer['backup_id']}, started on 2026-11-22 02:00 UTC, is still running" in ended.stderr
    assert "efs-backup stack stop" in ended.stderr
    assert operator("start", "--drill", "--json", code=4).json["failure_reason"] == "Locked"
    assert len(list(cloud.store.backups())) == 1
    assert cloud.mails() == []


def test_a_drill_is_started_and_gives_way_to_a_backup(cloud: Cloud, operator: Operator) -> None:
    """As one of the schedule does."""
    drill = operator("start", "--drill", "--json").json["backup_id"]
    assert cloud.store.get(drill).is_drill
    cloud.time = "2026-11-22T02:05:00Z"
    assert operator("start", "--json").json["reason"] == f"the drill {drill} gives way"
    assert operator("status", "--json").json["running"]["kind"] == "backup"


def test_a_start_that_fails_at_once_is_no_success(cloud: Cloud, operator: Operator) -> None:
    """A file system that is gone: the record says so, and so does the exit code."""
    boto3.client("efs").delete_file_system(FileSystemId=cloud.environment["SOURCE_FILE_SYSTEM"])
    ended = operator("start", code=1)
    assert "Failed" in ended.stdout
    assert cloud.newest().status is BackupStatus.FAILED


def test_who_stops_following_stops_no_backup(cloud: Cloud, operator: Operator) -> None:
    """Ctrl-C is told as what it is."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    operator.steps = [interrupt]
    ended = operator("start", "--follow", code=130)
    assert "the backup goes on" in ended.stderr
    assert (cloud.newest().status, cloud.capacity()) == (BackupStatus.RUNNING, 1)


def test_what_runs_is_stopped_and_waited_for(cloud: Cloud, operator: Operator) -> None:
    """The instance is taken away as at the end of the window; without anything that runs there is nothing to stop."""
    assert operator("stop", code=5)
    backup = cloud.schedule_fires()
    answer = operator("stop", "--json").json
    assert (answer["action"], answer["backup_id"], answer["backup"]) == ("stop", backup.backup_id, None)
    assert cloud.capacity() == 0
    operator.steps = [lambda: cloud.agent_reports(backup.backup_id, BackupStatus.INCOMPLETE)]
    assert operator("stop", "--wait", "--json", code=3).json["backup"]["status"] == "Incomplete"


def test_whatever_runs_is_stopped_by_one_word(cloud: Cloud) -> None:
    """As the runbook asks, which knows no id."""
    event = {"mode": "backup", "action": "stop", "backup_id": "running"}
    assert cloud.call(event) == {"action": "ignore", "reason": "nothing is running"}
    cloud.schedule_fires()
    assert cloud.call(event)["action"] == "stop"
    assert cloud.capacity() == 0


def test_what_the_function_raises_is_told(cloud: Cloud, operator: Operator) -> None:
    """With the way to its log; nothing is left running."""
    boto3.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="efs-backup-worker", ForceDelete=True)
    ended = operator("start", code=1)
    assert "The function efs-backup-orchestrator failed: GroupMissing" in ended.stderr
    assert "efs-backup stack logs" in ended.stderr


def test_history_has_the_columns_of_the_command_without_aws(cloud: Cloud, operator: Operator) -> None:
    """The newest first, no drills among them, and no more than asked for."""
    assert operator("history", code=5)
    for day in (24, 25, 26):
        _night(cloud, day, BackupStatus.FAILED if day == 25 else BackupStatus.SUCCESS)
    cloud.call({"mode": "drill", "action": "start"})
    said = operator("history").stdout.splitlines()
    assert said[0].split() == ["STARTED", "STATUS", "SNAPSHOT", "SECONDS", "FILES", "READ", "MESSAGE"]
    assert [line.split()[2] for line in said[1:]] == ["Success", "Failed", "Success"]
    answer = operator("history", "--limit", 2, "--json").json["backups"]
    assert [one["snapshot"] for one in answer] == ["20261126T010000Z", None]


def _log(cloud: Cloud, *messages: str) -> None:
    client, stream = boto3.client("logs", region_name=REGION), "2026/11/22/[$LATEST]"
    at = int(cloud.now().timestamp() * 1000)
    if not client.describe_log_streams(logGroupName=LOG)["logStreams"]:
        client.create_log_stream(logGroupName=LOG, logStreamName=stream)
    client.put_log_events(
        logGroupName=LOG, logStreamName=stream,
        logEvents=[{"timestamp": at + number, "message": text} for number, text in enumerate(messages)],
    )  # fmt: skip


def _line(backup: BackupRecord, text: str) -> str:
    return json.dumps({"level": "INFO", "message": text, "backup_id": backup.backup_id})


def test_logs_are_those_of_one_backup(cloud: Cloud, operator: Operator) -> None:
    """The orchestrator's by its id, the agent's from the bucket."""
    assert operator("logs", code=5)
    backup = cloud.schedule_fires()
    _log(cloud, _line(backup, "start: no backup"), '{"message": "of another"}', f"no JSON about {backup.backup_id}")
    ended = operator("logs")
    assert [line.split("  ", 1)[1] for line in ended.stdout.splitlines()] == [
        "orchestrator  INFO     start: no backup", f"orchestrator           no JSON about {backup.backup_id}"
    ]  # fmt: skip
    assert "No instance serves it yet" in ended.stderr
    instance = cloud.agent_claims(backup.backup_id)
    said = operator("logs").stderr
    assert f"The agent's log is /var/log/efs-backup-agent.log on {instance}" in said
    assert "come to s3://efs-backup-logs/" in said.replace(cloud.environment["LOG_BUCKET"], "efs-backup-logs")
    assert f"aws ssm start-session --target {instance} --document-name AWS-StartInteractiveCommand" in said
    boto3.client("s3").create_bucket(Bucket="efs-backup-logs")
    boto3.client("s3").put_object(Bucket="efs-backup-logs", Key="a.log", Body=b"one\ntwo \x1b[31m")
    cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS, logs="s3://efs-backup-logs/a.log")
    assert operator("logs", "--backup", backup.backup_id).stdout.splitlines()[-2:] == ["one", "two \\x1b[31m"]


def test_logs_are_followed_until_the_end(cloud: Cloud, operator: Operator) -> None:
    """Each line once."""
    backup = cloud.schedule_fires()
    _log(cloud, _line(backup, "first"))

    def more() -> None:
        _log(cloud, _line(backup, "second"))
        cloud.agent_claims(backup.backup_id)

    operator.steps = [more, lambda: cloud.agent_reports(backup.backup_id, BackupStatus.SUCCESS)]
    said = operator("logs", "-f").stdout.splitlines()
    assert [line.split()[-1] for line in said] == ["first", "second"]


def test_a_request_waits_for_the_next_backup_and_says_when_that_is(cloud: Cloud, operator: Operator) -> None:
    """With who asks; the status shows it until it is carried out."""
    _night(cloud, 24)
    cloud.time = "2026-11-24T12:00:00Z"
    answer = operator("hold", "--reason", "look at it first", "--json").json
    assert answer["next_start"] == "2026-11-25T01:00:00Z"
    assert answer["by"].startswith("user/")
    said = operator("release", "--reason", "it was meant").stdout
    assert "by the next backup: 2026-11-25 01:00:00 UTC (in 13 h)" in said
    operator("pin", "20261124T010000Z", "--reason", "the audit", "--until", "2027-01-31")
    waiting = operator("status", "--json").json["asked"]
    assert [(one["action"], one["snapshot"], one["reason"]) for one in waiting] == [
        ("hold", None, "look at it first"), ("release", None, "it was meant"),
        ("pin", "20261124T010000Z", "the audit"),
    ]  # fmt: skip
    assert "waits     pin of 20261124T010000Z, asked for by user/" in operator("status").stdout
    assert operator("hold", "--reason", " ", code=2)


def test_a_request_beside_a_running_backup_says_that_it_comes_too_late_for_it(cloud: Cloud, operator: Operator) -> None:
    """That one has looked already, or is about to: nobody knows."""
    cloud.schedule_fires()
    assert "does not carry this out" in operator("hold", "--reason", "because").stderr


@pytest.mark.long
def test_a_snapshot_is_named_by_words_that_records_understand(cloud: Cloud, operator: Operator) -> None:
    """Latest, and a time; a number is none of a record, and a name is taken as it is."""
    for day in (24, 25):
        _night(cloud, day)
    cloud.time = "2026-11-25T12:00:00Z"
    for words, meant in (
        ("latest", "20261125T010000Z"), ("yesterday", "20261124T010000Z"), ("20200101T000000Z", "20200101T000000Z"),
    ):  # fmt: skip
        assert operator("pin", words, "--reason", "why", "--json").json["snapshot"] == meant
    assert "'yesterday' is read as" in operator("unpin", "yesterday", "--reason", "why").stderr
    assert operator("note", "latest", "", "--json").json["reason"] == ""
    assert operator("pin", "daily.1", "--reason", "why", code=2)
    assert operator("pin", "2026-11-01", "--reason", "why", code=5)
    assert "has passed already" in operator("pin", "latest", "--reason", "why", "--until", "2026-11-01", code=2).stderr


@pytest.mark.long
def test_a_rate_is_counted_from_the_last_start(cloud: Cloud, operator: Operator) -> None:
    """Nobody tells when its schedule was made."""
    _night(cloud, 24)
    cloud.time = "2026-11-24T12:00:00Z"
    boto3.client("cloudformation", region_name=REGION).update_stack(
        StackName="efs-backup", UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "BackupSchedule", "ParameterValue": "rate(12 hours)"}, *_others()],
    )  # fmt: skip
    assert operator("status", "--json").json["next_start"] == "2026-11-24T13:00:00Z"


def _others() -> list[Any]:
    names = (
        "ScheduleTimeZone", "BackupWindow", "FolderLabel", "IntervalTag", "Retain", "RetentionRules", "BackupPrefix",
        "DrillSchedule",
    )  # fmt: skip
    return [{"ParameterKey": name, "UsePreviousValue": True} for name in names]
