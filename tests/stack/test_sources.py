"""The file systems of a stack: listed with their next starts, added with what they still need, and removed."""

from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.sources.table import SourceTable
from efs_backup.lib.source_table import SourceRows
from tests.stack.described import Ask, describe, outputs_of
from tests.support.cloud import TABLE, Cloud
from tests.support.rows import add_row, look, records, rows_of

GROUP = "sg-0123456789abcdef0"


@pytest.fixture
def stack(cloud: Cloud) -> str:
    """A stack that may have further file systems."""
    outputs = {**outputs_of(cloud), "SecurityGroup": GROUP}
    given = {"FurtherSources": "Yes", "SrcEFS": cloud.environment["SOURCE_FILE_SYSTEM"], "BackupPrefix": "/",
             "FolderLabel": "efs-backup", "IntervalTag": "daily", "Retain": "7",
             "BackupSchedule": "cron(0 2 * * ? *)", "ScheduleTimeZone": "Europe/Berlin"}  # fmt: skip
    describe("many", outputs, **given)
    return "many"


@pytest.fixture
def source(cloud: Cloud) -> str:
    """A file system with a mount target, whose group accepts nobody."""
    made = str(boto3.client("efs").create_file_system(CreationToken="web")["FileSystemId"])
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    boto3.client("efs").create_mount_target(FileSystemId=made, SubnetId=subnet, SecurityGroups=[_group()])
    return made


def _group() -> str:
    vpc = boto3.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = boto3.client("ec2").create_security_group(GroupName="web", Description="Of a mount target", VpcId=vpc)
    return str(made["GroupId"])


def test_a_file_system_is_added_with_the_commands_that_let_it_be_mounted(ask: Ask, stack: str, source: str) -> None:
    """A tag, and a rule for the group of its mount targets; when all is there, nothing is to do."""
    answer = ask("add", stack, "--source", source, "--label", "web", "--rules", "daily=30", "--json").json
    tag, rule = answer["commands"]
    assert tag == f"aws efs tag-resource --resource-id {source} --tags Key=efs-backup:policy,Value=by-hand"
    assert rule.endswith(f"--protocol tcp --port 2049 --source-group {GROUP}")
    assert (answer["row"]["label"], answer["row"]["rules"], answer["row"]["active"]) == ("web", "daily=30", True)
    assert answer["row"]["next_start"].endswith("T02:00:00Z")
    _obey(source, rule.split("--group-id ")[1].split()[0])
    assert ask("remove", stack, "--label", "web").stdout == "web/daily is removed. Its snapshots stay.\n"
    again = ask("add", stack, "--source", source, "--label", "web").stdout
    assert "web/daily of" in again
    assert "mount" not in again


def test_mount_targets_in_another_vpc_are_told_with_what_helps(cloud: Cloud, ask: Ask, source: str) -> None:
    """No rule of a security group would bring the instance there."""
    describe("away", {**outputs_of(cloud), "SecurityGroup": GROUP}, FurtherSources="Yes", VpcId="vpc-far")
    (_, told, _) = ask("add", "away", "--source", source, "--label", "web", "--json").json["commands"]
    there = boto3.client("efs").describe_mount_targets(FileSystemId=source)["MountTargets"][0]["VpcId"]
    assert told.startswith(f"# Its mount targets lie in {there}, and the instances in vpc-far;")
    assert f"or back it up by a stack in {there}." in told


def test_changing_one_thing_leaves_the_rest_of_a_policy_and_its_rows(ask: Ask, stack: str, source: str) -> None:
    """A longer window must not bring default rules, which would drop snapshots."""
    ask("add", stack, "--policy", "p", "--schedule", "cron(30 1 * * ? *)", "--rules", "daily=90", "--time-zone",
        "Europe/Berlin", "--interval", "weekly")  # fmt: skip
    ask("add", stack, "--source", source, "--label", "web", "--policy", "p")
    policy = ask("add", stack, "--policy", "p", "--window", "5h", "--json").json["policy"]
    known = {"schedule": "cron(30 1 * * ? *)", "rules": "daily=90", "time_zone": "Europe/Berlin", "interval": "weekly"}
    assert policy == {**policy, **known, "window_minutes": 300}
    row = ask("list", stack, "--json").json["rows"][1]
    assert row == {**row, **known, "window_minutes": 300}
    assert "goes by the policy p" in ask("add", stack, "--label", "web", "--window", "2h", code=2).stderr


