"""The file systems of a stack: listed with their next starts, added with what they still need, and removed."""

import boto3
import pytest

from tests.cloud import TABLE, Cloud
from tests.scenarios.rows import add_row, look, records, rows_of
from tests.stack.conftest import Ask, describe, outputs_of

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