def test_changing_one_thing_of_a_row_of_its_own_leaves_the_rest(ask: Ask, stack: str, source: str) -> None:
    """By its label, without the file system; what is not said, or is the first row's, changes nothing."""
    ask("add", stack, "--source", source, "--label", "web", "--prefix", "/a", "--rules", "daily=90")
    before = rows_of().read().row("web", None)
    said = ask("add", stack, "--label", "web", "--window", "90m").stdout
    assert "window 90 minutes, keeps daily=90" in said
    after = rows_of().read().row("web", None)
    assert after == replace(before, policy=replace(before.policy, window_minutes=90))
    ask("add", stack, "--label", "web", "--exclude", "*.tmp", "--exclude", "/cache/")
    told = ask("add", stack, "--label", "web", "--schedule", "cron(0 4 * * ? *)", "--json").json["row"]
    assert (told["excludes"], told["window_minutes"], told["rules"]) == (["*.tmp", "/cache/"], 90, "daily=90")
    assert ask("add", stack, "--label", "web", "--no-exclude", "--json").json["row"]["excludes"] == []
    after = rows_of().read().row("web", None)
    assert "Nothing is said" in ask("add", stack, "--label", "web", code=2).stderr
    assert "A window of 10" in ask("add", stack, "--label", "web", "--window", "10m", code=2).stderr
    assert (
        "that of the stack's parameters" in ask("add", stack, "--label", "efs-backup", "--window", "2h", code=2).stderr
    )
    assert "no row plugh" in ask("add", stack, "--label", "plugh", "--window", "2h", code=5).stderr
    assert rows_of().read().row("web", None) == after


@pytest.mark.long
def test_of_two_that_add_at_once_the_second_tries_again(
    cloud: Cloud, ask: Ask, stack: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both rows are there in the end; a table in which others never rest is told."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    write, others = SourceRows.write, ["first", "second"]

    def late(rows: SourceRows, table: SourceTable) -> None:
        if others:
            with monkeypatch.context() as undisturbed:
                undisturbed.setattr(SourceRows, "write", write)
                add_row(cloud, others.pop())
        write(rows, table)

    monkeypatch.setattr(SourceRows, "write", late)
    ask("add", stack, "--source", source, "--label", "web")
    assert [str(row.label) for row in rows_of().read().rows] == ["first", "second", "web"]
    others.extend(f"other{number}" for number in range(20))
    assert "Somebody else has just changed the sources" in ask("remove", stack, "--label", "web", code=1).stderr


def test_a_change_whose_answer_was_lost_is_told_as_made(
    ask: Ask, stack: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sends it again, and finds a table that somebody has changed: who asked has."""
    write = SourceRows.write

    def twice(rows: SourceRows, table: SourceTable) -> None:
        write(rows, table)
        write(rows, table)

    monkeypatch.setattr(SourceRows, "write", twice)
    ask("add", stack, "--policy", "p", "--rules", "daily=9")
    assert "web/daily of" in ask("add", stack, "--source", source, "--label", "web", "--exclude", "*.tmp").stdout
    assert ask("remove", stack, "--label", "web").stdout == "web/daily is removed. Its snapshots stay.\n"
    assert rows_of().read().version == 3


@pytest.mark.parametrize(
    "words",
    [
        ("start",), ("stop",), ("hold", "--reason", "x"), ("pin", "latest", "--reason", "x"), ("history",),
        ("remove",), ("add", "--window", "2h"),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_hostile_label_is_an_unknown_one(ask: Ask, stack: str, words: tuple[str, ...]) -> None:
    """The text does nothing to the terminal, and nothing is asked for."""
    command, *rest = words
    at = [rest.pop(0)] if command == "pin" else []
    said = ask(command, *at, stack, *rest, "--label", "../\x1b]0;owned\x07\u202e", code=5).stderr
    assert "owned" in said
    assert not [letter for letter in said if not letter.isprintable() and letter != "\n"]
    assert "Traceback" not in said


def _obey(source: str, group: str) -> None:
    boto3.client("efs").tag_resource(ResourceId=source, Tags=[{"Key": "efs-backup:policy", "Value": "by-hand"}])
    permission = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    boto3.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def test_what_is_listed_begins_with_the_first_row(cloud: Cloud, ask: Ask, stack: str, source: str) -> None:
    """Each with its next start, its last backup, and whether it waits; policies come below."""
    ask(
        "add", stack, "--policy", "nightly", "--schedule", "cron(30 1 * * ? *)", "--rules", "daily=14", "--window", "2h"
    )
    ask("add", stack, "--source", source, "--label", "web", "--policy", "nightly")
    cloud.schedule_fires()
    first, web = ask("list", stack, "--json").json["rows"]
    assert (first["label"], first["last_status"], first["time_zone"]) == ("efs-backup", "Running", "Europe/Berlin")
    assert (web["policy"], web["window_minutes"], web["last_status"]) == ("nightly", 120, None)
    told = ask("list", stack).stdout
    assert "efs-backup/daily" in told
    assert "nightly" in told.split("\n\n")[1]


_REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--source", "fs-1", "--label", "x"), "There is no file system fs-1"),
    (("--source", "SOURCE"), "needs a label"),
    (("--source", "SOURCE", "--label", "efs-backup"), "There is a row efs-backup/daily already"),
    (("--source", "SOURCE", "--label", "efs-backup", "--interval", "hourly"), "a label has the snapshots of one"),
    (("--source", "FIRST", "--label", "other"), "is backed up daily already, by the row efs-backup/daily"),
    (("--source", "BACKUP", "--label", "other"), "it cannot be a source"),
    (("--source", "SOURCE", "--label", "x", "--schedule", "every day"), "is no schedule of EventBridge"),
    (("--source", "SOURCE", "--label", "x", "--schedule", "cron(0 2 * * * *)"), "is no schedule of EventBridge"),
    (("--source", "SOURCE", "--label", "x", "--time-zone", "Middle/Earth"), "no time zone 'Middle/Earth'"),
    (("--source", "SOURCE", "--label", "x", "--window", "10m"), "A window of 10 minutes"),
    (("--source", "SOURCE", "--label", "x", "--rules", "always"), "cannot be read"),
    (("--source", "SOURCE", "--label", "x", "--prefix", "home"), "is no directory"),
    (("--source", "SOURCE", "--label", "x", "--policy", "plugh"), "There is no policy 'plugh'"),
    (("--source", "SOURCE", "--label", "x", "--policy", "p", "--rules", "last=1"), "cannot be said"),
    (("--source", "SOURCE", "--label", "x", "--exclude", "!a"), "begins with '!'"),
    (("--source", "SOURCE", "--label", "x", "--exclude", "a\nb"), "holds what nobody sees"),
    (("--source", "SOURCE", "--label", "x", "--exclude", "a" * 4097), "4,096 letters in all"),
    (("--source", "SOURCE", "--label", "x", "--exclude", "a", "--no-exclude"), "only one of"),
    (("--policy", "p", "--exclude", "a"), "Excludes are of a file system"),
    ((), "Nothing is named"),
    (("--policy", "by-hand"), "no name of a policy"),
]


@pytest.mark.long
def test_what_can_never_work_is_refused(cloud: Cloud, ask: Ask, stack: str, source: str) -> None:
    """And nothing is stored."""
    known = {"SOURCE": source, "FIRST": cloud.environment["SOURCE_FILE_SYSTEM"],
             "BACKUP": cloud.environment["BACKUP_FILE_SYSTEM"]}  # fmt: skip
    codes = {"There is no file": 1, "There is no policy": 5}
    for arguments, said in _REFUSED:
        code = codes.get(said[: said.find(" ", 12)], 2)
        assert said in ask("add", stack, *(known.get(each, each) for each in arguments), code=code).stderr
    assert rows_of().read().version == 0


def test_a_stack_without_further_sources_says_how_it_gets_them(ask: Ask, cloud: Cloud, source: str) -> None:
    """By an update: the instance must be allowed to mount them."""
    describe("single", {**outputs_of(cloud), "SecurityGroup": GROUP})
    said = ask("add", "single", "--source", source, "--label", "web", code=2).stderr
    assert "FurtherSources=Yes" in said


def test_only_what_would_stay_away_is_removed(cloud: Cloud, ask: Ask, stack: str, source: str) -> None:
    """Not the first row, nor one whose tag would bring it back, nor a policy that rows go by."""
    assert "that of the stack's parameters" in ask("remove", stack, "--label", "efs-backup", code=2).stderr
    assert "There is no row plugh" in ask("remove", stack, "--label", "plugh", code=5).stderr
    add_row(cloud, "data", is_discovered=True)
    assert "untag-resource" in ask("remove", stack, "--label", "data", code=2).stderr
    ask("add", stack, "--policy", "nightly")
    ask("add", stack, "--source", source, "--label", "web", "--policy", "nightly")
    assert "Rows go by the policy nightly: web/daily" in ask("remove", stack, "--policy", "nightly", code=2).stderr
    ask("remove", stack, "--label", "web")
    assert ask("remove", stack, "--policy", "nightly", "--json").json["removed"] == "nightly"
    assert (look(cloud)["action"], records(cloud)) == ("ignore", {})


@pytest.mark.parametrize(
    "given", [("--policy", "p", "--label", "web"), ("--policy", "p", "--prefix", "/home"),
              ("--policy", "p", "--window", "nan"), ("--policy", "p", "--window", "inf"),
              ("--policy", "p", "--schedule", "rate(999999 days)")],
)  # fmt: skip
def test_half_an_order_is_none(ask: Ask, stack: str, given: tuple[str, ...]) -> None:
    """An option that would be left out without a word is refused."""
    ask("add", stack, *given, code=2)
    assert rows_of().read().policies == ()


def test_what_cannot_be_read_is_listed_beside_what_can(cloud: Cloud, ask: Ask, stack: str) -> None:
    """And one start that waits and is torn holds up no other."""
    add_row(cloud, "web")
    boto3.client("dynamodb").update_item(
        TableName=TABLE, Key={"BackupId": {"S": "sources"}}, UpdateExpression="SET #rows.#row = :torn",
        ExpressionAttributeNames={"#rows": "Rows", "#row": "torn/daily"},
        ExpressionAttributeValues={":torn": {"M": {}}},
    )  # fmt: skip
    boto3.client("dynamodb").put_item(
        TableName=TABLE, Item={"BackupId": {"S": "waiting"}, "torn/daily": {"S": "nothing"}}
    )
    listed = ask("list", stack)
    assert "web/daily" in listed.stdout
    assert "torn/daily" in listed.stderr
    assert rows_of().waiting() == []
